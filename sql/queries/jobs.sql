-- name: enqueue
-- One statement for any number of jobs. Their ids are taken in the given order, so that sorted answers are in it, too.
-- The clock is asked once: for every row and default it cost as much as the row. One row answers for all.
with clock as materialized (
  select cid_now() as now
), added as (
  insert into jobs (id, tenant_id, kind, key, state, priority, run_at, payload, created_at)
  select nextval('job_ids'), g.tenant_id, g.kind, g.key, case when g.run_at > c.now then 'scheduled' else 'ready' end, g.priority,
    coalesce(g.run_at, c.now), g.payload, c.now
  from clock c, rows from (unnest($1::uuid[]), unnest($2::text[]), unnest($3::text[]), unnest($4::smallint[]),
    unnest($5::timestamptz[]), jsonb_array_elements($6::jsonb)) as g (tenant_id, kind, key, priority, run_at, payload)
  returning id, state
)
select array_agg(id) as ids, array_agg(state) as states from added

-- name: enqueue_alike
-- The same for jobs that differ in nothing but their payload.
with clock as materialized (
  select cid_now() as now
), added as (
  insert into jobs (id, tenant_id, kind, key, state, priority, run_at, payload, created_at)
  select nextval('job_ids'), $1::uuid, $2::text, $3::text, case when $5 > c.now then 'scheduled' else 'ready' end, $4::smallint,
    coalesce($5::timestamptz, c.now), g.payload, c.now
  from clock c, jsonb_array_elements($6::jsonb) as g (payload)
  returning id, state
)
select array_agg(id) as ids, array[min(state)] as states from added

-- name: enqueue_once
-- As above for jobs of which some have a dedupe key. A waiting job with the same key does the work: nothing is added then, and
-- `state` is null.
with clock as materialized (
  select cid_now() as now
), given as materialized (
  select nextval('job_ids') as id, g.*
  from rows from (unnest($1::uuid[]), unnest($2::text[]), unnest($3::text[]), unnest($4::smallint[]), unnest($5::timestamptz[]),
    jsonb_array_elements($6::jsonb), unnest($7::text[])) as g (tenant_id, kind, key, priority, run_at, payload, dedupe)
), added as (
  insert into jobs (id, tenant_id, kind, key, state, priority, run_at, dedupe_key, payload, created_at)
  select id, tenant_id, kind, key, case when run_at > now then 'scheduled' else 'ready' end, priority, coalesce(run_at, now), dedupe,
    payload, now
  from given, clock
  order by tenant_id, kind, dedupe, id  -- one order for everybody: two producers of the same keys must not wait for each other
  on conflict (tenant_id, kind, dedupe_key) where state in ('scheduled', 'ready') and dedupe_key is not null do nothing
  returning id, state
)
select array_agg(g.id) as ids, array_agg(a.state) as states from given g left join added a on a.id = g.id

-- name: twins
-- The waiting jobs that do the work of those that were not added, as far as they still wait.
select g.n::int as n, j.id
from unnest($1::uuid[], $2::text[], $3::text[]) with ordinality as g (tenant_id, kind, dedupe, n)
join jobs j on j.tenant_id = g.tenant_id and j.kind = g.kind and j.dedupe_key = g.dedupe and j.state in ('scheduled', 'ready')

-- name: hurry
-- Jobs that wait behind others and are urgent now. App may not update jobs, so the rows are taken out and put back; one that
-- somebody claims at this moment is on its way already.
with gone as (
  delete from jobs
  where tenant_id = $1 and kind = any($2::text[]) and dedupe_key = any($3::text[]) and state = 'ready' and priority > $4
  returning id, tenant_id, kind, key, run_at, attempt, dedupe_key, payload, error, created_at, started_at
)
insert into jobs (id, tenant_id, kind, key, state, priority, run_at, attempt, dedupe_key, payload, error, created_at, started_at)
select id, tenant_id, kind, coalesce($5, key), 'ready', $4, run_at, attempt, dedupe_key, payload, error, created_at, started_at from gone

-- name: done
-- Fenced by (id, lease) and nothing else: naming state or worker lets the planner take the running index. The ids stand there
-- twice, or a planner without statistics reads the table.
with gone as (
  delete from jobs j using unnest($1::bigint[], $2::bigint[]) as d (id, lease)
  where j.id = any ($1::bigint[]) and j.id = d.id and j.lease = d.lease
  returning j.id, j.tenant_id, j.kind, j.attempt, j.payload, j.created_at, j.run_at, j.started_at
)
insert into jobs_done (id, tenant_id, kind, outcome, attempt, payload, created_at, run_at, started_at, ended_at)
select id, tenant_id, kind, 'done', attempt, payload, created_at, run_at, started_at, (select cid_now()) from gone
returning id

-- name: dead
-- Ends for good; no pruning touches jobs_dead.
with gone as (
  delete from jobs j using unnest($1::bigint[], $2::bigint[], $3::text[]) as d (id, lease, why)
  where j.id = d.id and j.lease = d.lease
  returning j.id, j.tenant_id, j.kind, j.key, j.priority, j.dedupe_key, j.attempt, j.payload, d.why, j.created_at
)
insert into jobs_dead (id, tenant_id, kind, key, priority, dedupe_key, attempt, payload, error, created_at)
select id, tenant_id, kind, key, priority, dedupe_key, attempt, payload, why, created_at from gone
returning id

-- name: snooze
-- A sleeping job keeps its id and its attempts. App may not update jobs, so the row is taken out and put back.
with gone as (
  delete from jobs where id = $1 and lease = $2
  returning id, tenant_id, kind, key, priority, attempt, dedupe_key, payload, created_at, run_at, started_at, cancel
), back as (
  insert into jobs (id, tenant_id, kind, key, state, priority, run_at, attempt, dedupe_key, payload, error, created_at, started_at)
  select id, tenant_id, kind, key, 'scheduled', priority, $3, greatest(attempt - 1, 0), dedupe_key, payload, $4, created_at, started_at
  from gone where not cancel
  on conflict (tenant_id, kind, dedupe_key) where state in ('scheduled', 'ready') and dedupe_key is not null do nothing
  returning id
), ended as (
  -- asked to be cancelled meanwhile, or a waiting job with the same key does the work
  insert into jobs_done (id, tenant_id, kind, outcome, attempt, payload, created_at, run_at, started_at)
  select id, tenant_id, kind, case when cancel then 'cancelled' else 'merged' end, attempt, payload, created_at, run_at, started_at
  from gone where not exists (select from back)
)
select count(*) from gone

-- name: elsewhere
-- Whether an older job with the same key is being worked on.
select exists (
  select from jobs mine join jobs j on j.tenant_id = mine.tenant_id and j.kind = mine.kind and j.dedupe_key = mine.dedupe_key
  where mine.tenant_id = $1 and mine.id = $2 and j.state = 'running' and j.id < mine.id)

-- name: held
-- Whether a hand-out still has its job.
select exists (select from jobs where tenant_id = $1 and id = $2 and lease = $3 and state = 'running')

-- name: bring_forward
-- Jobs that sleep until something has happened that they name in their reason.
update jobs set run_at = cid_now()
where tenant_id = $1 and state = 'scheduled' and run_at > cid_now() and position($2 in error) > 0

-- name: hasten
-- A job that was put off runs now: enqueued anew under its key it would be its own twin, and go on waiting.
update jobs set run_at = cid_now()
where tenant_id = $1 and kind = $2 and dedupe_key = $3 and state = 'scheduled' and run_at > cid_now()

-- name: withdraw
-- The tenant's own waiting jobs with these keys are taken back, to be put in anew for another time: app may not change jobs. One that
-- is claimed at this moment is left to whoever has it.
delete from jobs where tenant_id = $1 and kind = $2 and dedupe_key = any($3::text[]) and state in ('scheduled', 'ready')
