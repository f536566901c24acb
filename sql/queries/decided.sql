-- name: decided
-- The last thing that somebody said of each match in an item, the newest first, with what it was found in.
select m.narrative, i.title, i.text, m.spans, v.verdict
from (
  select distinct on (match_id) match_id, verdict, made_at, id from match_verdicts where tenant_id = $1 order by match_id, made_at desc, id desc
) v
join narrative_matches m on m.tenant_id = $1 and m.id = v.match_id
join run_items i on i.tenant_id = $1 and i.run_id = m.run_id and i.number = m.item
where m.place = 'item'
order by v.made_at desc, v.id desc
limit $2
