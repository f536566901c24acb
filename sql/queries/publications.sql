-- name: plan
-- The foreign key to decisions is the wall: without an approval of exactly this hash the row cannot exist.
insert into publications (tenant_id, id, draft_id, channel_id, decision_id, version_id, sha256, due_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: of_draft
-- In the order of planning; rows that an undo retracted included.
select p.id, p.channel_id, c.name as channel, c.kind, c.canonical, p.decision_id, p.version_id, p.state, p.url, p.external_id,
  p.error, p.planned_at, p.due_at, p.sent_at, p.live_at, p.changed_at
from publications p join channels c on c.tenant_id = p.tenant_id and c.id = p.channel_id
where p.tenant_id = $1 and p.draft_id = $2 order by p.id

-- name: withdraw
-- An undo: what has not been touched yet is taken back.
update publications set state = 'retracted', changed_at = cid_now()
where tenant_id = $1 and draft_id = $2 and state = 'planned'
returning id

-- name: lock
-- All that a sender has to know, with the row locked: two hand-outs for one publication take turns.
select p.id, p.draft_id, p.decision_id, p.channel_id, p.sha256, d.sha256 as decided, d.kind as decided_kind, p.state, v.payloads,
  cid_now() - p.sent_at as since_sent,
  exists (select from jobs j where j.id = p.job_id and j.lease = p.lease and not (j.id = $3 and j.lease = $4)) as held,
  not c.canonical and exists (
    select from publications q join channels k on k.tenant_id = q.tenant_id and k.id = q.channel_id
    where q.tenant_id = p.tenant_id and q.decision_id = p.decision_id and k.canonical and q.state not in ('live', 'updating')
  ) as waits,
  (select q.url from publications q join channels k on k.tenant_id = q.tenant_id and k.id = q.channel_id
   where q.tenant_id = p.tenant_id and q.draft_id = p.draft_id and k.canonical and q.state in ('live', 'updating') and q.id <> p.id
  ) as canonical_url
from publications p
  join versions v on v.tenant_id = p.tenant_id and v.id = p.version_id
  join decisions d on d.tenant_id = p.tenant_id and d.id = p.decision_id
  join channels c on c.tenant_id = p.tenant_id and c.id = p.channel_id
where p.tenant_id = $1 and p.id = $2
for update of p

-- name: channel
-- Also an inactive one: what was approved while it was active is still sent.
select c.tenant_id, c.id, c.kind, c.name, c.base_url, c.canonical, c.active, t.slug as tenant_slug, c.config, c.sealed
from channels c join tenants t on t.id = c.tenant_id
where c.tenant_id = $1 and c.id = $2

-- name: take
-- This hand-out has it in hand from here on.
update publications set job_id = $3, lease = $4, changed_at = cid_now() where tenant_id = $1 and id = $2

-- name: send
-- Committed before anything goes out: a row that says `planned` was never sent.
update publications set state = 'sending', sent_at = cid_now(), error = '', changed_at = cid_now()
where tenant_id = $1 and id = $2 and state = 'planned' and job_id = $3 and lease = $4
returning id

-- name: ours
-- Asked right before the bytes go out: a process that slept through its lease must not send.
select exists (
  select from publications p join jobs j on j.id = p.job_id and j.lease = p.lease
  where p.tenant_id = $1 and p.id = $2 and p.state = 'sending' and p.job_id = $3 and p.lease = $4)

-- name: move
-- Compare-and-set for all other moves; outcome columns keep what they have where nothing is given.
update publications set state = $4, url = coalesce($5, url), external_id = coalesce($6, external_id), error = coalesce($7, error),
  live_at = case when $4 = 'live' then coalesce(live_at, cid_now()) else live_at end, changed_at = cid_now()
where tenant_id = $1 and id = $2 and state = $3
returning id

-- name: note
update publications set error = $3, changed_at = cid_now() where tenant_id = $1 and id = $2

-- name: planned
-- What waited for the canonical address.
select id from publications where tenant_id = $1 and decision_id = $2 and state = 'planned' order by id

-- name: sent
-- What is out at channels of one kind, or may be: the folder of a site is made anew from it.
select p.id, p.channel_id, p.state, v.payloads,
  (select q.url from publications q join channels k on k.tenant_id = q.tenant_id and k.id = q.channel_id
   where q.tenant_id = p.tenant_id and q.draft_id = p.draft_id and k.canonical and q.state in ('live', 'updating') and q.id <> p.id
  ) as canonical_url
from publications p
  join versions v on v.tenant_id = p.tenant_id and v.id = p.version_id
  join channels c on c.tenant_id = p.tenant_id and c.id = p.channel_id
where p.tenant_id = $1 and c.kind = $2 and p.state in ('sending', 'unknown', 'live', 'updating') order by p.id
