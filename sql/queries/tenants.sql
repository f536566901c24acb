-- name: by_id
select id, slug, name, sample, created_at, zone, paused_at, pause_reason, stopped_at, stop_reason from tenants where id = $1

-- name: profile
select body from profiles where tenant_id = $1

-- name: set_profile
insert into profiles (tenant_id, body) values ($1, $2)
on conflict (tenant_id) do update set body = excluded.body, changed_at = cid_now()

-- name: add
insert into tenants (id, slug, name, sample) values ($1, $2, $3, $4)
on conflict (slug) do nothing returning id

-- name: by_slug
-- Platform only: a tenant's own transaction sees no other.
select id, slug, name, sample, created_at, zone, paused_at, pause_reason, stopped_at, stop_reason from tenants where slug = $1

-- name: listed
-- Newsrooms: the platform's own account is none.
select id, slug, name, sample, created_at, zone, paused_at, pause_reason, stopped_at, stop_reason from tenants where not reserved order by slug

-- name: zone
-- What an hour means that its people type.
select zone from tenants where id = $1

-- name: desks
select desks from tenants where id = $1

-- name: set_desks
-- Platform only.
update tenants set desks = $2 where id = $1

-- name: pause
-- Platform only.
select pause_tenant($1, $2, $3)

-- name: resume
-- Platform only.
select resume_tenant($1)

-- name: set_general
-- Platform only.
update tenants set name = $2, zone = $3, desks = $4 where id = $1

-- name: profile_for_update
-- Two who save at once are two changes, each with what stood before it.
select body from profiles where tenant_id = $1 for update

-- name: held_back
-- What waits until the tenant goes on, by kind. In its own transaction.
select kind, count(*) as jobs from jobs where tenant_id = $1 and state in ('ready', 'scheduled') group by kind order by kind

-- name: ask_deletion
-- Platform only. Compare-and-set, so that two owners are one request.
update tenants set deletion_asked_at = cid_now(), deletion_asked_by = $2 where id = $1 and deletion_asked_at is null returning id

-- name: withdraw_deletion
-- Platform only.
update tenants set deletion_asked_at = null, deletion_asked_by = null where id = $1 and deletion_asked_at is not null returning id

-- name: deletion
-- Who asked, and when; no row where nobody did.
select deletion_asked_at as at, deletion_asked_by as by from tenants where id = $1 and deletion_asked_at is not null

-- name: standing
-- Every newsroom as those who run the desk see it. Platform only.
select t.id, t.slug, t.name, t.desks, t.zone, t.sample, t.paused_at, t.pause_reason, t.deletion_asked_at, t.created_at,
  (select count(*) from members m where m.tenant_id = t.id) as people
from tenants t where not t.reserved order by t.slug

-- name: live_by_channel
-- What stays published when a tenant is deleted, per channel: nobody can retract it afterwards.
select c.name as channel, c.kind, c.base_url, count(*) as articles
from publications p join channels c on c.tenant_id = p.tenant_id and c.id = p.channel_id
where p.tenant_id = $1 and p.state in ('live', 'updating', 'unknown', 'sending') group by c.name, c.kind, c.base_url order by c.name
