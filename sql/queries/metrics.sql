-- name: ready
-- Jobs that may be handed out, of each kind; counting stops at 10,000 of a kind, and the oldest is the oldest of those.
select k.kind, count(*)::int as jobs, coalesce(extract(epoch from cid_now() - min(j.run_at)), 0)::float8 as oldest_s
from unnest($1::text[]) as k (kind)
cross join lateral (select run_at from jobs where state = 'ready' and jobs.kind = k.kind limit 10000) j group by k.kind

-- name: running
select kind, count(*)::int as jobs from jobs where state = 'running' group by kind

-- name: scheduled
-- Of the 10,000 that are due next.
select j.kind, count(*)::int as jobs from (select kind from jobs where state = 'scheduled' order by run_at limit 10000) j group by j.kind

-- name: dead
-- Of a day: what is older was seen or is nobody's worry.
select kind, count(*)::int as jobs from jobs_dead where died_at >= cid_now() - interval '1 day' group by kind

-- name: sources
select coalesce(outcome, 'unpolled') as outcome, count(*)::int as sources from sources where state <> 'retired' group by 1

-- name: items
-- First seen in the last hour.
select count(*)::int from items where first_seen_at >= cid_now() - interval '1 hour'

-- name: verdicts
-- Since the moment that the id $1 stands for: ids are in the order of time, and so are the tables.
select desk, gate, outcome, reason, count(*)::int as verdicts from verdicts where id >= $1 group by desk, gate, outcome, reason

-- name: calls
select provider, stage, state, count(*)::int as calls,
  coalesce(sum(case state when 'answered' then cost when 'failed' then 0 else reserved end), 0) as dollars
from calls where id >= $1 group by provider, stage, state

-- name: publications
-- What is not over: each of these may want a person.
select state, count(*)::int as publications from publications where state not in ('live', 'retracted') group by state

-- name: mails
select state, count(*)::int as mails from mails where state <> 'sent' group by state

-- name: processes
select count(*) filter (where beat_at > cid_now() - interval '30 seconds')::int as alive,
  count(*) filter (where beat_at <= cid_now() - interval '30 seconds')::int as silent from workers
