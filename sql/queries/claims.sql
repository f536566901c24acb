-- name: singles
-- Up to $3 waiting jobs of one kind, in fair turns: tenants from $2 on, one index descent each, share the slots evenly.
-- One kind per statement: with several the index cannot give the order. The commit does not wait for the disk: a claim that
-- is lost with the server is a job handed out again, which the fence allows for.
with recursive quick as materialized (
  select set_config('synchronous_commit', 'off', true) as off
), turns (tenant_id, open, n) as (
  select f.tenant_id, f.open, f.open::int
  from (
    select j.tenant_id,
      not exists (select from pauses p where p.kind in ($1, '*')
                  and p.tenant_id in (j.tenant_id, '00000000-0000-0000-0000-000000000000')) as open
    from jobs j where j.state = 'ready' and j.kind = $1 and j.tenant_id >= $2
    order by j.kind, j.tenant_id limit 1) f
  union all
  select f.tenant_id, f.open, t.n + f.open::int
  from turns t
  cross join lateral (
    select j.tenant_id,
      not exists (select from pauses p where p.kind in ($1, '*')
                  and p.tenant_id in (j.tenant_id, '00000000-0000-0000-0000-000000000000')) as open
    from jobs j where j.state = 'ready' and j.kind = $1 and j.tenant_id > t.tenant_id
    order by j.kind, j.tenant_id limit 1) f
  where t.n < $3
), picked as materialized (
  select w.id
  from (select tenant_id, ($3 + count(*) over () - 1) / count(*) over () as share from turns where open order by tenant_id) t
  cross join lateral (
    select j.id from jobs j where j.state = 'ready' and j.kind = $1 and j.tenant_id = t.tenant_id
    order by j.priority, j.id limit t.share for update skip locked) w
  limit $3
)
update jobs j
set state = 'running', attempt = j.attempt + 1, worker = $4, lease = $5, deadline = cid_now() + $6::interval
where j.id = any (array(select p.id from picked p)) and (select q.off from quick q) is not null
returning j.id, j.tenant_id, j.attempt, j.deadline, j.payload, j.error

-- name: group
-- One hand-out of up to $3 jobs of one tenant; see the function.
select id, tenant_id, attempt, deadline, payload, error
from claim_group($1, $2, $3::int, $4::interval, $5, $6, $7::interval, $8)

-- name: waiting
-- Whether `worker --once` is finished with these kinds.
select exists (
  select from jobs j where j.state = 'ready' and j.kind = any($1::text[])
    and not exists (select from pauses p where p.kind in (j.kind, '*')
                    and p.tenant_id in (j.tenant_id, '00000000-0000-0000-0000-000000000000')))
