-- name: anybody
select exists (select from users)

-- name: by_email
select id, email, name, admin, password_hash, disabled_at from users where email = $1

-- name: by_id
select id, email, name, admin, password_hash, disabled_at from users where id = $1

-- name: add
insert into users (id, email, name, password_hash, admin) values ($1, $2, $3, $4, $5) on conflict (email) do nothing returning id

-- name: set_password
update users set password_hash = $2 where id = $1

-- name: set_name
update users set name = $2 where id = $1

-- name: disable
-- Compare-and-set: no row comes back when the person was switched off before.
update users set disabled_at = cid_now() where id = $1 and disabled_at is null returning id

-- name: join
insert into members (tenant_id, user_id, role) values ($1, $2, $3)
on conflict (tenant_id, user_id) do update set role = excluded.role

-- name: own_all
-- The first person owns what was there before anybody was.
insert into members (tenant_id, user_id, role) select id, $1, 'owner' from tenants where not reserved on conflict (tenant_id, user_id) do nothing

-- name: admins_own
-- A tenant that comes later belongs to the platform's admins too, or nobody could let anybody in.
insert into members (tenant_id, user_id, role) select $1, id, 'owner' from users where admin and disabled_at is null
on conflict (tenant_id, user_id) do nothing

-- name: listed
select u.id, u.email, u.name, u.admin, u.disabled_at is not null as disabled, u.password_hash is not null as has_password,
       coalesce(array_agg(t.slug || ':' || m.role order by t.slug) filter (where t.slug is not null), '{}') as roles
from users u left join members m on m.user_id = u.id left join tenants t on t.id = m.tenant_id
group by u.id order by u.email

-- name: members
select u.email, u.name, m.role from members m join users u on u.id = m.user_id where m.tenant_id = $1 order by u.email
