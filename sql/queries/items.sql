-- name: unseen
-- Of what sources report, numbers of what they had not shown before: nearly all of a feed is what it was at the last poll, and need
-- not be sent here again.
select s.n::int - 1 as n from unnest($1::uuid[], $2::bytea[]) with ordinality as s (source_id, url_hash, n)
where not exists (
  select from items i join sightings g on g.source_id = s.source_id and g.item_id = i.id where i.url_hash = s.url_hash)
order by s.n

-- name: met
-- Entries whose address is new, though their source had the article: under the same key at another address, or within a week by
-- the same title under another key. Two that were published most of a day apart are two: columns repeat their titles, and some
-- feeds number their places.
with n as (
  select * from unnest($1::int[], $2::uuid[], $3::bytea[], $4::text[], $5::bytea[], $6::timestamptz[])
    as n (place, source_id, url_hash, key, title_key, at)
)
select distinct on (n.place) n.place, g.item_id, g.same_key
from n, lateral (
  select s.item_id, s.id, s.published_at, true as same_key from sightings s
  where s.source_id = n.source_id and s.entry_key = n.key and n.key <> ''
  union all
  select s.item_id, s.id, s.published_at, false from sightings s
  where s.source_id = n.source_id and s.title_key = n.title_key and s.id >= uuid7_floor(cid_now() - interval '7 days')
) g
where not exists (select from items i where i.url_hash = n.url_hash)
  and coalesce(abs(extract(epoch from g.published_at - n.at)) < 20 * 3600, true)
order by n.place, g.same_key desc, g.id desc

-- name: see_again
-- The same article under a key that its source had not used for it: the next time it is known by that one, too.
insert into sightings (id, item_id, source_id, tenant_id, entry_key, title_key, published_at, link, via, publisher, facts, again)
select n.id, n.item_id, n.source_id, n.tenant_id, n.key, n.title_key, n.published_at, n.link, n.via, n.publisher, n.facts, true
from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::bytea[], $7::timestamptz[], $8::text[], $9::text[],
  $10::text[], $11::jsonb[]) as n (id, item_id, source_id, tenant_id, key, title_key, published_at, link, via, publisher, facts)

-- name: add
-- Exact duplicates meet here. In order of their hash: two polls that bring the same items would else wait for each other in a ring.
insert into items (id, url, url_hash, title, summary, author, published_at, language, identity, public, sample)
select n.id, n.url, n.url_hash, n.title, n.summary, n.author, n.published_at, n.language, n.identity, n.public, n.sample
from unnest($1::uuid[], $2::text[], $3::bytea[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::text[], $9::text[],
  $10::bool[], $11::bool[]) as n (id, url, url_hash, title, summary, author, published_at, language, identity, public, sample)
order by n.url_hash
on conflict (url_hash) do nothing

-- name: publish
-- An item that only private sources had is now at a public one too, and from then on it says what that one says: what a private
-- source wrote of it was for its tenant alone. What the article's own page says stays.
update items i set public = true, url = n.url, title = n.title, summary = n.summary, author = n.author,
  published_at = coalesce(n.published_at, (select t.published_at from item_texts t where t.item_id = i.id)),
  language = coalesce(nullif(n.language, ''), (select t.language from item_texts t where t.item_id = i.id), '')
from (
  select distinct on (i.id) i.id, n.url, n.title, n.summary, n.author, n.published_at, n.language
  from unnest($1::bytea[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[])
    with ordinality as n (url_hash, url, title, summary, author, published_at, language, place)
  join items i on i.url_hash = n.url_hash
  where i.id in (select id from items where url_hash = any($1::bytea[]) and not public order by url_hash for update)
  order by i.id, n.place
) n
where i.id = n.id

-- name: see
-- One sighting per item and source, however often it is polled; the row lock on the source keeps twins apart.
with found as (
  select i.id as item_id, s.source_id, s.tenant_id, s.id, s.entry_key, s.published_at, s.via, s.publisher, s.facts, s.backlog,
    s.title_key, case when s.link <> i.url then s.link else '' end as link
  from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bytea[], $5::text[], $6::timestamptz[], $7::text[], $8::text[], $9::jsonb[],
    $10::bool[], $11::bytea[], $12::text[])
    as s (source_id, tenant_id, id, url_hash, entry_key, published_at, via, publisher, facts, backlog, title_key, link)
  join items i on i.url_hash = s.url_hash
)
insert into sightings (id, item_id, source_id, tenant_id, entry_key, published_at, via, publisher, facts, backlog, title_key, link)
select f.id, f.item_id, f.source_id, f.tenant_id, f.entry_key, f.published_at, f.via, f.publisher, f.facts, f.backlog, f.title_key,
  f.link
from found f
where not exists (select from sightings g where g.source_id = f.source_id and g.item_id = f.item_id)
returning item_id, source_id, backlog

-- name: to_place
-- Items in the order in which they happened. A date that lies ahead counts as the moment we first saw it. An aggregate, because
-- `limit` tempts the planner to walk all sightings in the order of their ids.
select id, title, least(published_at, first_seen_at) as at, story_id, sample, public,
  (select (array_agg(g.source_id order by g.id))[1] from sightings g where g.item_id = items.id and g.tenant_id is null) as source_id
from items where id = any($1::uuid[]) order by at, id

-- name: set_stories
update items set story_id = n.story_id, band = n.band, likeness = n.likeness
from unnest($1::uuid[], $2::uuid[], $3::text[], $4::real[]) as n (id, story_id, band, likeness)
where items.id = n.id and items.story_id is null

-- name: readers
-- Who is to judge these items: tenants that take news from a source that had them.
select distinct s.tenant_id, g.item_id
from sightings g join subscriptions s on s.source_id = g.source_id and s.active and s.role = 'news'
where g.item_id = any($1::uuid[]) and not g.backlog

-- name: unjudged
-- Items as one tenant sees them, with the trust of the best source it has them from, and those of its desks ($3) that have not
-- judged them; where all have, they are left out, but for those that a person has judged again ($4). What was judged is read once
-- for all: looked for item by item, a planner whose statistics are a burst old reads all verdicts of the tenant for each (3 s
-- instead of 20 ms for 500).
with judged as materialized (
  select v.item_id, array_agg(v.desk) as desks from verdicts v
  where v.tenant_id = $1 and v.item_id = any($2::uuid[]) and v.item_id <> all($4::uuid[]) and v.gate = 'rules' group by v.item_id
)
select i.id, i.story_id, i.title, i.summary, least(i.published_at, i.first_seen_at) as at,
  i.published_at is not null as dated, max(s.trust)::float8 as trust,
  array(select d.desk from unnest($3::text[]) as d (desk) where d.desk <> all(coalesce(j.desks, '{}'))) as desks
from items i
join sightings g on g.item_id = i.id
join subscriptions s on s.tenant_id = $1 and s.source_id = g.source_id and s.active and s.role = 'news'
left join judged j on j.item_id = i.id
where i.id = any($2::uuid[]) and i.story_id is not null and not $3::text[] <@ coalesce(j.desks, '{}')
group by i.id, j.desks
order by at, i.id

-- name: by_url_hash
select id, story_id, url, title, summary, author, published_at, first_seen_at, sample
from visible_items where id = (select i.id from items i where i.url_hash = $1)

-- name: listed
-- Newest first, page by page: what was last seen on the page before is the key.
select id, story_id, url, title, summary, author, published_at, first_seen_at, sample
from visible_items v
where exists (select from sightings g join subscriptions s on s.source_id = g.source_id and s.tenant_id = $1 where g.item_id = v.id)
  and ($2::timestamptz is null or (first_seen_at, id) < ($2, $3::uuid))
order by first_seen_at desc, id desc limit $4

-- name: sightings
-- Where an item was seen, as far as the tenant may know.
select o.id as source_id, o.title, o.url, coalesce(nullif(g.publisher, ''), o.publisher) as publisher, g.seen_at, g.published_at,
  coalesce(s.active, false) as subscribed, s.trust::float8 as trust, g.backlog
from sightings g join sources o on o.id = g.source_id
left join subscriptions s on s.tenant_id = $1 and s.source_id = o.id
where g.item_id = $2 and not g.again order by g.seen_at, o.id

-- name: of_story
select id, story_id, url, title, summary, author, published_at, first_seen_at, sample
from visible_items where story_id = (select story_root($1)) order by first_seen_at, id

-- name: recent
-- What a source brought since, for whoever subscribes to it now. Sightings are ordered by their ids.
select g.item_id from sightings g
where g.source_id = $1 and g.id >= uuid7_floor($2) and not g.backlog
order by g.id desc limit $3

-- name: ids_by_url
select url_hash, id from items where url_hash = any($1::bytea[])

-- name: stories_of
select id, story_id from items where id = any($1::uuid[]) and story_id is not null

-- name: visible
-- The story of an item that the tenant may see; no row where it may not.
select story_id from visible_items where id = $1
