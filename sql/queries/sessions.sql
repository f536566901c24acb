-- name: visit
-- Who a session belongs to and which tenants are theirs: one row per membership, one with nulls where there is none.
select s.user_id, s.email, s.name, s.admin, s.csrf, s.stale,
       m.tenant_id, m.slug, m.name as tenant_name, m.sample, m.created_at,
       m.zone, m.paused_at, m.pause_reason, m.role, m.desks
from session_of($1) s left join lateral memberships_of(s.user_id) m on true

-- name: touch
-- At most once a minute per session: written every time, the lookup costs ten times as much.
update sessions set seen_at = cid_now() where id_hash = $1

-- name: add
insert into sessions (id_hash, user_id, csrf, agent, expires_at) values ($1, $2, $3, $4, cid_now() + interval '7 days')

-- name: end
delete from sessions where id_hash = $1 returning user_id

-- name: end_all
delete from sessions where user_id = $1

-- name: add_link
insert into once_links (id_hash, purpose, user_id, expires_at) values ($1, $2, $3, cid_now() + $4::interval)

-- name: link
select purpose, user_id from once_links where id_hash = $1 and used_at is null and expires_at > cid_now()

-- name: use_link
-- Compare-and-set: of two that come with one link, one gets the row.
update once_links set used_at = cid_now() where id_hash = $1 and used_at is null and expires_at > cid_now() returning purpose, user_id

-- name: void_links
-- An older link of the same purpose for the same person (null: for the first one) is worth nothing once a newer one is made.
delete from once_links where purpose = $1 and user_id is not distinct from $2 and used_at is null

-- name: take
-- GCRA: up to $3 attempts at once, then one every $2. Says whether this one counts, and if not, when the next one will.
-- What the statement itself wrote is not seen by its own `select`: the earlier `tat` is what the answer needs.
with taken as (
  insert into limits as l (key, tat) values ($1, cid_now() + $2::interval)
  on conflict (key) do update set tat = greatest(l.tat, cid_now()) + $2::interval
    where greatest(l.tat, cid_now()) + $2::interval <= cid_now() + $2::interval * $3::integer
  returning 1
)
select exists (select from taken) as taken,
       coalesce((select tat from limits where key = $1), cid_now()) - $2::interval * ($3::integer - 1) as at

-- name: forget
-- Who signed in has shown that the attempts were theirs.
delete from limits where key = $1
