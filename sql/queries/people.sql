-- name: anybody
select exists (select from users)

-- name: by_email
select id, email, name, admin, zone, password_hash, totp, cardinality(recovery) as recovery, disabled_at from users where email = $1

-- name: by_id
select id, email, name, admin, zone, password_hash, totp, cardinality(recovery) as recovery, disabled_at from users where id = $1

-- name: add
insert into users (id, email, name, password_hash, admin) values ($1, $2, $3, $4, $5) on conflict (email) do nothing returning id

-- name: unchanged
-- Whoever sets another password waits until the session of this one is there to be ended.
select id from users where id = $1 and password_hash = $2 and disabled_at is null for share

-- name: set_password
update users set password_hash = $2 where id = $1

-- name: replace_password
-- A person's own change: only where the password that they proved to know still is the one. Of two at once, one is refused.
update users set password_hash = $3 where id = $1 and password_hash = $2 and disabled_at is null returning id

-- name: set_name
update users set name = $2 where id = $1

-- name: set_zone
update users set zone = $2 where id = $1

-- name: turn_on_totp
-- Compare-and-set: of two pages that were opened, the secret of one counts.
update users set totp = $2, totp_step = $3, recovery = $4 where id = $1 and totp = '' returning id

-- name: turn_off_totp
update users set totp = '', totp_step = null, recovery = '{}' where id = $1 and totp <> '' returning id

-- name: take_step
-- Compare-and-set: no code counts twice, nor one of a step before the last that was taken.
update users set totp_step = $2 where id = $1 and totp <> '' and coalesce(totp_step, -1) < $2 returning id

-- name: take_recovery
-- Compare-and-set: how many are left, for whoever was first.
update users set recovery = array_remove(recovery, $2) where id = $1 and totp <> '' and $2 = any (recovery)
returning cardinality(recovery)

-- name: set_recovery
update users set recovery = $2 where id = $1 and totp <> '' returning id

-- name: disable
-- Compare-and-set: no row comes back when the person was switched off before.
update users set disabled_at = cid_now() where id = $1 and disabled_at is null returning id

-- name: enable
update users set disabled_at = null where id = $1 and disabled_at is not null returning id

-- name: hold_admins
-- Whoever takes an admin away waits here for everybody else who does, and counts who is left.
select id from users where admin and disabled_at is null order by id for no key update

-- name: set_admin
update users set admin = $2 where id = $1 and admin <> $2 returning id

-- name: everybody
-- Of the platform's page, by address: $1 part of an address or name, $2 the last address seen, $3 how many.
select u.id, u.email, u.name, u.admin, u.disabled_at is not null as disabled, u.password_hash is not null as has_password,
       coalesce((select array_agg(t.slug || ':' || m.role order by t.slug)
                 from members m join tenants t on t.id = m.tenant_id where m.user_id = u.id), '{}') as roles,
       u.totp <> '' as second, (select max(s.seen_at) from sessions s where s.user_id = u.id) as seen_at
from users u
where ($1 = '' or strpos(u.email, lower($1)) > 0 or strpos(lower(u.name), lower($1)) > 0) and u.email > $2
order by u.email limit $3

-- name: roster
-- Who is in a tenant, by address. Somebody who has not come yet is told apart by nothing from somebody who has no account yet:
-- whoever may invite would learn otherwise who uses this desk elsewhere.
select u.id, u.email, case when m.seen_at is null then '' else u.name end as name, m.role, m.created_at, m.seen_at
from members m join users u on u.id = m.user_id
where m.tenant_id = $1 and ($2 = '' or strpos(u.email, lower($2)) > 0 or m.seen_at is not null and strpos(lower(u.name), lower($2)) > 0)
  and u.email > $3
order by u.email limit $4

-- name: reachable
-- Platform only. Whom mail of a tenant can be sent to, by name: all of it, or those of the list that are there.
select u.id, u.email, coalesce(nullif(case when m.seen_at is null then '' else u.name end, ''), u.email) as name
from members m join users u on u.id = m.user_id
where m.tenant_id = $1 and u.disabled_at is null and ($2::uuid[] is null or m.user_id = any($2))
order by lower(coalesce(nullif(case when m.seen_at is null then '' else u.name end, ''), u.email)), u.email limit $3

-- name: member
select u.id, u.email, case when m.seen_at is null then '' else u.name end as name, m.role, m.created_at, m.seen_at
from members m join users u on u.id = m.user_id where m.tenant_id = $1 and m.user_id = $2

-- name: hold_tenant
-- Whoever changes who owns a tenant waits here for everybody else who does. Rows that name the tenant are written meanwhile.
select id from tenants where id = $1 for no key update

-- name: owners
-- Who may come in as its owner: somebody who was invited and never came could lock everybody out.
select count(*) from members m join users u on u.id = m.user_id
where m.tenant_id = $1 and m.role = 'owner' and u.disabled_at is null and u.password_hash is not null

-- name: belongs
select exists (select from members where user_id = $1)

-- name: let_in
-- Somebody who is there already keeps the role: a role is changed by name.
insert into members (tenant_id, user_id, role) values ($1, $2, $3) on conflict (tenant_id, user_id) do nothing returning user_id

-- name: set_role
-- Compare-and-set on the role that the page showed.
update members set role = $3 where tenant_id = $1 and user_id = $2 and role = $4 returning user_id

-- name: leave
delete from members where tenant_id = $1 and user_id = $2 returning user_id

-- name: revoke
-- With a place in a tenant goes all that acts without a session: links in mails, tokens of programs. $1 null: everywhere.
with links as (
  update review_links set revoked_at = cid_now()
  where user_id = $2 and ($1::uuid is null or tenant_id = $1) and used_at is null and revoked_at is null returning 1
), tokens as (
  update api_tokens set revoked_at = cid_now()
  where user_id = $2 and ($1::uuid is null or tenant_id = $1) and revoked_at is null returning 1
)
select (select count(*) from links) as links, (select count(*) from tokens) as tokens

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
