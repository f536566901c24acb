-- name: add
-- $2 null: the platform's own log.
insert into audit (id, tenant_id, user_id, action, target, detail) values ($1, $2, $3, $4, $5, $6)
