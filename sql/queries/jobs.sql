-- name: enqueue
-- One statement for any number of jobs of one tenant. A waiting job with the same key does the work: nothing is added.
insert into jobs (tenant_id, kind, state, priority, run_at, dedupe_key, payload)
select $1, j.kind, case when j.run_at > cid_now() then 'scheduled' else 'ready' end, j.priority, coalesce(j.run_at, cid_now()), j.dedupe, j.payload
from unnest($2::text[], $3::smallint[], $4::timestamptz[], $5::text[], $6::jsonb[]) with ordinality
  as j (kind, priority, run_at, dedupe, payload, n)
order by j.kind, j.dedupe, j.n  -- one order for everybody: two producers of the same keys must not wait for each other
on conflict (tenant_id, kind, dedupe_key) where state in ('scheduled', 'ready') and dedupe_key is not null do nothing
returning id, kind, state

-- name: done
-- Fenced by (id, lease) and nothing else: naming state or worker lets the planner take the running index.
with gone as (
  delete from jobs j using unnest($1::bigint[], $2::bigint[]) as d (id, lease)
  where j.id = d.id and j.lease = d.lease
  returning j.id, j.tenant_id, j.kind, j.attempt, j.payload, j.created_at
)
insert into jobs_done (id, tenant_id, kind, outcome, attempt, payload, created_at)
select id, tenant_id, kind, 'done', attempt, payload, created_at from gone
returning id

-- name: dead
-- Ends for good; no pruning touches jobs_dead.
with gone as (
  delete from jobs where id = $1 and lease = $2
  returning id, tenant_id, kind, attempt, payload, created_at
)
insert into jobs_dead (id, tenant_id, kind, attempt, payload, error, created_at)
select id, tenant_id, kind, attempt, payload, $3, created_at from gone
returning id

-- name: snooze
-- A sleeping job keeps its attempts. App may not update jobs, so the row is taken out and put back as new.
with gone as (
  delete from jobs where id = $1 and lease = $2
  returning id, tenant_id, kind, priority, attempt, dedupe_key, payload, created_at, cancel
), back as (
  insert into jobs (tenant_id, kind, state, priority, run_at, attempt, dedupe_key, payload, error, created_at)
  select tenant_id, kind, 'scheduled', priority, $3, greatest(attempt - 1, 0), dedupe_key, payload, $4, created_at
  from gone where not cancel
  on conflict (tenant_id, kind, dedupe_key) where state in ('scheduled', 'ready') and dedupe_key is not null do nothing
  returning id
), ended as (
  -- asked to be cancelled meanwhile, or a waiting job with the same key does the work
  insert into jobs_done (id, tenant_id, kind, outcome, attempt, payload, created_at)
  select id, tenant_id, kind, case when cancel then 'cancelled' else 'merged' end, attempt, payload, created_at
  from gone where not exists (select from back)
)
select count(*) from gone
