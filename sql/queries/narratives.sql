-- name: of_match
-- Which run and narrative a match belongs to, with what was said of it last.
select m.run_id, m.narrative, coalesce(v.verdict, '') as verdict
from narrative_matches m
left join lateral (
  select verdict from match_verdicts v where v.tenant_id = $1 and v.match_id = m.id order by made_at desc, id desc limit 1
) v on true
where m.tenant_id = $1 and m.id = $2

-- name: add_verdict
insert into match_verdicts (tenant_id, id, match_id, verdict, note, user_id) values ($1, $2, $3, $4, $5, $6)

-- name: weekly
-- How often narratives were found in items, by week, stance and what people said of it. One look into the index per
-- narrative: narrative_matches_over_time holds all that is counted.
select n.narrative, f.week, f.stance, f.found, f.confirmed, f.rejected
from unnest($2::text[]) as n (narrative)
cross join lateral (
  select date_trunc('week', m.made_at at time zone 'UTC')::date as week, m.stance, count(*)::bigint as found,
    count(*) filter (where v.verdict = 'confirmed')::bigint as confirmed, count(*) filter (where v.verdict = 'rejected')::bigint as rejected
  from narrative_matches m
  left join lateral (
    select verdict from match_verdicts v where v.tenant_id = $1 and v.match_id = m.id order by made_at desc, id desc limit 1
  ) v on true
  where m.tenant_id = $1 and m.narrative = n.narrative and m.made_at >= $3 and m.place = 'item' and ($4::text is null or m.stance = $4)
  group by 1, 2
) f
order by 1, 2, 3

-- name: weekly_of_outlet
-- The same for one outlet: by its runs, because the index over time knows no outlets.
select m.narrative, date_trunc('week', m.made_at at time zone 'UTC')::date as week, m.stance, count(*)::bigint as found,
  count(*) filter (where v.verdict = 'confirmed')::bigint as confirmed, count(*) filter (where v.verdict = 'rejected')::bigint as rejected
from runs r
join narrative_matches m on m.tenant_id = $1 and m.run_id = r.id
left join lateral (
  select verdict from match_verdicts v where v.tenant_id = $1 and v.match_id = m.id order by made_at desc, id desc limit 1
) v on true
where r.tenant_id = $1 and r.outlet_key = $5 and r.created_at >= $3::timestamptz - interval '7 days' and m.made_at >= $3
  and m.narrative = any ($2::text[]) and m.place = 'item' and ($4::text is null or m.stance = $4)
group by 1, 2, 3
order by 1, 2, 3

-- name: latest
-- The newest matches of one narrative, from before $4 on, with the item in which each stands.
select m.id, m.run_id, m.item, m.spans, m.cues, m.strength, m.stance, m.language, m.by, m.made_at, r.outlet, r.country, r.sample,
  coalesce(i.title, '') as title, coalesce(v.verdict, '') as verdict
from narrative_matches m
join runs r on r.tenant_id = $1 and r.id = m.run_id
left join run_items i on i.tenant_id = $1 and i.run_id = m.run_id and i.number = m.item
left join lateral (
  select verdict from match_verdicts v where v.tenant_id = $1 and v.match_id = m.id order by made_at desc, id desc limit 1
) v on true
where m.tenant_id = $1 and m.narrative = $2 and m.place = 'item' and ($3::text is null or m.stance = $3)
  and ($4::timestamptz is null or (m.made_at, m.id) < ($4, $5::uuid)) and ($6::text is null or r.outlet_key = $6)
order by m.made_at desc, m.id desc
limit $7

-- name: outlets
-- Those of the newest runs, to choose from.
select outlet_key as key, max(outlet) as name, max(created_at) as last
from (select outlet_key, outlet, created_at from runs where tenant_id = $1 order by created_at desc, id desc limit 2000) r
group by outlet_key
order by last desc
limit 100
