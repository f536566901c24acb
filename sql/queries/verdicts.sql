-- name: add
-- Its cost is its share of the call, which is settled before anybody reads the reply; an answer that was stored cost nothing anew.
insert into verdicts (id, tenant_id, item_id, story_id, screening_id, gate, outcome, reason, detail, score, call_id, signals, config, desk, cost)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,
  case when $15 then 0 else (select c.cost / greatest(jsonb_array_length(c.subjects), 1) from calls c where c.tenant_id = $2 and c.id = $11) end)

-- name: of_item
-- Everything ever said about an item and about the screenings that its story has and had, oldest first.
select v.gate, v.outcome, v.reason, v.detail, v.score::float8 as score, v.signals, v.cost, v.config, v.desk, v.screening_id, v.call_id, v.at
from verdicts v
where v.tenant_id = $1
  and (v.item_id = $2
       or (v.item_id is null and v.screening_id = any(array(select s.id from screenings s where s.tenant_id = $1 and s.story_id = story_root($3)))))
order by v.at, v.id

-- name: of_screening
select v.gate, v.outcome, v.reason, v.detail, v.score::float8 as score, v.signals, v.cost, v.config, v.desk, v.screening_id, v.call_id, v.at
from verdicts v
where v.tenant_id = $1 and v.screening_id = $2
order by v.at, v.id

-- name: judged_items
-- Which of these items gate 1 has judged already.
select distinct item_id from verdicts where tenant_id = $1 and item_id = any($2::uuid[]) and gate = 'rules'

-- name: add_many
-- Gate 1 judges hundreds at once.
insert into verdicts (id, tenant_id, item_id, story_id, screening_id, gate, outcome, reason, detail, signals, config, desk)
select n.id, $1, n.item_id, n.story_id, n.screening_id, $2, n.outcome, n.reason, n.detail, n.signals, $11, $12
from unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::text[], $8::text[], $9::text[], $10::jsonb[])
  as n (id, item_id, story_id, screening_id, outcome, reason, detail, signals)

-- name: rules_of_screening
-- What gate 1 went by for the items that opened a screening, joined it, or came with one that became part of it: the latest.
select v.signals from verdicts v
where v.tenant_id = $1 and v.gate = 'rules' and v.outcome = 'pass' and v.screening_id = any(array(
  select s.id from screenings s
  where s.tenant_id = $1 and (s.id = $2 or s.merged_into = $2)
    and s.story_id = (select w.story_id from screenings w where w.tenant_id = $1 and w.id = $2)))
order by v.at desc, v.id desc limit $3

-- name: follow_ups
-- How often a model was asked to follow a story's draft up, whatever came of it.
select count(*)::int from verdicts v
where v.tenant_id = $1 and v.screening_id = $2 and v.gate = 'draft' and v.reason in ('followed', 'not_followed') and v.call_id is not null
  and v.at >= $3

-- name: came_since_evidence
-- Whether reports joined a screening after its evidence was gathered.
select exists (select from verdicts v where v.tenant_id = $1 and v.screening_id = $2 and v.gate = 'rules' and v.outcome = 'pass'
  and v.at > (select max(e.made_at) from evidence_packs e where e.tenant_id = $1 and e.screening_id = $2))
