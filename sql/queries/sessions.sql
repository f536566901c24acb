-- name: visit
-- Who a session belongs to and which tenants are theirs: one row per membership, one with nulls where there is none.
select s.user_id, s.email, s.name, s.admin, s.zone, s.csrf, s.stale, s.renew,
       m.tenant_id, m.slug, m.name as tenant_name, m.sample, m.created_at,
       m.zone as tenant_zone, m.paused_at, m.pause_reason, m.stopped_at, m.stop_reason, m.role, m.desks, m.stale as unseen
from session_of($1) s left join memberships_of($1) m on true

-- name: touch
-- At most once a minute per session: written every time, the lookup costs ten times as much.
update sessions set seen_at = cid_now() where id_hash = $1

-- name: add
insert into sessions (id_hash, user_id, csrf, agent, expires_at) values ($1, $2, $3, $4, cid_now() + interval '7 days')

-- name: end
delete from sessions where id_hash = $1 returning user_id

-- name: here
-- When somebody was last in a tenant, to the minute.
update members set seen_at = cid_now() where tenant_id = $1 and user_id = $2

-- name: renew
-- What its person may do has changed: whoever had planted or copied the token must not have that, too.
update sessions set renew = true where user_id = $1

-- name: rename
-- Compare-and-set: of two requests at once, one goes on under the new token, the other under none.
update sessions set id_hash = $2, renew = false where id_hash = $1 returning user_id

-- name: living
select encode(id_hash, 'hex') as id, agent, created_at, seen_at from sessions
where user_id = $1 and expires_at > cid_now() and seen_at > cid_now() - interval '12 hours' order by seen_at desc, id_hash

-- name: end_one
delete from sessions where user_id = $1 and encode(id_hash, 'hex') = $2 returning user_id

-- name: end_others
delete from sessions where user_id = $1 and id_hash <> $2

-- name: end_all
delete from sessions where user_id = $1

-- name: add_link
insert into once_links (id_hash, purpose, user_id, expires_at) values ($1, $2, $3, cid_now() + $4::interval)

-- name: add_reset
-- For whom the address belongs to; nobody learns from the time it takes whether it belongs to anybody.
insert into once_links (id_hash, purpose, user_id, expires_at)
select $1, 'reset', u.id, cid_now() + $3::interval from users u where u.email = $2 and u.disabled_at is null
returning user_id

-- name: plan_reset
-- As `mails.add`, for whom the address belongs to: the same statement does nothing where it is nobody's.
insert into mails (id, tenant_id, kind, key, user_id, address, subject, message, until)
select $1::uuid, null, 'reset', $1::uuid::text, u.id, u.email, $3, $4, cid_now() + $5::interval
from users u where u.email = $2 and u.disabled_at is null
on conflict do nothing returning id

-- name: link
select purpose, user_id from once_links where id_hash = $1 and purpose = any ($2) and used_at is null and expires_at > cid_now()

-- name: use_link
-- Compare-and-set: of two that come with one link, one gets the row.
update once_links set used_at = cid_now() where id_hash = $1 and purpose = any ($2) and used_at is null and expires_at > cid_now()
returning purpose, user_id

-- name: void_links
-- An older link of the same purpose for the same person (null: for the first one) is worth nothing once a newer one is made.
delete from once_links where purpose = $1 and user_id is not distinct from $2 and used_at is null

-- name: void_all
-- A new password, or no way in at all: whatever was under way to set one ends.
delete from once_links where user_id = $1 and used_at is null
