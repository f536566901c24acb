-- name: labels
-- The newest stories that gate 2 asked a model about, as they were shown to it, and what people decided of their drafts since. One
-- that was asked about by chance stands for those that were not. What an outage decided, and what was not asked about, tells nothing.
select i.title, i.summary, case d.state when 'approved' then true when 'rejected' then false else v.outcome = 'pass' end as wanted,
  d.state is not null as decided, coalesce(p.stands_for, 1) as stands_for
from (select v.screening_id, v.outcome, v.at, v.id from verdicts v
      where v.tenant_id = $1 and v.gate = 'relevance' and v.reason in ('relevant', 'low_relevance') and v.id >= (select uuid7_floor(cid_now() - $3::interval))
      order by v.at desc, v.id desc limit $2) v
join screenings s on s.tenant_id = $1 and s.id = v.screening_id
join visible_items i on i.id = s.item_id
left join drafts d on d.tenant_id = $1 and d.screening_id = s.id and d.update_of is null and d.state in ('approved', 'rejected')
left join prefilter_samples p on p.tenant_id = $1 and p.screening_id = s.id
order by v.at, v.id

-- name: put
-- One that switched itself off stays off until a person lets it try again, however good the next one is.
insert into prefilters as p (tenant_id, version, state, why, bias, threshold, weights, up, down, labels, decided, passes, held,
  held_passes, recall, sure, saved)
values ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
on conflict (tenant_id) do update set version = p.version + 1,
  state = case p.state when 'tripped' then 'tripped' else excluded.state end,
  why = case p.state when 'tripped' then p.why else excluded.why end,
  bias = excluded.bias, threshold = excluded.threshold, weights = excluded.weights, up = excluded.up, down = excluded.down,
  labels = excluded.labels, decided = excluded.decided, passes = excluded.passes, held = excluded.held,
  held_passes = excluded.held_passes, recall = excluded.recall, sure = excluded.sure, saved = excluded.saved, learned_at = cid_now()

-- name: standing
-- Everything but the weights, for people.
select p.version, p.state, p.why, p.threshold, p.up, p.down, p.labels, p.decided, p.passes, p.held, p.held_passes, p.recall, p.sure,
  p.saved, p.learned_at, p.measured_at, p.kept_passes, p.asked, p.asked_passes, p.live_recall, p.cleared_at,
  person_of(p.cleared_by) as cleared_by
from prefilters p where p.tenant_id = $1

-- name: proved
select version, bias, threshold, weights from prefilters where tenant_id = $1 and state = 'proved'

-- name: sample
insert into prefilter_samples (tenant_id, screening_id, version, score, stands_for) values ($1, $2, $3, $4, $5) on conflict do nothing

-- name: live
-- What became of stories since the filter is on, as far back as $2 goes and a person last let it try again: on is from the first
-- story that was asked about by chance.
with asked as materialized (
  select s.screening_id, s.stands_for, s.at from prefilter_samples s
  where s.tenant_id = $1
    and s.at >= greatest(cid_now() - $2::interval, (select p.cleared_at from prefilters p where p.tenant_id = $1))
), judged as (
  select a.screening_id, max(a.stands_for) as stands_for, bool_or(v.outcome = 'pass') as passed
  from asked a join verdicts v on v.tenant_id = $1 and v.screening_id = a.screening_id and v.gate = 'relevance'
    and v.reason in ('relevant', 'low_relevance')
  group by a.screening_id
), passed as (
  select count(*) as n from verdicts v
  where v.tenant_id = $1 and v.gate = 'relevance' and v.reason = 'relevant' and v.at >= (select min(a.at) from asked a)
    and v.id >= (select uuid7_floor(cid_now() - $2::interval))
)
select (passed.n - coalesce(j.asked_passes, 0))::int as kept_passes, coalesce(j.asked, 0)::int as asked,
  coalesce(j.asked_passes, 0)::int as asked_passes, coalesce(j.missed, 0)::float8 as missed
from passed, (select count(*) as asked, count(*) filter (where passed) as asked_passes,
                sum(stands_for) filter (where passed) as missed from judged) j

-- name: measured
update prefilters set measured_at = cid_now(), kept_passes = $2, asked = $3, asked_passes = $4, live_recall = $5,
  state = case when $6 = '' then state else 'tripped' end, why = case when $6 = '' then why else $6 end
where tenant_id = $1

-- name: clear
-- A person lets one try again that had switched itself off. It learns anew first: its state is that of one that never proved itself.
update prefilters set state = 'learning', why = 'it learns anew', cleared_at = cid_now(), cleared_by = $2
where tenant_id = $1 and state = 'tripped' returning version

-- name: learned_at
select learned_at from prefilters where tenant_id = $1
