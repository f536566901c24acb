-- name: own
select body from policies where tenant_id = $1

-- name: changed
select p.body, p.changed_at, person_of(p.changed_by) as changed_by from policies p where p.tenant_id = $1

-- name: set
insert into policies (tenant_id, body, changed_by) values ($1, $2, $3)
on conflict (tenant_id) do update set body = excluded.body, changed_by = excluded.changed_by, changed_at = cid_now()

-- name: note
-- What a gate was set to, kept once: verdicts name it by its hash.
insert into gate_configs (tenant_id, hash, gate, body) values ($1, $2, $3, $4) on conflict do nothing

-- name: noted
select gate, body, first_at from gate_configs where tenant_id = $1 and hash = $2
