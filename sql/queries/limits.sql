-- name: take
-- GCRA: `tat` is when the next event would be due if they came evenly, $2 apart; $3 of them may come at once.
-- `granted` false: not before `at`. The second look is at the statement's start: another event taken meanwhile makes `at`
-- early, never late.
with taken as (
  insert into limits as l (key, tat) values ($1, cid_now() + $2::interval)
  on conflict (key) do update set tat = greatest(l.tat, cid_now()) + $2::interval
    where greatest(l.tat, cid_now()) + $2::interval - $2::interval * $3::int <= cid_now()
  returning tat
)
select exists (select from taken) as granted,
  greatest(coalesce((select l.tat + $2::interval - $2::interval * $3::int from limits l where l.key = $1), cid_now() + $2::interval),
           cid_now()) as at

-- name: reserve
-- Turns taken ahead, $3 of each key at once: answers in how many seconds the first is; the others follow $2 apart. Nobody is refused, so that thousands
-- who wait for one key each know their moment, instead of asking again and again.
insert into limits as l (key, tat)
select n.key, cid_now() + n.every * n.turns
from unnest($1::text[], $2::interval[], $3::int[]) as n (key, every, turns)
order by n.key  -- one order for everybody: two who reserve the same keys must not wait for each other
on conflict (key) do update set tat = greatest(l.tat, cid_now()) + (excluded.tat - cid_now())
returning key, extract(epoch from tat - cid_now() - (
  select n.every * n.turns from unnest($1::text[], $2::interval[], $3::int[]) as n (key, every, turns) where n.key = l.key))::float8 as wait_s

-- name: hold
-- Nothing under these keys before the moments $2.
insert into limits as l (key, tat)
select n.key, max(n.until) from unnest($1::text[], $2::timestamptz[]) as n (key, until) group by n.key order by n.key
on conflict (key) do update set tat = greatest(l.tat, excluded.tat)

-- name: held
select key, extract(epoch from tat - cid_now())::float8 as wait_s from limits where key = any($1::text[]) and tat > cid_now()

-- name: forget
-- A limit that is fully replenished says nothing.
delete from limits where tat < cid_now() - interval '1 day'

-- name: clear
-- Who has shown that the attempts were theirs starts anew.
delete from limits where key = $1
