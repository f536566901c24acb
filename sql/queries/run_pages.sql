-- name: found
select id, at, place from find_runs($1, $2, $3::text[], $4::text[], $5, $6, $7, $8, $9, $10, $11, $12, $13)

-- name: listed
-- Those runs, the newest first.
select id, tenant_id, batch_id, monitor_id, outlet, outlet_key, country, url, platform, period, items, sources, substitute, tlp, state,
  failure, detail, shortfalls, requested_by, sample, score, rating, provider, created_at, changed_at, ended_at
from runs where tenant_id = $1 and id = any ($2::uuid[]) order by created_at desc, id desc

-- name: called
-- Which of these keys of outlets there are: a look into the index for each.
select k.key from unnest($2::text[]) k (key)
where exists (select from runs r where r.tenant_id = $1 and r.outlet_key = k.key) order by k.key

-- name: outlets
-- Each outlet once, by hops along the index instead of reading every run, with its newest name.
with recursive hop as (
  (select outlet_key, 1 as n from runs where tenant_id = $1 order by outlet_key limit 1)
  union all
  select (select r.outlet_key from runs r where r.tenant_id = $1 and r.outlet_key > h.outlet_key order by r.outlet_key limit 1), h.n + 1
  from hop h where h.outlet_key is not null and h.n < $2
)
select h.outlet_key as key, l.outlet as name, l.country
from hop h cross join lateral (
  select r.outlet, r.country from runs r where r.tenant_id = $1 and r.outlet_key = h.outlet_key order by r.created_at desc, r.id desc limit 1) l
where h.outlet_key is not null
order by l.outlet, h.outlet_key

-- name: batches
-- The last few, each with the states of its runs.
select b.id, b.name, b.created_at, array(
  select r.state from runs r where r.tenant_id = $1 and r.batch_id = b.id order by r.id) as states
from run_batches b
where b.tenant_id = $1 order by b.created_at desc, b.id desc limit $2
