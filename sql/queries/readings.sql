-- name: look
-- The first sight of it stays the first.
insert into readings (tenant_id, user_id, version_id) values ($1, $2, $3)
on conflict (tenant_id, version_id, user_id) do nothing

-- name: compare
insert into readings (tenant_id, user_id, version_id, compared_at) values ($1, $2, $3, cid_now())
on conflict (tenant_id, version_id, user_id) do update set compared_at = coalesce(readings.compared_at, excluded.compared_at)

-- name: keep
-- What is in the editor, over what was kept before.
insert into readings (tenant_id, user_id, version_id, typed, typed_at) values ($1, $2, $3, $4, cid_now())
on conflict (tenant_id, version_id, user_id) do update set typed = excluded.typed, typed_at = excluded.typed_at

-- name: forget
-- Of the whole draft: what was typed over an earlier version of it, too.
update readings r set typed = null, typed_at = null
where r.tenant_id = $1 and r.user_id = $2 and r.typed is not null
  and r.version_id in (select v.id from versions v where v.tenant_id = $1 and v.draft_id = $3)

-- name: of_version
select first_at, compared_at from readings where tenant_id = $1 and user_id = $2 and version_id = $3

-- name: kept
-- The newest text of one person that was typed over any version of a draft and not saved.
select r.version_id, v.number, r.typed, r.typed_at
from readings r join versions v on v.tenant_id = r.tenant_id and v.id = r.version_id
where r.tenant_id = $1 and r.user_id = $2 and v.draft_id = $3 and r.typed is not null
order by r.typed_at desc limit 1
