-- name: add
-- Once per item and candidate, however often the item is placed. Where no judge is switched on it is closed at once, and counted.
insert into contests (id, item_id, story_id, likeness, state, why, judged_at)
select n.id, n.item_id, n.story_id, n.likeness, case $5::text when '' then 'open' else 'unjudged' end, $5,
  case $5::text when '' then null else cid_now() end
from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::real[]) as n (id, item_id, story_id, likeness)
on conflict (item_id, story_id) do nothing
returning id

-- name: pairs
-- Open ones with what there is to judge by: the item, and the first headlines of the candidate that are public.
select c.id, c.item_id, i.story_id as own, o.id as other, (s.created_at, s.id) < (o.created_at, o.id) as older_own,
  i.public, i.sample or o.sample as sample, i.title, i.summary, least(coalesce(i.published_at, i.first_seen_at), i.first_seen_at) as at,
  array(select x.title from items x where x.story_id = o.id and x.public and x.id <> i.id
        order by x.first_seen_at, x.id limit 3) as headlines
from contests c
join items i on i.id = c.item_id
join stories s on s.id = i.story_id
join stories o on o.id = story_root(c.story_id)
where c.id = any($1::uuid[]) and c.state = 'open'
order by c.id

-- name: close
-- Compare-and-set: no row comes back for one that somebody else closed first.
update contests c set state = n.state, why = n.why, call_id = n.call_id, judged_at = cid_now()
from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[]) as n (id, state, why, call_id)
where c.id = n.id and c.state = 'open'
returning c.id

-- name: forget
-- What was judged so long ago that nobody asks.
delete from contests where judged_at < cid_now() - $1::interval
