-- name: publications
-- What went wrong or waits for a person, a place, or an original that is not there, with what the queue gave up on. The oldest change first.
-- Two branches, because each has an index: what is out and well is never read.
select p.id, p.draft_id, p.state, p.url, p.error, p.changed_at, p.due_at, c.name as channel, c.kind, v.article::jsonb ->> 'title' as title,
  p.hurried_by is not null as hurried, coalesce(d.error, '') as gave_up,
  exists (select from jobs j where j.tenant_id = p.tenant_id and j.kind = 'publish' and j.payload ->> 'publication' = p.id::text) as queued,
  p.retraction <> '' and p.next_decision_id is null and p.state in ('live', 'unknown') as unwanted, p.original
from (
    select u.*, coalesce(o.name, '') as original
    from (
        select * from publications where tenant_id = $1 and state in ('planned', 'sending', 'updating', 'retracting', 'failed', 'unknown')
        union all
        select * from publications where tenant_id = $1 and state = 'live' and error <> ''
      ) u
      left join lateral (
        select k.name from publications q join channels k on k.tenant_id = q.tenant_id and k.id = q.channel_id
        where q.tenant_id = u.tenant_id and q.draft_id = u.draft_id and q.decision_id = u.decision_id and k.canonical
          and q.state in ('failed', 'unknown', 'retracted') and u.state = 'planned'
          and not (select w.canonical from channels w where w.tenant_id = u.tenant_id and w.id = u.channel_id)
          and not exists (
            select from publications s where s.tenant_id = u.tenant_id and s.draft_id = u.draft_id and s.stands_in_by is not null and s.state <> 'retracted')
        limit 1) o on true
    where u.state in ('failed', 'unknown') or u.error <> '' or o.name is not null
    order by u.changed_at, u.id limit $2
  ) p
  join channels c on c.tenant_id = p.tenant_id and c.id = p.channel_id
  join versions v on v.tenant_id = p.tenant_id and v.id = p.version_id
  left join lateral (
    select x.error from jobs_dead x
    where x.tenant_id = p.tenant_id and x.kind = 'publish' and x.payload ->> 'publication' = p.id::text order by x.id desc limit 1) d on true
order by p.changed_at, p.id

-- name: mails
-- Letters that did not arrive, or of which nobody knows.
select m.id, m.kind, m.address, m.subject, m.state, m.error, m.changed_at
from mails m where m.tenant_id = $1 and m.state in ('refused', 'unknown', 'bounced') and m.changed_at > cid_now() - interval '30 days'
order by m.changed_at desc, m.id desc limit $2
