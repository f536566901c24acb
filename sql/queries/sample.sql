-- name: add_source
-- Public and marked: whoever subscribes sees that it is made up.
insert into sources (id, kind, url, title, publisher, sample, interval_s) values ($1, 'sample', $2, $3, $4, true, $5)
on conflict (kind, url, md5(config::text)) where tenant_id is null do nothing
returning id

-- name: source
select id from sources where tenant_id is null and kind = 'sample' and url = $1

-- name: subscribe
insert into subscriptions (tenant_id, id, source_id, trust) values ($1, $2, $3, $4)
on conflict (tenant_id, source_id) do nothing

-- name: add_channel
insert into channels (tenant_id, id, kind, name, base_url, canonical) values ($1, $2, 'site', 'site', $3, true)
on conflict (tenant_id, name) do nothing
