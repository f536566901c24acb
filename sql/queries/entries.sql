-- name: add
-- The story may have merged since the screening was read.
insert into entries (tenant_id, id, screening_id, story_id, item_id, category, regions, title, summary, url, score, published_at, sample,
  provider, call_id)
values ($1, $2, $3, story_root($4), $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)

-- name: by_id
select tenant_id, id, screening_id, story_id, item_id, state, category, regions, title, summary, url, score, published_at, sample, provider,
  call_id, merged_into, made_at, changed_at
from entries where tenant_id = $1 and id = $2

-- name: lock
-- Whoever decides on one, or on several in the order of their ids, holds them until it is written.
select tenant_id, id, screening_id, story_id, item_id, state, category, regions, title, summary, url, score, published_at, sample, provider,
  call_id, merged_into, made_at, changed_at
from entries where tenant_id = $1 and id = any($2::uuid[]) order by id for no key update

-- name: move
-- Compare-and-set; what its story's merge hid stays with the entry that stands for both.
update entries set state = $4, changed_at = cid_now()
where tenant_id = $1 and id = $2 and state = $3 and merged_into is null
returning id

-- name: retag
update entries set category = $3, regions = $4, summary = $5, changed_at = cid_now() where tenant_id = $1 and id = $2

-- name: was_hidden
-- Whether a person hid what the story had on the tracker before.
select exists (
  select from entries e join entry_decisions d on d.tenant_id = e.tenant_id and d.entry_id = e.id and d.kind = 'hide'
  where e.tenant_id = $1 and e.story_id = story_root($2) and e.state = 'hidden')

-- name: decide
insert into entry_decisions (tenant_id, id, entry_id, kind, user_id, via, rule, reason, before, after)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)

-- name: decisions
-- Oldest first, with the name of whoever decided, or whose rule it was.
select d.id, d.kind, coalesce(person_of(d.user_id), '') as who, d.via, d.rule, d.reason, d.before, d.after, d.made_at
from entry_decisions d where d.tenant_id = $1 and d.entry_id = $2 order by d.made_at, d.id

-- name: reports
-- How often, by how many, and when last the entry's story was reported, as far as the tenant sees.
select count(distinct i.id)::int as reports,
  count(distinct coalesce(nullif(g.publisher, ''), nullif(o.publisher, ''), o.id::text))::int as publishers, max(i.first_seen_at) as latest
from visible_items i join sightings g on g.item_id = i.id and not g.again join sources o on o.id = g.source_id
where i.story_id = $1
