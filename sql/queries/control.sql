-- name: listed
-- Live jobs, oldest first; what is null or empty is no condition.
select id, kind, state, tenant, key, priority, attempt, run_at, waited, deadline, host, pid, cancel, paused, error, payload, created_at
from inspect.jobs_now
where ($1::text[] = '{}' or kind = any($1::text[])) and ($2::text is null or state = $2) and ($3::uuid is null or tenant_id = $3)
  and ($4::text is null or key = $4) and id > $5
order by id limit $6

-- name: listed_dead
select id, kind, tenant, key, priority, attempt, error, payload, created_at, died_at
from inspect.jobs_dead
where ($1::text[] = '{}' or kind = any($1::text[])) and ($2::uuid is null or tenant_id = $2) and ($3::text is null or key = $3)
  and id > $4
order by id limit $5

-- name: show
-- A job wherever it is: alive, dead or in the history.
select j.id, j.kind, j.state, j.tenant_id, t.slug as tenant, j.key, j.attempt, j.payload, j.error, j.created_at, j.started_at,
  j.run_at as at, j.dedupe_key, j.priority, j.deadline, w.host, w.pid, j.cancel
from jobs j left join tenants t on t.id = j.tenant_id left join workers w on w.id = j.worker where j.id = $1
union all
select d.id, d.kind, 'dead', d.tenant_id, t.slug, d.key, d.attempt, d.payload, d.error, d.created_at, null, d.died_at, d.dedupe_key,
  d.priority, null, null, null, false
from jobs_dead d left join tenants t on t.id = d.tenant_id where d.id = $1
union all
select e.id, e.kind, e.outcome, e.tenant_id, t.slug, null, e.attempt, e.payload, '', e.created_at, e.started_at, e.ended_at, null, null,
  null, null, null, false
from jobs_done e left join tenants t on t.id = e.tenant_id where e.id = $1
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

-- name: count_dead
-- As retry_dead chooses them; $4: that died so lately.
select count(*) from jobs_dead
where ($1::text is null or kind = $1) and ($2::uuid is null or tenant_id = $2) and position(lower($3::text) in lower(error)) > 0
  and died_at >= coalesce(cid_now() - $4::interval, '-infinity')

-- name: retry_dead
select back, stayed from inspect.retry_dead($1, $2, $3, coalesce(cid_now() - $4::interval, '-infinity'))

-- name: count_waiting
-- As cancel_waiting chooses them.
select count(*) from jobs
where state in ('scheduled', 'ready') and kind = $1 and ($2::uuid is null or tenant_id = $2) and ($3::text is null or key = $3)

-- name: cancel_waiting
select inspect.cancel_waiting($1, $2, $3)

-- name: cancel
select inspect.cancel_job($1)

-- name: pause
select inspect.pause($1, $2)

-- name: resume
select inspect.resume($1, $2)

-- name: pauses
select p.kind, t.slug as tenant, p.tenant_id, p.paused_at
from pauses p left join tenants t on t.id = p.tenant_id order by p.kind, p.tenant_id
