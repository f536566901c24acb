-- name: want
-- Items of this tenant whose pages are to be read: those that it has from a source that links to articles (Google's links lead to
-- Google, and posts are all there is of themselves) and whose texts it did not decline. In order of their ids: two tenants that ask for the same ones would else wait for each other in a ring. What was asked for
-- before, by whomever, is not answered again. No more than $3 of one story are read.
insert into item_texts (item_id)
select i.id
from visible_items i
where i.id = any($2::uuid[]) and not i.sample
  and exists (
    select from sightings g
    join sources o on o.id = g.source_id and o.kind in ('rss', 'gdelt', 'serpapi', 'page')
    join subscriptions u on u.tenant_id = $1 and u.source_id = g.source_id and u.active and u.full_text
    where g.item_id = i.id)
  and (select count(*) from item_texts t join items o on o.id = t.item_id where o.story_id = i.story_id) < $3
order by i.id
on conflict (item_id) do nothing
returning item_id

-- name: of_stories
-- The items of stories as a tenant sees them, the earliest first: those that a draft would stand on.
select s.id as story_id, i.id, i.url
from unnest($1::uuid[]) as s (id)
cross join lateral (
  select v.id, v.url from visible_items v
  where v.story_id = (select story_root(s.id)) and not v.sample
  order by least(coalesce(v.published_at, v.first_seen_at), v.first_seen_at), v.id limit $2) i

-- name: addresses
select id, url from visible_items where id = any($1::uuid[])

-- name: awaited
-- Whether an article of the story is being read for the first time, asked for within $2 of now: it is worth waiting for that long.
select exists (
  select from visible_items i join item_texts t on t.item_id = i.id
  where i.story_id = (select story_root($1)) and t.state is null and t.retry_at is not null and t.wanted_at > cid_now() - $2::interval)

-- name: take
-- One look at a time, over all processes: whoever moves the time of the next one holds this one, for as long as a look may take.
update item_texts t set retry_at = cid_now() + $2::interval, tries = t.tries + 1
from items i
where t.item_id = $1 and t.retry_at <= cid_now() and i.id = t.item_id
returning i.url, i.language, t.tries

-- name: due_at
-- When an item may be looked at next; null: never again.
select retry_at from item_texts where item_id = $1

-- name: store
-- Fenced by the try: a look that outlived its time changes nothing. A text once read is not lost to a later failure.
update item_texts set
  state = $3, detail = $4, text = $5, words = $6, title = $7, language = $8, canonical_url = $9,
  alias_of = (select i.id from items i where $9 <> '' and i.url_hash = $10 and i.id <> $1 and (i.public or not (select o.public from items o where o.id = $1))),
  published_at = $11, status = $12, bytes = $13, sha = $14, fetched_at = cid_now(), retry_at = $15
where item_id = $1 and tries = $2 and retry_at is not null
returning item_id

-- name: complete
-- What the sources did not say about the item. Nothing that they did say is changed.
update items set
  published_at = coalesce(published_at, $2), language = case when language = '' then $3 else language end
where id = $1 and ((published_at is null and $2::timestamptz is not null) or (language = '' and $3 <> ''))

-- name: forgotten
-- Looks that are overdue and have no job: a tenant that asked for them may be gone.
select t.item_id, i.url from item_texts t join items i on i.id = t.item_id
where t.retry_at < cid_now() - interval '5 minutes'
order by t.retry_at limit $1

-- name: of_item
-- What became of an item's page, for the page that shows the item; `same_as` only where the tenant may see it.
select t.state, t.detail, t.words, t.language, t.canonical_url, t.published_at, t.status, t.tries, t.wanted_at, t.fetched_at, t.retry_at,
       a.id as same_as, a.title as same_title
from visible_items i
join item_texts t on t.item_id = i.id
left join visible_items a on a.id = t.alias_of
where i.id = $1

-- name: forget
-- Texts that were read so long ago that no draft will stand on them any more. That they were read is kept, and they are not read again.
update item_texts set text = ''
where item_id in (
  select item_id from item_texts where text <> '' and fetched_at < cid_now() - $1::interval order by fetched_at limit $2 for update skip locked)
