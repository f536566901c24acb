-- name: notify
-- One per kind, outside the transactions that enqueued: inside them commits would have to queue up behind each other.
select pg_notify('cid_jobs', kind) from unnest($1::text[]) as kind
