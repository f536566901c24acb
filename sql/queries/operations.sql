-- name: note
-- The platform's own log: who did what to the queue. No user: somebody at the machine's command line.
insert into audit (id, tenant_id, user_id, action, target) values ($1, null, $2, $3, $4)
