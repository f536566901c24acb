-- name: turns
-- Whose jobs of kind $1 wait, one index descent each: from ($2, $3) on, at most $4 of (tenant, key), each with its first job.
-- Not inside the claim: there, the listing cost up to 45 ms a claim with thousands of tenants.
with recursive closed as materialized (
  select coalesce(array_agg(p.tenant_id), '{}') as tenants from pauses p where p.kind in ($1, '*')
), turns (tenant_id, key, priority, id, open, n) as (
  (select j.tenant_id, j.key, j.priority, j.id, not j.tenant_id = any (c.tenants), 1
   from closed c cross join jobs j
   where not '00000000-0000-0000-0000-000000000000' = any (c.tenants)
     and j.state = 'ready' and j.kind = $1 and (j.tenant_id, j.key) >= ($2, $3)
   order by j.kind, j.tenant_id, j.key, j.priority, j.id limit 1)
  union all
  select f.tenant_id, f.key, f.priority, f.id, not f.tenant_id = any (c.tenants), t.n + 1
  from turns t cross join closed c
  cross join lateral (
    (select j.tenant_id, j.key, j.priority, j.id from jobs j
     where t.open and j.state = 'ready' and j.kind = $1 and (j.tenant_id, j.key) > (t.tenant_id, t.key)
     order by j.kind, j.tenant_id, j.key, j.priority, j.id limit 1)
    union all
    (select j.tenant_id, j.key, j.priority, j.id from jobs j
     where not t.open and j.state = 'ready' and j.kind = $1 and j.tenant_id > t.tenant_id
     order by j.kind, j.tenant_id, j.key, j.priority, j.id limit 1)) f
  where t.n < $4
)
select tenant_id, key, priority, id, open from turns

-- name: singles
-- Up to $7 waiting jobs: of each entry ($2, $3) its share $6, behind the job ($4, $5) where its last claim ended. An old
-- snapshot that somebody holds keeps the index entries of ended jobs alive: without the mark every claim walks over them.
-- One kind per statement: with several the index cannot give the order. The commit does not wait for the disk: a claim that
-- is lost with the server is a job handed out again, which the fence allows for.
with quick as materialized (
  select set_config('synchronous_commit', 'off', true) as off, cid_now() as now
), closed as materialized (
  select coalesce(array_agg(p.tenant_id), '{}') as tenants from pauses p where p.kind in ($1, '*')
), picked as materialized (
  select w.id
  from unnest($2::uuid[], $3::text[], $4::smallint[], $5::bigint[], $6::int[]) as e (tenant_id, key, priority, id, share)
  cross join closed c
  cross join lateral (
    select j.id from jobs j
    where j.state = 'ready' and j.kind = $1 and j.tenant_id = e.tenant_id and j.key = e.key
      and (j.priority, j.id) > (e.priority, e.id)
    order by j.priority, j.id limit e.share for update skip locked) w
  where not e.tenant_id = any (c.tenants) and not '00000000-0000-0000-0000-000000000000' = any (c.tenants)
  limit $7
)
update jobs j
set state = 'running', attempt = j.attempt + 1, worker = $8, lease = $9, deadline = q.now + $10::interval, started_at = q.now
from quick q
where j.id = any (array(select p.id from picked p)) and q.off is not null
returning j.id, j.tenant_id, j.key, j.priority, j.attempt, j.payload::text as payload, j.error

-- name: limited
-- Groups, and kinds with limits that hold across processes; see the function.
select id, tenant_id, key, priority, attempt, lease, payload::text as payload, error, wait
from claim_limited($1, $2::uuid[], $3::text[], $4::smallint[], $5::bigint[], $6::int[], $7::int, $8::int, $9::interval, $10, $11,
  $12::interval, $13::int, $14::int, $15::interval, $16::int, $17::interval, $18::int)

-- name: unanswered
-- Jobs of $1's claims $2 (their leases without the number of the hand-out), whose answers were lost: back to wait, as if they had not been claimed.
select b.kind
from (select array_agg(j.id) as ids, array_agg(j.lease) as leases
      from jobs j where j.state = 'running' and j.worker = $1 and j.lease >> 12 = any ($2::bigint[])) o
cross join lateral put_back(o.ids, o.leases, array(select null::timestamptz from unnest(o.ids)), true,
                            array(select null::text from unnest(o.ids))) b

-- name: waiting
-- Whether `worker --once` is finished with these kinds.
select exists (
  select from jobs j where j.state = 'ready' and j.kind = any($1::text[])
    and not exists (select from pauses p where p.kind in (j.kind, '*')
                    and p.tenant_id in (j.tenant_id, '00000000-0000-0000-0000-000000000000')))
