-- name: by_ids
-- The platform's view: a poll works for everybody.
select id, tenant_id, kind, url, title, publisher, sample, state, outcome, outcome_detail, etag, last_modified, body_sha, failures,
  interval_s, polled_at, next_poll_at, created_at, config, cursor, site, cause, same_sha,
  memory, by_title
from sources where id = any($1::uuid[])

-- name: standings
-- Whether sources are to be polled at all, not before when, and how often. The shortest interval that a subscriber set holds.
-- A private one rests while its tenant does; once that goes on it has no job, and is found among the forgotten.
select o.id, o.state, o.quarantined_until, exists (select from subscriptions s where s.source_id = o.id and s.active)
    and not exists (select from pauses p where p.kind = '*' and p.tenant_id = o.tenant_id) as wanted,
  (select min(s.interval_s) from subscriptions s where s.source_id = o.id and s.active) as fixed_s,
  o.gap_s::float8 as gap_s, o.hints, o.last_new_at, o.moved_to, o.moved_since, o.moved_polls, o.moved_announced, o.gone_since, o.whole_at, o.validators_lie
from sources o where o.id = any($1::uuid[])

-- name: lock
-- Polls of one source happen one after the other: two that overlap would each see an item as new. In one order for everybody.
select id, failures, strikes, state, quarantines, quarantined_until, quarantined_since from sources
where id = any($1::uuid[]) order by id for update

-- name: record
-- What polls came to, any number of them at once. Names are kept where the feed says nothing; validators move only with an answer
-- that was understood; a source that answers again leaves its quarantine.
update sources set
  outcome = n.outcome, outcome_detail = n.outcome_detail, cause = n.cause,
  title = coalesce(nullif(n.title, ''), sources.title), publisher = coalesce(nullif(n.publisher, ''), sources.publisher),
  site = coalesce(nullif(n.site, ''), sources.site), cursor = coalesce(n.cursor, sources.cursor),
  etag = case when n.healthy then n.etag else sources.etag end,
  last_modified = case when n.healthy then n.last_modified else sources.last_modified end,
  body_sha = case when n.healthy then n.body_sha else sources.body_sha end,
  same_sha = case when n.healthy then n.same_sha else sources.same_sha end,
  whole_at = case when n.whole then cid_now() else sources.whole_at end,
  validators_lie = sources.validators_lie or n.lied,
  failures = n.failures, strikes = n.strikes, polled_at = cid_now(), next_poll_at = n.next_poll_at,
  last_new_at = case when n.found then cid_now() else sources.last_new_at end,
  interval_s = n.interval_s, interval_why = n.interval_why, gap_s = n.gap_s, hints = n.hints,
  moved_to = n.moved_to, moved_since = n.moved_since, moved_polls = n.moved_polls, moved_announced = n.moved_announced, gone_since = n.gone_since,
  state = case when sources.state = 'quarantined' and n.failures = 0 then 'active' else sources.state end,
  quarantined_until = case when sources.state = 'quarantined' and n.failures = 0 then null else sources.quarantined_until end
from jsonb_to_recordset($1::jsonb) as n (
  id uuid, outcome text, outcome_detail text, cause text, title text, publisher text, site text, cursor text, healthy boolean,
  etag text, last_modified text, body_sha bytea, same_sha bytea, whole boolean, lied boolean, failures integer, strikes integer,
  next_poll_at timestamptz, found boolean, interval_s integer, interval_why text, gap_s real, hints jsonb, moved_to text,
  moved_since timestamptz, moved_polls integer, moved_announced boolean, gone_since timestamptz)
where sources.id = n.id

-- name: remember
-- What the next polls know these ones' entries by. The second poll in a row at which every identity changed and the titles stayed
-- proves that the identities mean nothing.
update sources set
  memory = n.memory, volatile_polls = case when n.volatile then volatile_polls + 1 else 0 end,
  by_title = by_title or (n.volatile and volatile_polls >= 1)
from unnest($1::uuid[], $2::bytea[], $3::bool[]) as n (id, memory, volatile)
where sources.id = n.id

-- name: postpone
update sources set next_poll_at = n.at from unnest($1::uuid[], $2::timestamptz[]) as n (id, at) where sources.id = n.id

-- name: settle
-- Its proved new address. Asked there without conditions at first: validators were the old server's.
update sources set former_url = url, url = $2, moved_to = '', moved_since = null, moved_polls = 0, moved_announced = false, etag = '', last_modified = ''
where id = $1

-- name: retire
-- For good, unless somebody subscribes to it again.
update sources set state = 'retired', quarantined_until = null, quarantined_since = null, moved_to = '', moved_since = null, moved_polls = 0, moved_announced = false
where id = $1

-- name: hand_over
-- Whoever subscribes to the source $1 has the source $2 from now on, with trust, role and settings as they were.
update subscriptions s set source_id = $2
where s.source_id = $1
  and not exists (select from subscriptions t where t.tenant_id = s.tenant_id and t.source_id = $2)

-- name: take_over
-- Whoever has both and had switched the other one, $2, off: that subscription takes over, or the feed would be lost to him.
update subscriptions n set active = true, trust = o.trust, role = o.role, interval_s = o.interval_s, full_text = o.full_text,
  replace_itself = o.replace_itself
from subscriptions o
where o.source_id = $1 and o.active and n.source_id = $2 and n.tenant_id = o.tenant_id and not n.active

-- name: log_moved
-- A line in the audit log of everybody who uses the source $1: nobody of them did it.
insert into audit (id, tenant_id, user_id, action, target, detail)
select (left(uuid7_floor(cid_now())::text, 14) || '7' || substr(gen_random_uuid()::text, 16))::uuid, s.tenant_id, null, 'source.moved',
  'sources', jsonb_build_object('source', $1::uuid, 'to', $2::uuid)
from subscriptions s where s.source_id = $1 and s.active

-- name: leave
-- Subscriptions of those who have the other one already.
update subscriptions set active = false where source_id = $1 and active

-- name: find
-- The same feed is polled once for all: private ones are looked for among the tenant's own only. Held, so that it is not retired
-- between here and the subscription.
select id, state from sources where kind = $1 and url = $2 and tenant_id is not distinct from $3 and config = $4 for key share

-- name: taken
-- Whether another tenant has the only source that there can be of it.
select exists (select from sources where kind = $1 and url = $2 and tenant_id <> $3 and state <> 'retired')

-- name: add
insert into sources (id, tenant_id, kind, url, title, publisher, sample, interval_s, config, next_poll_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, cid_now())
on conflict do nothing returning id

-- name: revive
-- Somebody wants a retired source again: what was held against it is forgotten.
update sources set state = 'active', failures = 0, strikes = 0, quarantines = 0, gone_since = null where id = $1 and state = 'retired'

-- name: subscribe
-- Adding a source twice changes neither trust nor role: these have commands of their own. No row comes back then.
insert into subscriptions (tenant_id, id, source_id, trust, role) values ($1, $2, $3, $4, $5)
on conflict (tenant_id, source_id) do update set active = true where not subscriptions.active
returning id

-- name: set_active
update subscriptions set active = $3 where tenant_id = $1 and source_id = $2 and active <> $3 returning source_id

-- name: set_trust
update subscriptions set trust = $3 where tenant_id = $1 and source_id = $2 returning source_id

-- name: set_interval
-- Fixed for this tenant; null: as the source's rhythm has it.
update subscriptions set interval_s = $3 where tenant_id = $1 and source_id = $2 returning source_id

-- name: subscribed
select o.id, o.kind, o.url, o.title, o.publisher, o.state, o.outcome, o.outcome_detail, o.failures, o.polled_at, o.next_poll_at,
  o.last_new_at, o.sample, o.tenant_id is not null as private, s.trust::float8 as trust, s.role, s.active,
  s.interval_s as fixed_s, o.interval_s, o.interval_why, o.moved_to, o.former_url, o.validators_lie
from subscriptions s join sources o on o.id = s.source_id
where s.tenant_id = $1
order by lower(coalesce(nullif(o.title, ''), o.url)), o.id

-- name: one_subscribed
select o.id, o.kind, o.url, o.title, o.publisher, o.state, o.outcome, o.outcome_detail, o.failures, o.polled_at, o.next_poll_at,
  o.last_new_at, o.sample, o.tenant_id is not null as private, s.trust::float8 as trust, s.role, s.active,
  s.interval_s as fixed_s, o.interval_s, o.interval_why, o.moved_to, o.former_url, o.validators_lie
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
