-- name: gates
-- Each gate against what people decided later of the drafts that came of its stories, of the newest $3 approved and rejected ones
-- each that were decided within $2. Whoever was dropped and has a draft all the same was drafted by hand, or judged again. Gate 1
-- judges items: a drop of the one that opened the story. Gate 5 judges drafts: by its newest review.
with decided as materialized (
  select * from (select d.id, d.screening_id, true as good from drafts d
    where d.tenant_id = $1 and d.state = 'approved' and d.update_of is null and d.changed_at >= (select cid_now() - $2::interval)
    order by d.changed_at desc, d.id desc limit $3) a
  union all
  select * from (select d.id, d.screening_id, false from drafts d
    where d.tenant_id = $1 and d.state = 'rejected' and d.update_of is null and d.changed_at >= (select cid_now() - $2::interval)
    order by d.changed_at desc, d.id desc limit $3) r
), said as (
  select x.id, x.good, v.gate, bool_or(v.outcome = 'drop' and v.reason not in ('merged', 'outage')) as dropped
  from decided x join verdicts v on v.tenant_id = $1 and v.screening_id = x.screening_id
  where v.gate <> 'review' and v.id >= (select uuid7_floor(cid_now() - $2::interval - interval '30 days'))
  group by x.id, x.good, v.gate
  union all
  select x.id, x.good, 'rules', true
  from decided x join screenings s on s.tenant_id = $1 and s.id = x.screening_id
  where exists (select from verdicts v where v.tenant_id = $1 and v.item_id = s.item_id and v.gate = 'rules' and v.outcome = 'drop'
                and v.id >= (select uuid7_floor(cid_now() - $2::interval - interval '30 days')))
  union all
  select x.id, x.good, 'review', r.outcome not in ('ready_for_approval', 'auto_revised')
  from decided x cross join lateral (
    select w.outcome from reviews w where w.tenant_id = $1 and w.draft_id = x.id order by w.made_at desc, w.id desc limit 1) r
), once as (
  select id, good, gate, bool_or(dropped) as dropped from said group by id, good, gate
)
select gate, count(*) filter (where good and not dropped) as right, count(*) filter (where not good and not dropped) as wrong,
  count(*) filter (where good and dropped) as missed, count(*) filter (where not good and dropped) as spared
from once group by gate
