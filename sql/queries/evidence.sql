-- name: headlines
-- What gate 2 judges a screening by: the item that opened it, and who reported that item first.
select s.id as screening_id, i.title, i.summary,
  coalesce((select coalesce(nullif(g.publisher, ''), nullif(src.publisher, ''), src.title) from sightings g join sources src on src.id = g.source_id
            where g.item_id = i.id order by g.seen_at, g.id limit 1), '') as publisher
from screenings s join visible_items i on i.id = s.item_id
where s.tenant_id = $1 and s.id = any($2::uuid[])

-- name: reports
-- A story as this tenant may see it. An item seen at several sources is its first one's. What the tenant does not trust,
-- or will not have, is no evidence either, nor is what its competitors wrote, nor an article that another address of the story
-- has, too, nor a headline whose address leads through somebody else's service. As much of a text as evidence is taken from.
select i.id as item_id, i.url, i.title, i.summary,
  coalesce((select coalesce(nullif(g.publisher, ''), nullif(src.publisher, ''), src.title) from sightings g join sources src on src.id = g.source_id
            where g.item_id = i.id order by g.seen_at, g.id limit 1), '') as publisher,
  i.sample, least(coalesce(i.published_at, i.first_seen_at), i.first_seen_at) as reported_at, coalesce(left(t.text, 4000), '') as text
from visible_items i left join item_texts t on t.item_id = i.id
where i.story_id = (select story_root($2)) and i.identity = ''
  and not exists (select from visible_items a left join item_texts b on b.item_id = a.id
                  where a.id = t.alias_of and a.story_id = i.story_id and b.alias_of is distinct from i.id)
  and not exists (select from verdicts v where v.tenant_id = $1 and v.item_id = i.id and v.gate = 'rules'
                  and v.outcome = 'drop' and v.reason in ('low_trust', 'excluded_topic'))
  and not exists (select from sightings g join subscriptions u on u.tenant_id = $1 and u.source_id = g.source_id and u.active
                  where g.item_id = i.id having bool_or(u.role = 'competitor') and not bool_or(u.role = 'news'))
order by case when $3 then least(coalesce(i.published_at, i.first_seen_at), i.first_seen_at) end desc, case when $3 then i.id end desc,
  reported_at, i.id limit 200

-- name: spread
-- Publishers, not feeds: several feeds of one publisher count once. Only sources count that the tenant takes news from or the
-- platform vetted, or anybody could lend weight to a story with feeds of their own; whom the tenant follows as a competitor counts
-- only where it takes news from it as well.
select count(*)::int as publishers, coalesce(max(within), 0)::int as within, max(first_at) as newest_at
from (
  select first_at, count(*) over (order by first_at range between $3::interval preceding and current row) as within
  from (
    select min(least(coalesce(i.published_at, i.first_seen_at), i.first_seen_at)) as first_at
    from visible_items i
    join sightings g on g.item_id = i.id
    join sources src on src.id = g.source_id
    left join subscriptions u on u.tenant_id = $1 and u.source_id = src.id and u.active
    where i.story_id = (select story_root($2)) and (src.vetted or u.id is not null)
    group by coalesce(nullif(g.publisher, ''), nullif(src.publisher, ''), src.id::text)
    having bool_or(u.role = 'news') or not coalesce(bool_or(u.role = 'competitor'), false)
  ) as publisher
) as counted

-- name: count_spread
update screenings set spread = $3 where tenant_id = $1 and id = $2 and spread <> $3

-- name: add
insert into evidence_packs (tenant_id, id, screening_id, claims, avoid, refs, state, notes) values ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: pack
-- The newest of a screening.
select claims, avoid, refs, state, notes, made_at from evidence_packs where tenant_id = $1 and screening_id = $2 order by made_at desc, id desc limit 1

-- name: found_at
-- When the desk first saw any of the story.
select min(first_seen_at) from visible_items where story_id = (select story_root($1))
