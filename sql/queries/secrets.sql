-- name: channels
-- For another key, page by page.
select id::text as id, sealed from channels where sealed <> '' and id::text > $1 order by id::text limit $2

-- name: reseal_channel
-- Only what still is what was read: a secret entered meanwhile is under the newest key anyway.
update channels set sealed = $3 where id = $1::text::uuid and sealed = $2 returning id

-- name: factors
select id::text as id, totp as sealed from users where totp <> '' and id::text > $1 order by id::text limit $2

-- name: reseal_factor
update users set totp = $3 where id = $1::text::uuid and totp = $2 returning id

-- name: letters
-- Those that have not gone out yet: the text of the others is gone.
select id::text as id, message as sealed from mails where message is not null and id::text > $1 order by id::text limit $2

-- name: reseal_letter
update mails set message = $3 where id = $1::text::uuid and message = $2 returning id
