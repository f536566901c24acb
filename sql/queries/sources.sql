-- name: by_id
-- The platform's view: a poll works for everybody.
select id, tenant_id, kind, url, title, publisher, sample, state, outcome, outcome_detail, etag, last_modified, body_sha, failures,
  interval_s, polled_at, next_poll_at, created_at, config, cursor, site, cause, same_sha
from sources where id = $1

-- name: standing
-- Whether the source is to be polled at all, and not before when.
select state, quarantined_until, exists (select from subscriptions s where s.source_id = sources.id and s.active) as wanted
from sources where id = $1

-- name: lock
-- Polls of one source happen one after the other: two that overlap would each see an item as new.
select failures, state from sources where id = $1 for update

-- name: record
-- What the last poll came to. Names are kept where the feed says nothing; a source that answers again leaves its quarantine.
update sources set
  outcome = $2, outcome_detail = $3,
  title = coalesce(nullif($4, ''), title), publisher = coalesce(nullif($5, ''), publisher),
  etag = case when $6 then $7 else etag end,
  last_modified = case when $6 then $8 else last_modified end,
  body_sha = case when $6 then $9 else body_sha end,
  same_sha = case when $6 then $13 else same_sha end, cause = $14, site = coalesce(nullif($15, ''), site),
  cursor = coalesce($16, cursor),
  failures = $10, polled_at = cid_now(), next_poll_at = $11,
  last_new_at = case when $12 then cid_now() else last_new_at end,
  state = case when state = 'quarantined' and $10 = 0 then 'active' else state end,
  quarantined_until = case when state = 'quarantined' and $10 = 0 then null else quarantined_until end
where id = $1

-- name: postpone
update sources set next_poll_at = $2 where id = $1

-- name: find
-- The same feed is polled once for all: private ones are looked for among the tenant's own only.
select id, state from sources where kind = $1 and url = $2 and tenant_id is not distinct from $3 and config = $4

-- name: add
insert into sources (id, tenant_id, kind, url, title, publisher, sample, interval_s, config, next_poll_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, cid_now())
on conflict do nothing returning id

-- name: revive
-- Somebody wants a retired source again.
update sources set state = 'active' where id = $1 and state = 'retired'

-- name: subscribe
-- Adding a source twice changes neither trust nor role: these have commands of their own. No row comes back then.
insert into subscriptions (tenant_id, id, source_id, trust, role) values ($1, $2, $3, $4, $5)
on conflict (tenant_id, source_id) do update set active = true where not subscriptions.active
returning id

-- name: set_active
update subscriptions set active = $3 where tenant_id = $1 and source_id = $2 and active <> $3 returning source_id

-- name: set_trust
update subscriptions set trust = $3 where tenant_id = $1 and source_id = $2 returning source_id

-- name: subscribed
select o.id, o.kind, o.url, o.title, o.publisher, o.state, o.outcome, o.outcome_detail, o.failures, o.polled_at, o.next_poll_at,
  o.last_new_at, o.sample, o.tenant_id is not null as private, s.trust::float8 as trust, s.role, s.active
from subscriptions s join sources o on o.id = s.source_id
where s.tenant_id = $1
order by lower(coalesce(nullif(o.title, ''), o.url)), o.id

-- name: one_subscribed
select o.id, o.kind, o.url, o.title, o.publisher, o.state, o.outcome, o.outcome_detail, o.failures, o.polled_at, o.next_poll_at,
  o.last_new_at, o.sample, o.tenant_id is not null as private, s.trust::float8 as trust, s.role, s.active
from subscriptions s join sources o on o.id = s.source_id
where s.tenant_id = $1 and o.id = $2

-- name: log
-- Who changed what people subscribe to.
insert into audit (id, tenant_id, user_id, action, target, detail) values ($1, $2, $3, $4, $5, $6)

-- name: wanted_of
-- How many sources of these kinds somebody subscribes to: for whoever looks why they bring nothing.
select o.kind, count(*) from sources o
where o.kind = any($1::text[]) and o.state <> 'retired'
  and exists (select from subscriptions s where s.source_id = o.id and s.active)
group by o.kind order by o.kind
