-- name: add
insert into decisions (tenant_id, id, draft_id, version_id, sha256, kind, user_id, reason, via, record)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)

-- name: of_draft
-- Oldest first, with the name of whoever decided: it is what the next one to decide is told.
select d.id, d.kind, d.version_id, v.number, d.user_id, coalesce(person_of(d.user_id), '') as who, d.reason, d.via, d.made_at
from decisions d join versions v on v.tenant_id = d.tenant_id and v.id = d.version_id
where d.tenant_id = $1 and d.draft_id = $2 order by d.made_at, d.id

-- name: latest
select d.id, d.kind, d.version_id, v.number, d.user_id, coalesce(person_of(d.user_id), '') as who, d.reason, d.via, d.made_at
from decisions d join versions v on v.tenant_id = d.tenant_id and v.id = d.version_id
where d.tenant_id = $1 and d.draft_id = $2 order by d.made_at desc, d.id desc limit 1

-- name: by_link
-- What a link in a mail was used for. A draft has few decisions; the link's row names the draft.
select d.id from decisions d join review_links l on l.tenant_id = d.tenant_id and l.draft_id = d.draft_id
where d.tenant_id = $1 and l.id = $2 and d.record ->> 'link' = $2::uuid::text

-- name: member
-- Platform only: somebody at a keyboard says who they are; whoever may read the data folder may say anything.
select u.id as user_id, u.email, u.name as user_name, u.admin, t.id, t.slug, t.name, t.sample, t.created_at,
  t.zone, t.paused_at, t.pause_reason, m.role
from users u join members m on m.user_id = u.id join tenants t on t.id = m.tenant_id
where u.email = lower($1) and t.id = $2 and u.disabled_at is null
