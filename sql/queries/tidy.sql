-- name: make_partitions
-- The owner's function: only the owner may make tables.
select make_partitions()

-- name: drop_old_history
select drop_old_history($1::interval)

-- name: sessions
delete from sessions where expires_at < cid_now() - $1::interval

-- name: once_links
delete from once_links where expires_at < cid_now() - $1::interval

-- name: proposals
-- What a person rejected is kept: it would be proposed again.
delete from proposals where state = 'expired' and changed_at < cid_now() - $1::interval

-- name: searches
delete from searches where searched_at < cid_now() - $1::interval

-- name: workers
-- Rows of processes that ended without taking theirs away; their jobs were rescued long ago.
delete from workers where beat_at < cid_now() - $1::interval

-- name: mail_texts
-- What a mail said, some days after it is over. That there was one is kept.
update mails set message = null
where id in (select id from mails where message is not null and changed_at < cid_now() - $1::interval
               and state not in ('planned', 'sending') order by changed_at limit $2)

-- name: digest_days
delete from digest_days where (tenant_id, user_id, day) in (
  select tenant_id, user_id, day from digest_days where made_at < cid_now() - $1::interval order by made_at limit $2)
