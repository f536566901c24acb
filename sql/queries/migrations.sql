-- name: applied
-- The ledger of what was done to this database, to be compared with the files at hand.
select number, name, sha256, applied_at from migrations order by number

-- name: living_processes
-- Silent for 30 s is dead, as the queue has it. By the database's clock, never a machine's.
select host, pid, version from workers where beat_at > cid_now() - interval '30 seconds' order by host, pid

-- name: index_is_valid
-- A crash during CREATE INDEX CONCURRENTLY leaves an index that is kept up to date and never used. Null: there is none.
select i.indisvalid from pg_index i where i.indexrelid = to_regclass('public.' || quote_ident($1::text))
