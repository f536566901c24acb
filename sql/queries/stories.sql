-- name: alone
-- Placing is done by one writer: two at once would each make a story of the same news.
select pg_advisory_xact_lock(4866372)

-- name: uses
-- How many titles used each term.
select u.key, u.titles from unnest($1::bigint[]) as a (key) cross join lateral (select * from term_uses t where t.key = a.key offset 0) u

-- name: use
insert into term_uses as t (key, titles) select * from unnest($1::bigint[], $2::integer[]) order by 1
on conflict (key) do update set titles = t.titles + excluded.titles

-- name: near
-- For each item ($1: its number, $2: one of its keys) the stories that stand under most of its keys, at most $3 of an item and $4
-- of a key, the biggest and then the youngest of them. One probe of the index per key, by `offset 0` and `limit`: left to itself
-- the planner reads the whole table, and each item costs more than the one before. One that merged still stands under its keys,
-- for the story that took it in.
with hits as (
  select distinct a.item, a.key, coalesce(m.merged_into, p.story_id) as story_id
  from unnest($1::integer[], $2::bigint[]) as a (item, key)
  cross join lateral (
    select k.story_id from story_keys k where k.key = a.key order by k.level desc, k.story_id desc limit $4
  ) p
  cross join lateral (select r.merged_into from stories r where r.id = p.story_id offset 0) m
), ranked as (
  select story_id, row_number() over (partition by item order by count(*) desc, story_id) as place
  from hits group by item, story_id
), chosen as (
  select h.story_id, array_agg(distinct h.key) as keys
  from hits h where h.story_id in (select story_id from ranked where place <= $3) group by 1
)
select s.id, s.words, s.weights, s.mass, s.faces, s.voices, s.follows, s.last_item_at as at, s.sample, c.keys
from chosen c cross join lateral (select * from stories s where s.id = c.story_id offset 0) s
order by s.id

-- name: add
insert into stories (id, words, weights, mass, faces, voices, last_item_at, sample)
select n.id, n.words, n.weights, n.mass, n.faces, n.voices, n.at, n.sample
from jsonb_to_recordset($1)
  as n (id uuid, words text[], weights double precision[], mass integer, faces text[], voices bigint[], at timestamptz, sample boolean)

-- name: grow
update stories set words = n.words, weights = n.weights, mass = n.mass, faces = n.faces, voices = n.voices, last_item_at = n.at
from jsonb_to_recordset($1)
  as n (id uuid, words text[], weights double precision[], mass integer, faces text[], voices bigint[], at timestamptz)
where stories.id = n.id

-- name: follow
-- A later chapter of something that was reported before.
update stories set follows = story_root(n.follows) from unnest($1::uuid[], $2::uuid[]) as n (id, follows)
where stories.id = n.id and n.id <> story_root(n.follows)

-- name: hold
-- No story merges while this transaction is open: for whoever opens screenings, before it asks which story stands for an item's.
select pg_advisory_xact_lock_shared(4866373)

-- name: roots
select n.id, story_root(n.id) as root from unnest($1::uuid[]) as n (id)

-- name: merge
-- Answers the stories that took others in.
select merge_stories($1, $2) as id

-- name: stand
insert into story_keys (key, level, story_id) select * from unnest($1::bigint[], $2::smallint[], $3::uuid[]) order by 1, 2, 3
on conflict do nothing

-- name: outgrow
-- Where it stood when it was smaller.
delete from story_keys k using unnest($1::bigint[], $2::smallint[], $3::uuid[]) as n (key, level, story_id)
where k.key = n.key and k.level = n.level and k.story_id = n.story_id

-- name: forget
-- Keys of windows that nothing is looked up in any more.
delete from story_keys where key < $1

-- name: forget_uses
delete from term_uses where key < $1

-- name: count
-- What a hand-out brought its stories: $1 all of its items, $2 and $3 how many were placed in which story. A publisher counts when
-- its row is new, so nothing is counted twice, and no story is read anew however long it grows. `offset 0`: while a month's sightings
-- are without statistics, nearly all of them are taken for private, and all that there are would be read.
with reports as (
  select i.story_id, coalesce(nullif(g.publisher, ''), nullif(o.publisher, ''), o.id::text) as publisher, min(least(i.published_at, i.first_seen_at)) as at
  from unnest($1::uuid[]) as n (id)
  cross join lateral (select * from items i where i.id = n.id and i.story_id is not null offset 0) i
  cross join lateral (select * from sightings g where g.item_id = n.id and g.tenant_id is null offset 0) g
  join sources o on o.id = g.source_id
  group by 1, 2
), written as (
  insert into story_publishers as p (story_id, publisher, at) select * from reports order by 1, 2
  on conflict (story_id, publisher) do update set at = excluded.at where excluded.at < p.at
  returning p.story_id, p.at, xmax = 0 as fresh
), fresh as (
  select story_id, count(*) as publishers, max(at) as newest from written where fresh group by 1
), brought as (
  select story_id, items from unnest($2::uuid[], $3::integer[]) as n (story_id, items)
)
update stories s
set items = s.items + coalesce(b.items, 0), publishers = s.publishers + coalesce(f.publishers, 0),
  last_new_publisher_at = case when s.publishers = 0 then coalesce(f.newest, s.last_new_publisher_at)
    else greatest(s.last_new_publisher_at, f.newest) end
from fresh f full join brought b using (story_id)
where s.id = story_id

-- name: recount
-- Counted anew, never incremented. Who has reported: several feeds of one publisher count once, private sources do not.
with reports as (
  select i.story_id, coalesce(nullif(g.publisher, ''), nullif(o.publisher, ''), o.id::text) as publisher, min(least(i.published_at, i.first_seen_at)) as at
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
-- Screenings that wait for signal and whose tenant's own spread has grown since they were judged, or that became urgent by a merge,
-- with the counts at which that tenant wants them judged again, where it turned them. Counted as `evidence.spread` does.
with waiting as (
  select w.tenant_id, w.id, w.story_id, w.spread, w.urgent from screenings w
  where w.story_id = any($1::uuid[]) and w.state = 'waiting' and w.waiting_for = 'signal'
), heard as (
  select w.tenant_id, w.id, w.spread as judged_at, w.urgent
  from waiting w
  join items i on i.story_id = w.story_id
  join sightings g on g.item_id = i.id and (g.tenant_id is null or g.tenant_id = w.tenant_id)
  join sources o on o.id = g.source_id
  left join subscriptions s on s.tenant_id = w.tenant_id and s.source_id = o.id and s.active
  where o.vetted or s.id is not null
  group by w.tenant_id, w.id, w.spread, w.urgent, coalesce(nullif(g.publisher, ''), nullif(o.publisher, ''), o.id::text)
  having bool_or(s.role = 'news') or not coalesce(bool_or(s.role = 'competitor'), false)
), spread as (
  select tenant_id, id, judged_at, urgent, count(*) as now from heard group by 1, 2, 3, 4
)
select s.tenant_id, s.id, s.judged_at, s.urgent, s.now, p.value as own
from spread s left join policies p on p.tenant_id = s.tenant_id and p.section = 'signal' and p.name = 'rejudge_at'
where s.urgent or s.judged_at < s.now
