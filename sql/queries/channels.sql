-- name: add
insert into channels (tenant_id, id, kind, name, base_url, canonical) values ($1, $2, $3, $4, $5, $6)
on conflict (tenant_id, name) do nothing
returning id

-- name: active
-- The canonical one first: it is published first, and previews show its version of the text.
select c.tenant_id, c.id, c.kind, c.name, c.base_url, c.canonical, c.active, t.slug as tenant_slug, c.config, c.sealed,
  coalesce(nullif(c.disclosure, ''), t.disclosure) as disclosure, t.responsible
from channels c join tenants t on t.id = c.tenant_id
where c.tenant_id = $1 and c.active order by c.canonical desc, c.name
