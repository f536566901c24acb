-- name: add
insert into monitors (tenant_id, id, outlet, outlet_key, country, url, platform, period, items, sources, substitute, tlp, every_hours, threshold,
  next_at, made_by)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::text[], $11, $12, $13, $14, $15, $16)

-- name: change
-- What it watches stays: another outlet is another monitor.
update monitors set country = $3, url = $4, period = $5, items = $6, sources = $7::text[], substitute = $8, tlp = $9, every_hours = $10,
  threshold = $11, active = $12, next_at = $13, changed_at = cid_now()
where tenant_id = $1 and id = $2

-- name: by_id
select id, tenant_id, outlet, outlet_key, country, url, platform, period, items, sources, substitute, tlp, every_hours, threshold, active,
  next_at, made_by, created_at, changed_at
from monitors where tenant_id = $1 and id = $2

-- name: lock
-- Whoever changes it and whoever takes its turn go one after the other.
select id, tenant_id, outlet, outlet_key, country, url, platform, period, items, sources, substitute, tlp, every_hours, threshold, active,
  next_at, made_by, created_at, changed_at
from monitors where tenant_id = $1 and id = $2 for update

-- name: listed
select id, tenant_id, outlet, outlet_key, country, url, platform, period, items, sources, substitute, tlp, every_hours, threshold, active,
  next_at, made_by, created_at, changed_at
from monitors where tenant_id = $1 order by active desc, lower(outlet), id limit $2

-- name: turn
-- One after the other counts the monitors of a tenant and adds one: two at once would both find the last place free.
select pg_advisory_xact_lock(hashtextextended('monitors of ' || $1::uuid::text, 0))

-- name: count
select count(*) from (select from monitors where tenant_id = $1 limit $2) m

-- name: due
-- Platform only. One whose last run is still going waits, and so does all of a tenant that rests or has no such desk.
select m.tenant_id, m.id, m.next_at
from monitors m join tenants t on t.id = m.tenant_id
where m.active and m.next_at <= cid_now() and t.paused_at is null and 'analysis' = any (t.desks)
  and ($1::timestamptz is null or (m.next_at, m.id) > ($1::timestamptz, $2::uuid))
  and not exists (select from runs r where r.tenant_id = m.tenant_id and r.monitor_id = m.id
                    and r.state in ('queued', 'fetching', 'asking', 'scoring'))
order by m.next_at, m.id limit $3

-- name: take
-- Compare-and-set: of two who found the same turn one starts its run.
update monitors set next_at = $4 where tenant_id = $1 and id = $2 and active and next_at = $3 returning id

-- name: boards
-- Of each monitor its last run, the scores of the last twelve, the oldest first, and its last change.
select m.id as monitor_id, r.id as run_id, r.state, r.failure, r.score, r.rating, r.created_at as run_at, s.scores,
  c.run_id as change_run_id, c.size, (c.change ->> 'compared')::boolean as compared, c.made_at as change_at
from monitors m
left join lateral (
  select id, state, failure, score, rating, created_at from runs
  where tenant_id = $1 and monitor_id = m.id order by created_at desc, id desc limit 1) r on true
left join lateral (
  select array_agg(l.score order by l.created_at, l.id) as scores from (
    select id, created_at, score from runs where tenant_id = $1 and monitor_id = m.id order by created_at desc, id desc limit 12) l
  where l.score is not null) s on true
left join lateral (
  select run_id, size, change, made_at from monitor_changes
  where tenant_id = $1 and monitor_id = m.id order by made_at desc, id desc limit 1) c on true
where m.tenant_id = $1 and m.id = any ($2::uuid[])

-- name: runs
select id, tenant_id, batch_id, monitor_id, outlet, outlet_key, country, url, platform, period, items, sources, substitute, tlp, state,
  failure, detail, shortfalls, requested_by, sample, score, rating, provider, created_at, changed_at, ended_at
from runs where tenant_id = $1 and monitor_id = $2 order by created_at desc, id desc limit $3

-- name: add_change
-- Once a run: whoever comes second changes nothing and gets no row back.
insert into monitor_changes (tenant_id, id, monitor_id, run_id, before_run_id, size, change) values ($1, $2, $3, $4, $5, $6, $7)
on conflict do nothing returning id

-- name: changes
select id, monitor_id, run_id, before_run_id, change, made_at
from monitor_changes where tenant_id = $1 and monitor_id = $2 order by made_at desc, id desc limit $3

-- name: change_by_id
select id, monitor_id, run_id, before_run_id, change, made_at from monitor_changes where tenant_id = $1 and id = $2
