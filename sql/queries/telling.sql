-- name: reports
-- Who told a story, as one tenant may see it: each item once per publisher of the sources that had it. `counts`: at a source the
-- tenant takes news from or the platform vetted, or anybody could lend weight to a story with feeds of their own. Whom it follows
-- as a competitor counts only where it takes news from it as well.
select i.id as item_id, i.title, i.url, i.band, i.likeness::float8 as likeness,
  coalesce(nullif(g.publisher, ''), nullif(o.publisher, ''), o.id::text) as who,
  min(coalesce(nullif(g.publisher, ''), nullif(o.publisher, ''), nullif(o.title, ''), o.url)) as publisher,
  least(coalesce(i.published_at, i.first_seen_at), i.first_seen_at) as at,
  bool_or(o.vetted or u.id is not null) and coalesce(bool_or(bool_or(u.role = 'news')) over who
    or not bool_or(bool_or(u.role = 'competitor')) over who, true) as counts
from items i
join sightings g on g.item_id = i.id
join sources o on o.id = g.source_id
left join subscriptions u on u.tenant_id = $1 and u.source_id = o.id and u.active
where i.story_id = (select story_root($2))
group by i.id, coalesce(nullif(g.publisher, ''), nullif(o.publisher, ''), o.id::text)
window who as (partition by coalesce(nullif(g.publisher, ''), nullif(o.publisher, ''), o.id::text))
order by at, i.id, who limit 200

-- name: kin
-- What a story follows and what follows it, each by its first item that this tenant may see.
select k.earlier, x.id as item_id, x.title, x.first_seen_at as at
from story_kin($1) k
cross join lateral (select v.id, v.title, v.first_seen_at from visible_items v where v.story_id = k.story_id
                    order by v.first_seen_at, v.id limit 1) x
order by k.earlier desc, x.first_seen_at, x.id limit 20

-- name: twins
-- Other drafts of the same story: written before it was known to be one. Updates of one draft are none.
select o.id, o.state, v.article::jsonb ->> 'title' as title, o.screening_id = coalesce(s.merged_into, s.id) as speaks
from drafts d
join screenings s on s.tenant_id = d.tenant_id and s.id = d.screening_id
join drafts o on o.tenant_id = d.tenant_id and o.story_id = d.story_id and o.screening_id <> d.screening_id and o.update_of is null
join versions v on v.tenant_id = o.tenant_id and v.id = o.current_version_id
where d.tenant_id = $1 and d.id = $2
order by o.created_at desc, o.id desc limit 10
