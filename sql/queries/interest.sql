-- name: resting
-- Why the provider is left alone for now.
select missing from interest where provider = $1 and place = '' and keyword = '' and until > cid_now()

-- name: claim
-- Answers a row to whoever may ask: nobody knows any more, and nobody else is asking.
insert into interest as i (provider, place, keyword, until, asking_until)
values ($1, $2, $3, cid_now(), cid_now() + $4::interval)
on conflict (provider, place, keyword) do update set asking_until = excluded.asking_until
where i.until <= cid_now() and i.asking_until <= cid_now()
returning keyword

-- name: asking
-- Until when somebody else is asking what nobody knows; null: it is known.
select asking_until from interest where provider = $1 and place = $2 and keyword = $3 and until <= cid_now()

-- name: known
select score::float8 as score, missing from interest where provider = $1 and place = $2 and keyword = $3

-- name: listed
-- What the place searches for most, by every list of it that holds still.
select keyword, score::float8 as score from interest
where provider = $1 and place = $2 and keyword <> '' and score is not null and until > cid_now()
order by score desc, keyword limit 1000

-- name: tell
-- Twice is once, and the last word holds. In order of their keywords: two lists would else wait for each other in a ring.
insert into interest as i (provider, place, keyword, score, missing, until)
select $1, $2, n.keyword, n.score, $5, cid_now() + $6::interval
from unnest($3::text[], $4::float8[]) as n (keyword, score)
order by n.keyword
on conflict (provider, place, keyword) do update
set score = excluded.score, missing = excluded.missing, until = excluded.until, asked_at = cid_now(), asking_until = '-infinity'

-- name: leave
-- It was asked for nothing that others could use.
update interest set asking_until = '-infinity' where provider = $1 and place = $2 and keyword = $3

-- name: forget
delete from interest where until < cid_now() - interval '1 day' and asking_until < cid_now()
