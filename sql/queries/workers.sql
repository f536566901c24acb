-- name: beat
-- One row per process. Inserted again where housekeeping took a silent process's row and the process came back.
-- A lost beat is made up by the next one: the commit does not wait for the disk.
with quick as materialized (
  select set_config('synchronous_commit', 'off', true) as off
), beaten as (
  insert into workers (id, host, pid, version, kinds, parts)
  select $1, $2, $3, $4, $5::text[], $6::jsonb from quick
  on conflict (id) do update set beat_at = cid_now(), parts = excluded.parts, kinds = excluded.kinds
)
select cid_now() as now, array(select id from jobs where worker = $1 and cancel) as asked

-- name: gone
delete from workers where id = $1

-- name: on_this_machine
-- Processes that say they run here: whether they do can be seen without waiting for their silence.
select id, pid from workers where host = $1

-- name: buried
-- Their jobs are rescued at the next look.
delete from workers where id = any($1::uuid[])

-- name: rescue
select id, kind, outcome from rescue($1::interval, $2::text[], $3::int[], $4::int, $5::boolean)

-- name: move_due
select kind, moved from move_due($1::int)

-- name: ended
-- Jobs that their flows did not end themselves, in whatever number piled up during the previous flush. Fenced; a job that is
-- no longer ours is left alone in silence. Not waiting for the disk: a completion lost with the server is one more run.
with quick as materialized (
  select set_config('synchronous_commit', 'off', true) as off, cid_now() as now
), gone as (
  delete from jobs j using unnest($1::bigint[], $2::bigint[], $3::text[]) as d (id, lease, outcome)
  where j.id = any ($1::bigint[]) and j.id = d.id and j.lease = d.lease and (select q.off from quick q) is not null
  returning j.id, j.tenant_id, j.kind, d.outcome, j.attempt, j.payload, j.created_at, j.run_at, j.started_at
)
insert into jobs_done (id, tenant_id, kind, outcome, attempt, payload, created_at, run_at, started_at, ended_at)
select id, tenant_id, kind, outcome, attempt, payload, created_at, run_at, started_at, (select now from quick) from gone

-- name: alive
select 1

-- name: put_back
select id, kind, outcome from put_back($1::bigint[], $2::bigint[], $3::timestamptz[], $4::boolean, $5::text[])

-- name: set_marks
-- The high-water marks of config/default.toml, so that every producer sees the same.
insert into high_water (kind, mark) select * from unnest($1::text[], $2::int[])
on conflict (kind) do update set mark = excluded.mark where high_water.mark <> excluded.mark
