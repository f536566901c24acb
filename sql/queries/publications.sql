-- name: plan
-- The foreign key to decisions is the wall: without an approval of exactly this hash the row cannot exist. What is out
-- already becomes this version at the same address; what failed is planned anew. No row comes back while it is on its way.
insert into publications as p (tenant_id, id, draft_id, channel_id, decision_id, version_id, sha256, due_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (tenant_id, draft_id, channel_id) where state <> 'retracted' do update set
  state = case when p.state = 'failed' then 'planned' else p.state end,
  decision_id = case when p.state = 'failed' then excluded.decision_id else p.decision_id end,
  version_id = case when p.state = 'failed' then excluded.version_id else p.version_id end,
  sha256 = case when p.state = 'failed' then excluded.sha256 else p.sha256 end,
  next_decision_id = case when p.state = 'live' then excluded.decision_id end,
  next_version_id = case when p.state = 'live' then excluded.version_id end,
  next_sha256 = case when p.state = 'live' then excluded.sha256 end,
  live_at = case when p.state = 'live' then p.live_at end,
  stands_in_by = case when p.state = 'live' then p.stands_in_by end,
  retraction = '', due_at = excluded.due_at, error = '', changed_at = cid_now()
where p.state in ('live', 'failed')
returning id

-- name: of_draft
-- In the order of planning; rows that an undo retracted included.
select p.id, p.channel_id, c.name as channel, c.kind, c.canonical, p.decision_id, p.version_id, p.next_decision_id, p.next_version_id,
  p.state, p.url, p.external_id, p.error, p.notes, p.retraction,
  p.retraction <> '' and p.next_decision_id is null and p.state in ('live', 'unknown') as unwanted,
  p.stands_in_by is not null and p.state <> 'retracted' as stands_in, p.due_at, p.planned_at, p.sent_at, p.live_at, p.changed_at
from publications p join channels c on c.tenant_id = p.tenant_id and c.id = p.channel_id
where p.tenant_id = $1 and p.draft_id = $2 order by p.id

-- name: withdraw
-- An undo: what has not been touched yet is taken back. What is out stays as it is, and a refused change of it is no problem any more.
update publications set state = case when state = 'planned' then 'retracted' else state end,
  next_decision_id = null, next_version_id = null, next_sha256 = null, error = '', changed_at = cid_now()
where tenant_id = $1 and draft_id = $2 and (state = 'planned' or (state = 'live' and next_decision_id is not null))
returning id

-- name: lock
-- All that a sender has to know, with the row locked: two hand-outs for one publication take turns. The decision and the
-- bytes are those that are wanted there: of what is out and is to become another version, that version's. What is taken back may be known
-- by the original's address alone, which then is named although the original is gone. The original is what the canonical channel
-- has, unless a person let another stand in for it.
select p.id, p.draft_id, d.id as decision_id, p.channel_id, case when w.next then p.next_sha256 else p.sha256 end as sha256,
  d.sha256 as decided, d.kind as decided_kind, p.state, v.payloads, p.external_id, p.url,
  p.next_decision_id is not null as pending,
  p.retraction, p.retraction <> '' and p.next_decision_id is null and p.state in ('live', 'unknown') as unwanted,
  p.stands_in_by is not null as stands_in, p.due_at - cid_now() as not_before,
  cid_now() - p.sent_at as since_sent,
  exists (select from jobs j where j.id = p.job_id and j.lease = p.lease and not (j.id = $3 and j.lease = $4)) as held,
  not c.canonical and p.stands_in_by is null and exists (
    select from publications q join channels k on k.tenant_id = q.tenant_id and k.id = q.channel_id
    where q.tenant_id = p.tenant_id and q.decision_id = p.decision_id and k.canonical
      and q.state not in ('live', 'updating', 'retracting')
  ) and not exists (
    select from publications q
    where q.tenant_id = p.tenant_id and q.draft_id = p.draft_id and q.stands_in_by is not null and q.state in ('live', 'updating')
  ) as waits,
  (select q.url from publications q join channels k on k.tenant_id = q.tenant_id and k.id = q.channel_id
   where q.tenant_id = p.tenant_id and q.draft_id = p.draft_id and (k.canonical or q.stands_in_by is not null) and q.id <> p.id
     and p.stands_in_by is null and (q.state in ('live', 'updating') or p.state = 'retracting' and q.url <> '')
   order by q.state in ('live', 'updating') desc, q.stands_in_by is not null desc, q.id desc limit 1
  ) as canonical_url
from publications p
  cross join lateral (select p.next_decision_id is not null and p.state in ('live', 'updating') as next) w
  join versions v on v.tenant_id = p.tenant_id and v.id = case when w.next then p.next_version_id else p.version_id end
  join decisions d on d.tenant_id = p.tenant_id and d.id = case when w.next then p.next_decision_id else p.decision_id end
  join channels c on c.tenant_id = p.tenant_id and c.id = p.channel_id
where p.tenant_id = $1 and p.id = $2
for update of p

-- name: channel
-- Also an inactive one: what was approved while it was active is still sent.
select c.tenant_id, c.id, c.kind, c.name, c.base_url, c.canonical, c.active, t.slug as tenant_slug, c.config, c.sealed,
  coalesce(nullif(c.disclosure, ''), t.disclosure) as disclosure, t.responsible
from channels c join tenants t on t.id = c.tenant_id
where c.tenant_id = $1 and c.id = $2

-- name: picture
select bytes as body, mime from images where tenant_id = $1 and id = $2 and sha256 = $3

-- name: take
-- This hand-out has it in hand from here on.
update publications set job_id = $3, lease = $4, changed_at = cid_now() where tenant_id = $1 and id = $2

-- name: send
-- Committed before anything goes out: a row that says `planned` was never sent.
update publications set state = 'sending', sent_at = cid_now(), error = '', changed_at = cid_now()
where tenant_id = $1 and id = $2 and state = 'planned' and job_id = $3 and lease = $4
returning id

-- name: change
-- The same for what is out: from here on it may show either version, or none.
update publications set state = case when state = 'live' then 'updating' else state end, sent_at = cid_now(), changed_at = cid_now()
where tenant_id = $1 and id = $2 and job_id = $3 and lease = $4
  and (state in ('updating', 'retracting') or (state = 'live' and next_decision_id is not null))
returning id

-- name: ours
-- Asked right before the bytes go out: a process that slept through its lease must not send.
select exists (
  select from publications p join jobs j on j.id = p.job_id and j.lease = p.lease
  where p.tenant_id = $1 and p.id = $2 and p.state in ('sending', 'updating', 'retracting') and p.job_id = $3 and p.lease = $4)

-- name: move
-- Compare-and-set for all other moves; outcome columns keep what they have where nothing is given.
update publications set state = $4, url = coalesce($5, url), external_id = coalesce($6, external_id), error = coalesce($7, error),
  notes = coalesce($8, notes),
  live_at = case when $4 = 'live' then coalesce(live_at, cid_now()) else live_at end, changed_at = cid_now()
where tenant_id = $1 and id = $2 and state = $3
returning id

-- name: become
-- The update is out: the row names the decision on what is there now.
update publications set state = 'live', decision_id = next_decision_id, version_id = next_version_id, sha256 = next_sha256,
  next_decision_id = null, next_version_id = null, next_sha256 = null, url = $4, external_id = $5, notes = $6, error = '',
  changed_at = cid_now()
where tenant_id = $1 and id = $2 and state = 'updating' and next_decision_id = $3
returning id

-- name: anew
-- It is not at the channel any more: whatever was approved last is planned as if it had never been there.
update publications set state = 'planned', decision_id = coalesce(next_decision_id, decision_id),
  version_id = coalesce(next_version_id, version_id), sha256 = coalesce(next_sha256, sha256),
  next_decision_id = null, next_version_id = null, next_sha256 = null, live_at = null, retraction = '', error = '', due_at = cid_now(), changed_at = cid_now()
where tenant_id = $1 and id = $2 and state = 'failed'
returning id

-- name: retract
-- A person wants it gone. What was never sent is gone with that; a version that waited to replace it is let go.
update publications set state = case when state in ('planned', 'failed') then 'retracted' else 'retracting' end,
  next_decision_id = null, next_version_id = null, next_sha256 = null, retraction = $4, error = '', changed_at = cid_now()
where tenant_id = $1 and id = $2 and state = $3
returning state

-- name: stand_in
-- A person's word makes it the original of its draft's posts: only while the canonical channel has none, or nobody knows.
update publications p set stands_in_by = $3, stands_in_why = $4, changed_at = cid_now()
where p.tenant_id = $1 and p.id = $2 and p.state = 'planned' and p.stands_in_by is null
  and not exists (select from publications s where s.tenant_id = p.tenant_id and s.draft_id = p.draft_id and s.stands_in_by is not null
    and s.state <> 'retracted')
  and exists (
    select from publications q join channels k on k.tenant_id = q.tenant_id and k.id = q.channel_id
    where q.tenant_id = p.tenant_id and q.decision_id = p.decision_id and q.id <> p.id and k.canonical
      and q.state in ('failed', 'unknown', 'retracted'))
returning id

-- name: turn
-- One after the other says what the original of a draft's posts is. Whoever takes a row of them as well takes its own canonical one
-- before, and any other after.
select pg_advisory_xact_lock(hashtextextended('original of ' || draft_id::text, 0)) from publications where tenant_id = $1 and id = $2

-- name: original_after_all
-- The canonical channel has it, or is given it now: what was to stand in and is not out waits like the others, and points at it.
update publications set stands_in_by = null, stands_in_why = ''
where tenant_id = $1 and draft_id = $2 and stands_in_by is not null and state in ('planned', 'failed')

-- name: note
update publications set error = $3, changed_at = cid_now() where tenant_id = $1 and id = $2

-- name: planned
-- What waited for the canonical address.
select id from publications where tenant_id = $1 and decision_id = $2 and state = 'planned' order by id

-- name: sent
-- What is out at channels of one kind, or may be: the folder of a site is made anew from it. Of what is becoming another
-- version, that one: the folder may have it already.
select p.id, p.channel_id, p.state, p.url, p.external_id, v.payloads,
  case when p.state = 'updating' then p.next_decision_id else p.decision_id end as decision_id,
  (select q.url from publications q join channels k on k.tenant_id = q.tenant_id and k.id = q.channel_id
   where q.tenant_id = p.tenant_id and q.draft_id = p.draft_id and (k.canonical or q.stands_in_by is not null)
     and q.state in ('live', 'updating') and q.id <> p.id and p.stands_in_by is null
   order by q.stands_in_by is not null desc, q.id desc limit 1
  ) as canonical_url
from publications p
  join versions v on v.tenant_id = p.tenant_id and v.id = case when p.state = 'updating' then p.next_version_id else p.version_id end
  join channels c on c.tenant_id = p.tenant_id and c.id = p.channel_id
where p.tenant_id = $1 and c.kind = $2 and p.state in ('sending', 'unknown', 'live', 'updating') order by p.id
