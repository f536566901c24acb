-- name: live
-- A tenant's newest articles at their canonical addresses, with the titles and keywords that are live there.
select v.article::jsonb ->> 'title' as title, p.url, array(select jsonb_array_elements_text(v.article::jsonb -> 'keywords')) as keywords, p.live_at
from publications p
  join channels c on c.tenant_id = p.tenant_id and c.id = p.channel_id and c.canonical
  join versions v on v.tenant_id = p.tenant_id and v.id = p.version_id
where p.tenant_id = $1 and p.state in ('live', 'updating') and p.url <> '' and p.live_at is not null
order by p.live_at desc, p.id desc limit $2
