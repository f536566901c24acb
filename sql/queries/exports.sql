-- name: page
-- See the function: which tables and columns there are is said in one list, which a test holds against the catalog.
select key, body from export_page($1, $2, $3, $4, $5)

-- name: private_items
-- The items that the tenant's private sources brought, each once: at the first of its sightings there.
select s.item_id, to_jsonb(i)::text as body
from sightings s
  cross join lateral (select id, story_id, url, title, summary, author, language, published_at, first_seen_at, sample from items where id = s.item_id) i
where s.tenant_id = $1 and s.item_id > coalesce($2::uuid, '00000000-0000-0000-0000-000000000000')
  and not exists (select from sightings t where t.tenant_id = $1 and t.item_id = s.item_id and t.id < s.id)
order by s.item_id limit $3

-- name: people
-- By name and role, as pages show them.
select jsonb_build_object('user_id', m.user_id, 'name', person_of(m.user_id), 'role', m.role, 'since', m.created_at)::text as body
from members m where m.tenant_id = $1 order by m.user_id

-- name: itself
select to_jsonb(t)::text as body from (
  select id, slug, name, desks, sample, zone, replace_sources, paused_at, pause_reason, created_at from tenants where id = $1) t

-- name: picture_ids
select id, mime from images where tenant_id = $1 and ($2::uuid is null or id > $2) order by id limit $3

-- name: picture
select bytes from images where tenant_id = $1 and id = $2
