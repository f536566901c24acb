-- name: standing
-- What is in force for a tenant, of every industry: its own rules first. Both kinds are bounded where they are made.
select industry, text from guardrails
where (tenant_id = $1 or tenant_id is null) and active
order by tenant_id is null, made_at, id

-- name: listed
-- What a tenant sees: its own rules and the platform's, those in force first.
select g.id, g.tenant_id, g.industry, g.text, g.category, g.finding, g.draft_id, g.active, person_of(g.made_by) as who, g.made_at,
  g.changed_at
from guardrails g
where g.tenant_id = $1 or (g.tenant_id is null and g.active)
order by g.active desc, g.tenant_id is null, g.made_at desc, g.id desc limit $2

-- name: platforms
-- The platform's own, on its own pages.
select g.id, g.tenant_id, g.industry, g.text, g.category, g.finding, g.draft_id, g.active, coalesce(nullif(u.name, ''), u.email) as who,
  g.made_at, g.changed_at
from guardrails g left join users u on u.id = g.made_by
where g.tenant_id is null
order by g.active desc, g.made_at desc, g.id desc limit $1

-- name: in_force
-- How many count against the bound. $1 null: the platform's own.
select count(*) from guardrails where tenant_id is not distinct from $1 and active

-- name: add
-- Nothing comes back where the same rule is in force already. $2 null: the platform's own.
insert into guardrails (id, tenant_id, industry, text, category, finding, draft_id, made_by) values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict do nothing returning id

-- name: switch_off
-- $1 null: the platform's own.
update guardrails set active = false, changed_by = $3, changed_at = cid_now()
where tenant_id is not distinct from $1 and id = $2 and active returning text
