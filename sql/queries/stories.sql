-- name: alone
-- Placing is done by one writer: two at once would each make a story of the same news.
select pg_advisory_xact_lock(4866372)

-- name: near
-- Stories that stand under one of the keys, and those of their keys that are asked for. One probe of the index per key, by
-- `offset 0`: left to itself the planner reads the whole table, and each item costs more than the one before. One that merged
-- still stands under its keys, for the story that took it in.
select s.id, s.words, s.last_item_at as at, s.sample, k.keys
from (
  select coalesce(m.merged_into, p.story_id) as story_id, array_agg(distinct p.key) as keys
  from unnest($1::bigint[]) as a (key) cross join lateral (select k.key, k.story_id from story_keys k where k.key = a.key offset 0) p
  cross join lateral (select r.merged_into from stories r where r.id = p.story_id offset 0) m
  group by 1
) k
cross join lateral (select * from stories s where s.id = k.story_id offset 0) s
order by s.created_at, s.id

-- name: add
insert into stories (id, words, last_item_at, sample)
select n.id, n.words, n.at, n.sample
from jsonb_to_recordset($1) as n (id uuid, words text[], at timestamptz, sample boolean)

-- name: grow
update stories set words = n.words, last_item_at = n.at
from jsonb_to_recordset($1) as n (id uuid, words text[], at timestamptz)
where stories.id = n.id

-- name: follow
-- A later chapter of something that was reported before.
update stories set follows = story_root(n.follows) from unnest($1::uuid[], $2::uuid[]) as n (id, follows)
where stories.id = n.id and n.id <> story_root(n.follows)

-- name: hold
-- No story merges while this transaction is open: for whoever opens screenings, before it reads which story an item is of.
select pg_advisory_xact_lock_shared(4866373)

-- name: merge
-- Answers the stories that took others in.
select merge_stories($1, $2) as id

-- name: stand
insert into story_keys (key, story_id) select * from unnest($1::bigint[], $2::uuid[]) order by 1, 2
on conflict do nothing

-- name: forget
-- Keys of windows that nothing is looked up in any more.
delete from story_keys where key < $1

-- name: recount
-- Counted anew, never incremented. Who has reported: several feeds of one publisher count once, private sources do not.
with reports as (
  select i.story_id, coalesce(nullif(o.publisher, ''), o.id::text) as publisher, min(least(i.published_at, i.first_seen_at)) as at
  from items i join sightings g on g.item_id = i.id and g.tenant_id is null join sources o on o.id = g.source_id
  where i.story_id = any($1::uuid[])
  group by 1, 2
), counted as (
  select story_id, count(*) as publishers, max(at) as newest from reports group by 1
)
update stories s
set items = (select count(*) from items i where i.story_id = s.id), publishers = coalesce(c.publishers, 0),
  last_new_publisher_at = coalesce(c.newest, s.last_new_publisher_at)
from unnest($1::uuid[]) as t (id) left join counted c on c.story_id = t.id
where s.id = t.id

-- name: spread_reached
-- Screenings that wait for signal and whose tenant's own spread has reached a count at which they are judged again, or that became
-- urgent by a merge, and need not wait.
with waiting as (
  select w.tenant_id, w.id, w.story_id, w.spread, w.urgent from screenings w
  where w.story_id = any($1::uuid[]) and w.state = 'waiting' and w.waiting_for = 'signal'
), spread as (
  select w.tenant_id, w.id, w.spread as judged_at, w.urgent, count(distinct coalesce(nullif(o.publisher, ''), o.id::text)) as now
  from waiting w
  join items i on i.story_id = w.story_id
  join sightings g on g.item_id = i.id and (g.tenant_id is null or g.tenant_id = w.tenant_id)
  join sources o on o.id = g.source_id
  left join subscriptions s on s.tenant_id = w.tenant_id and s.source_id = o.id and s.active
  where o.vetted or s.id is not null
  group by 1, 2, 3, 4
)
select tenant_id, id from spread where urgent or exists (select from unnest($2::int[]) as n where judged_at < n and n <= now)
