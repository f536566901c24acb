-- name: add
-- $2 null: the platform's own log.
insert into audit (id, tenant_id, user_id, action, target, detail) values ($1, $2, $3, $4, $5, $6)

-- name: found
-- See the function. $1 null: the platform's own log, which tenants' transactions do not see.
select id, at, user_id, action, target, detail from find_audit($1, $2, $3, $4, $5, $6, $7)

-- name: names_here
-- What to call those who act in the tenant at hand.
select u.id, person_of(u.id) as name from unnest($1::uuid[]) as u (id)

-- name: names_anywhere
-- Platform only.
select u.id, coalesce(nullif(u.name, ''), u.email) as name from users u where u.id = any($1::uuid[])

-- name: people_here
-- Whom the log of the tenant at hand can be asked for: its members. Who has left is found by their id in a line's link.
select m.user_id as id, coalesce(person_of(m.user_id), '') as name from members m where m.tenant_id = $1 order by 2, 1

-- name: people_anywhere
-- Platform only: those who run the desk.
select u.id, coalesce(nullif(u.name, ''), u.email) as name from users u where u.admin order by 2, 1
