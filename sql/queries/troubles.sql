-- name: publications
-- What went wrong or waits for a person or a place, with what the queue gave up on. The oldest change first.
select p.id, p.draft_id, p.state, p.url, p.error, p.changed_at, p.due_at, c.name as channel, c.kind, v.article::jsonb ->> 'title' as title,
  p.hurried_by is not null as hurried, coalesce(d.error, '') as gave_up,
  exists (select from jobs j where j.tenant_id = p.tenant_id and j.kind = 'publish' and j.payload ->> 'publication' = p.id::text) as queued
from publications p
  join channels c on c.tenant_id = p.tenant_id and c.id = p.channel_id
  join versions v on v.tenant_id = p.tenant_id and v.id = p.version_id
  left join lateral (
    select x.error from jobs_dead x
    where x.tenant_id = p.tenant_id and x.kind = 'publish' and x.payload ->> 'publication' = p.id::text order by x.id desc limit 1) d on true
where p.tenant_id = $1 and (p.state in ('failed', 'unknown') or p.state in ('planned', 'sending', 'live', 'updating', 'retracting') and p.error <> '')
order by p.changed_at, p.id limit $2

-- name: mails
-- Letters that did not arrive, or of which nobody knows.
select m.id, m.kind, m.address, m.subject, m.state, m.error, m.changed_at
from mails m where m.tenant_id = $1 and m.state in ('refused', 'unknown', 'bounced') and m.changed_at > cid_now() - interval '30 days'
order by m.changed_at desc, m.id desc limit $2
