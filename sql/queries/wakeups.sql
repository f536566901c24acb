-- name: notify
-- One per kind, outside the transactions that enqueued: inside them commits would have to queue up behind each other.
-- A notification makes its transaction one that writes; it need not wait for the disk before anybody hears of it.
with quick as materialized (select set_config('synchronous_commit', 'off', true) as off)
select pg_notify('cid_jobs', kind) from quick, unnest($1::text[]) as kind

-- name: tell
-- The same behind a commit and in one message with it, where no arguments go along: what stands for $1 is put in.
select set_config('synchronous_commit', 'off', true), pg_notify('cid_jobs', k) from unnest($1::text[]) as k
