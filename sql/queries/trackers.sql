-- name: body
select body from trackers where tenant_id = $1

-- name: set
-- By the platform: settings come as a file. A standing rule stays as the person made it; categories that are gone match nothing.
insert into trackers (tenant_id, body) values ($1, $2)
on conflict (tenant_id) do update set body = excluded.body, changed_at = cid_now()

-- name: rule
-- With what whoever made it may do here today.
select rule, rule_by, rule_at, coalesce(person_of(rule_by), '') as who, role_of(rule_by) as role
from trackers where tenant_id = $1 and rule is not null

-- name: set_rule
-- A null ends it. No row comes back where nothing is tracked.
update trackers set rule = $2, rule_by = case when $2::jsonb is null then null else $3::uuid end,
  rule_at = case when $2::jsonb is null then null else cid_now() end
where tenant_id = $1 returning tenant_id

-- name: told
-- What the tracker's gate judges a screening by: the item that opened it, with its own text where that was read.
select s.id as screening_id, i.id as item_id, i.title, left(coalesce(nullif(t.text, ''), i.summary), $3) as text, i.url, i.published_at,
  i.sample
from screenings s join visible_items i on i.id = s.item_id left join item_texts t on t.item_id = i.id and t.state = 'read'
where s.tenant_id = $1 and s.id = any($2::uuid[])
