-- name: articles
-- What a tenant's competitors wrote of a story, the earliest first: each item once, however many of their sources had it.
select min(coalesce(nullif(g.publisher, ''), nullif(o.publisher, ''), nullif(o.title, ''), o.url)) as publisher, i.title, i.url,
  null::text as angle
from visible_items i
join sightings g on g.item_id = i.id
join subscriptions u on u.tenant_id = $1 and u.source_id = g.source_id and u.active and u.role = 'competitor'
join sources o on o.id = g.source_id
where i.story_id = (select story_root($2))
group by i.id, i.title, i.url, i.published_at, i.first_seen_at
order by least(coalesce(i.published_at, i.first_seen_at), i.first_seen_at), i.id limit $3

-- name: followed
-- Sources of competitors that could be read when they were last asked: what others did not bring is no sign that nobody wrote it.
select count(*)::int from subscriptions u join sources o on o.id = u.source_id
where u.tenant_id = $1 and u.active and u.role = 'competitor' and o.state = 'active' and o.polled_at is not null and o.failures = 0

-- name: note
insert into competition (tenant_id, screening_id, followed, taken, avoid, gaps) values ($1, $2, $3, $4, $5, $6)
on conflict (tenant_id, screening_id) do update
set followed = excluded.followed, taken = excluded.taken, avoid = excluded.avoid, gaps = excluded.gaps, made_at = cid_now()

-- name: of
select followed, taken, avoid, gaps from competition where tenant_id = $1 and screening_id = $2
