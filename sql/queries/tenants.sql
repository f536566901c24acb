-- name: by_id
select id, slug, name, sample, created_at from tenants where id = $1

-- name: profile
select body from profiles where tenant_id = $1

-- name: set_profile
insert into profiles (tenant_id, body) values ($1, $2)
on conflict (tenant_id) do update set body = excluded.body, changed_at = cid_now()

-- name: add
insert into tenants (id, slug, name, sample) values ($1, $2, $3, $4)
on conflict (slug) do nothing returning id

-- name: by_slug
-- Platform only: a tenant's own transaction sees no other.
select id, slug, name, sample, created_at from tenants where slug = $1

-- name: listed
-- Newsrooms: the platform's own account is none.
select id, slug, name, sample, created_at from tenants where not reserved order by slug

-- name: zone
-- What an hour means that its people type.
select zone from tenants where id = $1

-- name: desks
select desks from tenants where id = $1

-- name: set_desks
-- Platform only.
update tenants set desks = $2 where id = $1
