-- name: facts
-- What may hold a new piece back: the channel's numbers, a person's word, the tenant's switch.
select c.per_week, c.apart, c.own_per_week, p.hurried_by is not null as hurried, t.stopped_at is not null as stopped, cid_now() as now
from publications p
  join channels c on c.tenant_id = p.tenant_id and c.id = p.channel_id
  join tenants t on t.id = p.tenant_id
where p.tenant_id = $1 and p.id = $2

-- name: taken
-- The moments of the domain's pieces, whoever's: moments are all that one tenant learns of another.
select t.at from places_taken($1, cid_now() - interval '7 days') t

-- name: hurry
-- A person's word lets one piece go; it still takes its place.
update publications set hurried_by = $3, hurried_why = $4, changed_at = cid_now()
where tenant_id = $1 and id = $2 and state = 'planned' and hurried_by is null
returning id

-- name: stop
update tenants set stopped_at = cid_now(), stopped_by = $2, stop_reason = $3 where id = $1 and stopped_at is null returning id

-- name: resume
update tenants set stopped_at = null, stopped_by = null, stop_reason = '' where id = $1 and stopped_at is not null returning id

-- name: stopped
-- The switch of one tenant; no row while it publishes.
select stopped_at, stop_reason from tenants where id = $1 and stopped_at is not null

-- name: waiting
-- What goes out once the switch is back: new pieces, and newer versions of what is out, those that had begun included. What is not due
-- yet sleeps again.
select id from publications where tenant_id = $1 and (state in ('planned', 'updating') or state = 'live' and next_decision_id is not null)
order by id

-- name: since
-- What went out since a moment and is still there, or may be.
select p.id, p.draft_id, p.state, p.url, p.live_at, c.name as channel, a.article::jsonb ->> 'title' as title
from publications p
  join channels c on c.tenant_id = p.tenant_id and c.id = p.channel_id
  join versions a on a.tenant_id = p.tenant_id and a.id = p.version_id
where p.tenant_id = $1 and p.state in ('live', 'updating', 'unknown') and p.sent_at >= $2
order by p.id limit $3

-- name: volumes
-- By which numbers each channel's domain is governed. One without a domain is not.
select id, domain, per_week, apart, own_per_week from channels where tenant_id = $1 and domain <> ''
