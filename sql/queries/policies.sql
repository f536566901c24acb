-- name: own
-- What a tenant turned, number by number: two people who turn two at once lose none. Every gate asks this whenever it judges.
select section, name, value from policies where tenant_id = $1

-- name: changed
select p.section, p.name, p.value, p.changed_at, coalesce(person_of(p.changed_by), '') as changed_by
from policies p where p.tenant_id = $1 order by p.section, p.name

-- name: set
insert into policies (tenant_id, section, name, value, changed_by) values ($1, $2, $3, $4, $5)
on conflict (tenant_id, section, name) do update set value = excluded.value, changed_by = excluded.changed_by, changed_at = cid_now()

-- name: reset
delete from policies where tenant_id = $1 and section = $2 and name = $3 returning name

-- name: note
-- What a gate was set to, kept once: verdicts name it by its hash.
insert into gate_configs (tenant_id, hash, gate, body) values ($1, $2, $3, $4) on conflict do nothing

-- name: noted
select gate, body, first_at from gate_configs where tenant_id = $1 and hash = $2
