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

-- name: forget
-- A limit that is fully replenished says nothing.
delete from limits where tat < cid_now() - interval '1 day'
