-- name: listed
-- Newest first, after the one in $4: ids carry the moment of the plan. By state, by draft, or all: each along an index of its own.
select p.id, p.draft_id, v.article::jsonb ->> 'title' as title, p.version_id, encode(p.sha256, 'hex') as sha256, c.name as channel, c.kind,
  p.state, p.url, p.error, p.due_at, p.planned_at, p.sent_at, p.live_at, p.changed_at
from (
  select * from publications q
  where q.tenant_id = $1 and ($2::text is null or q.state = $2) and ($3::uuid is null or q.draft_id = $3) and ($4::uuid is null or q.id < $4)
  order by q.id desc limit $5) p
  join versions v on v.tenant_id = p.tenant_id and v.id = p.version_id
  join channels c on c.tenant_id = p.tenant_id and c.id = p.channel_id
order by p.id desc

-- name: one
select p.id, p.draft_id, v.article::jsonb ->> 'title' as title, p.version_id, encode(p.sha256, 'hex') as sha256, c.name as channel, c.kind,
  p.state, p.url, p.error, p.due_at, p.planned_at, p.sent_at, p.live_at, p.changed_at
from publications p
  join versions v on v.tenant_id = p.tenant_id and v.id = p.version_id
  join channels c on c.tenant_id = p.tenant_id and c.id = p.channel_id
where p.tenant_id = $1 and p.id = $2
