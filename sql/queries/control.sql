-- name: listed
-- Live jobs, oldest first; what is null or empty is no condition.
select id, kind, state, tenant, priority, attempt, run_at, waited, deadline, host, pid, cancel, paused, error, payload, created_at
from inspect.jobs_now
where ($1::text[] = '{}' or kind = any($1::text[])) and ($2::text is null or state = $2) and ($3::uuid is null or tenant_id = $3)
  and id > $4
order by id limit $5

-- name: listed_dead
select id, kind, tenant, attempt, error, payload, created_at, died_at
from inspect.jobs_dead
where ($1::text[] = '{}' or kind = any($1::text[])) and ($2::uuid is null or tenant_id = $2) and id > $3
order by id limit $4

-- name: show
-- A job wherever it is: alive, dead or in the history.
select id, kind, state as state, tenant_id, attempt, payload, error, created_at, run_at as at, dedupe_key, priority
from jobs where id = $1
union all
select id, kind, 'dead', tenant_id, attempt, payload, error, created_at, died_at, null, null from jobs_dead where id = $1
union all
select id, kind, outcome, tenant_id, attempt, payload, '', created_at, ended_at, null, null from jobs_done where id = $1
order by at desc limit 1

-- name: totals
-- Per kind: what waits, what runs, and how old the oldest of each is.
select kind,
  count(*) filter (where state = 'ready') as ready,
  count(*) filter (where state = 'scheduled') as scheduled,
  count(*) filter (where state = 'running') as running,
  extract(epoch from cid_now() - min(run_at) filter (where state = 'ready'))::float8 as oldest_ready_s,
  bool_or(paused) as paused
from inspect.jobs_now group by kind order by kind

-- name: retry
select inspect.retry_job($1)

-- name: dead_ids
-- Dead jobs by filter, so that they can be retried one by one: one that cannot come back does not keep the rest.
select id from jobs_dead
where ($1::text[] = '{}' or kind = any($1::text[])) and ($2::uuid is null or tenant_id = $2)
  and ($3::text = '' or error ilike '%' || $3 || '%')
order by id limit $4

-- name: cancel
select inspect.cancel_job($1)

-- name: pause
select inspect.pause($1, $2)

-- name: resume
select inspect.resume($1, $2)

-- name: pauses
select p.kind, t.slug as tenant, p.tenant_id, p.paused_at
from pauses p left join tenants t on t.id = p.tenant_id order by p.kind, p.tenant_id
