-- name: public_source
-- Polled once, whoever subscribes. Answers the one that is there, too.
insert into sources (id, kind, url) values ($1, $2, $3)
on conflict (kind, url) where tenant_id is null do update set url = excluded.url
returning id

-- name: subscribe
-- No row comes back where the tenant subscribes already.
insert into subscriptions (tenant_id, id, source_id, trust, role) values ($1, $2, $3, $4::float8::numeric(3, 2), $5)
on conflict (tenant_id, source_id) do nothing returning id

-- name: set_active
update subscriptions set active = $3 where tenant_id = $1 and id = $2 returning source_id

-- name: set_trust
update subscriptions set trust = $3::float8::numeric(3, 2) where tenant_id = $1 and id = $2 returning source_id
