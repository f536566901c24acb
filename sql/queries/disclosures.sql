-- name: terms
select disclosure, responsible, review_seconds, link_hours from tenants where id = $1

-- name: set_terms
update tenants set disclosure = $2, responsible = $3, review_seconds = $4, link_hours = $5 where id = $1

-- name: channels
select id, name, disclosure as own from channels where tenant_id = $1 and active order by canonical desc, name

-- name: set_channel
-- No row comes back when nothing changed: what changed is audited.
update channels set disclosure = $3 where tenant_id = $1 and id = $2 and active and disclosure <> $3 returning id
