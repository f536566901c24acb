-- name: between
-- What goes or went out in these days, each at the moment that counts: when it went live, or when it is due. A publication that was
-- taken back before it was sent shows nothing. Two ranges, each along its own index.
select p.id, p.draft_id, p.channel_id, p.hurried_by is not null as hurried, c.name as channel, c.kind as channel_kind, c.canonical, p.state, p.url, p.error, p.due_at, p.live_at, p.planned_at, p.changed_at,
  v.article::jsonb ->> 'title' as title, coalesce(v.article::jsonb -> 'keywords' ->> 0, '') as keyword
from (
  select q.* from publications q where q.tenant_id = $1 and q.due_at >= $2 and q.due_at < $3 and q.state not in ('live', 'updating')
  union all
  select q.* from publications q where q.tenant_id = $1 and q.state in ('live', 'updating') and q.live_at >= $2 and q.live_at < $3
) p
  join channels c on c.tenant_id = p.tenant_id and c.id = p.channel_id
  join versions v on v.tenant_id = p.tenant_id and v.id = p.version_id
where p.state <> 'retracted' or p.sent_at is not null
order by coalesce(p.live_at, p.due_at), p.id limit $4

-- name: taken_back
-- For calendars that show them: what was planned or live in these days and is retracted now.
select p.id, p.draft_id, p.channel_id, p.hurried_by is not null as hurried, c.name as channel, c.kind as channel_kind, c.canonical, p.state, p.url, p.error, p.due_at, p.live_at, p.planned_at, p.changed_at,
  v.article::jsonb ->> 'title' as title, coalesce(v.article::jsonb -> 'keywords' ->> 0, '') as keyword
from publications p
  join channels c on c.tenant_id = p.tenant_id and c.id = p.channel_id
  join versions v on v.tenant_id = p.tenant_id and v.id = p.version_id
where p.tenant_id = $1 and p.due_at >= $2 and p.due_at < $3 and p.state = 'retracted'
order by p.due_at, p.id limit $4

-- name: tray
-- What has no day yet: drafts that wait for a person, and approved ones that are planned nowhere. The oldest first.
select d.id, d.state, d.changed_at, d.created_at, v.article::jsonb ->> 'title' as title,
  coalesce(v.article::jsonb -> 'keywords' ->> 0, '') as keyword
from unnest(array['ready', 'held', 'changes_requested', 'approved']) as wanted (state)
  cross join lateral (
    select * from drafts x where x.tenant_id = $1 and x.state = wanted.state
      and (x.state <> 'approved' or x.changed_at > cid_now() - interval '30 days'
           and not exists (select from publications p where p.tenant_id = $1 and p.draft_id = x.id and p.state <> 'retracted'))
    order by x.changed_at desc, x.id desc limit $2) d
  join versions v on v.tenant_id = $1 and v.id = d.current_version_id
order by d.changed_at, d.id limit $2

-- name: planned
-- A draft's publications that nothing was sent of, locked: whoever sends takes turns with whoever moves them.
select p.id, p.due_at, c.canonical from publications p join channels c on c.tenant_id = p.tenant_id and c.id = p.channel_id
where p.tenant_id = $1 and p.draft_id = $2 and p.state = 'planned' order by p.id for update of p

-- name: move
update publications set due_at = $3, changed_at = cid_now() where tenant_id = $1 and id = any($2::uuid[]) and state = 'planned'

-- name: set_feed
-- A new address takes the place of the old one, which leads nowhere from then on.
insert into calendar_feeds (tenant_id, user_id, hash) values ($1, $2, $3)
on conflict (tenant_id, user_id) do update set hash = excluded.hash, made_at = cid_now()

-- name: end_feed
delete from calendar_feeds where tenant_id = $1 and user_id = $2 returning user_id

-- name: feed_of
-- Since when somebody has an address; no row: has none.
select made_at from calendar_feeds where tenant_id = $1 and user_id = $2

-- name: feed
-- Platform only: before the address is looked up, no tenant is known. Nothing for somebody who has left or was switched off.
select t.id, t.slug, t.name, t.zone from calendar_feeds f
  join members m on m.tenant_id = f.tenant_id and m.user_id = f.user_id
  join users u on u.id = f.user_id
  join tenants t on t.id = f.tenant_id
where f.hash = $1 and u.disabled_at is null
