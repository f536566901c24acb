-- name: listed
-- Runs newest first, before the place ($9, $10); what is null is no condition. Outlets are named by their keys ($2).
select r.id, r.tenant_id, r.batch_id, r.monitor_id, r.outlet, r.outlet_key, r.country, r.url, r.platform, r.period, r.items, r.sources,
  r.substitute, r.tlp, r.state, r.failure, r.detail, r.shortfalls, r.requested_by, r.sample, r.score, r.rating, r.provider, r.created_at,
  r.changed_at, r.ended_at
from runs r
where r.tenant_id = $1 and ($2::text[] is null or r.outlet_key = any($2)) and ($3::text[] is null or r.state = any($3))
  and ($4::text is null or r.platform = $4) and ($5::text is null or r.country = $5) and ($6::text is null or r.rating = $6)
  and ($7::text is null or r.tlp = $7) and ($8::timestamptz is null or r.created_at >= $8)
  and ($9::timestamptz is null or (r.created_at, r.id) < ($9, $10::uuid))
order by r.created_at desc, r.id desc limit $11

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
