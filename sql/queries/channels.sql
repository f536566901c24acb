-- name: add
insert into channels (tenant_id, id, kind, name, base_url, canonical, config, domain) values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (tenant_id, name) do nothing
returning id

-- name: active
-- The canonical one first: it is published first, and previews show its version of the text.
select c.tenant_id, c.id, c.kind, c.name, c.base_url, c.canonical, c.active, t.slug as tenant_slug, c.config, c.sealed,
  coalesce(nullif(c.disclosure, ''), t.disclosure) as disclosure, t.responsible
from channels c join tenants t on t.id = c.tenant_id
where c.tenant_id = $1 and c.active order by c.canonical desc, c.name

-- name: kept
-- All, as their page shows them: that there is a secret, never the secret.
select c.id, c.kind, c.name, c.base_url, c.config, c.canonical, c.active, c.sealed <> '' as has_secret, c.sealed_at, c.sealed_end, c.domain,
  c.per_week, c.own_per_week, c.apart, c.checked_at, c.checked
from channels c where c.tenant_id = $1 order by c.active desc, c.canonical desc, c.name, c.id

-- name: kept_one
select c.id, c.kind, c.name, c.base_url, c.config, c.canonical, c.active, c.sealed <> '' as has_secret, c.sealed_at, c.sealed_end, c.domain,
  c.per_week, c.own_per_week, c.apart, c.checked_at, c.checked
from channels c where c.tenant_id = $1 and c.id = $2
for update

-- name: one
-- With its secret, sealed: for a look at the other side.
select c.tenant_id, c.id, c.kind, c.name, c.base_url, c.canonical, c.active, t.slug as tenant_slug, c.config, c.sealed,
  coalesce(nullif(c.disclosure, ''), t.disclosure) as disclosure, t.responsible
from channels c join tenants t on t.id = c.tenant_id
where c.tenant_id = $1 and c.id = $2

-- name: edit
-- What a check found is about what was there before.
update channels set name = $3, base_url = $4, config = $5, domain = $6, checked_at = null, checked = '{}'
where tenant_id = $1 and id = $2

-- name: named
select exists (select from channels where tenant_id = $1 and name = $2 and id <> $3)

-- name: seal
update channels set sealed = $3, sealed_end = $4, domain = $5, sealed_at = case when $3 = '' then null else cid_now() end,
  checked_at = null, checked = '{}'
where tenant_id = $1 and id = $2

-- name: activate
update channels set active = $3, canonical = canonical and $3 where tenant_id = $1 and id = $2

-- name: no_canonical
update channels set canonical = false where tenant_id = $1 and canonical

-- name: make_canonical
update channels set canonical = true where tenant_id = $1 and id = $2 and active returning id

-- name: pace
update channels set per_week = $3, own_per_week = $4, apart = $5 where tenant_id = $1 and id = $2

-- name: checked
-- Of what it was asked with: whoever changed the channel meanwhile finds it unchecked.
update channels set checked_at = cid_now(), checked = $3
where tenant_id = $1 and id = $2 and base_url = $4 and sealed = $5 and config = $6
returning id
