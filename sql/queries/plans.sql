-- name: take
-- One more of this day and week, if there is room in both; no row where there is none. The row is locked by whoever came first,
-- and what it says then is what counts.
insert into plans as p (tenant_id, day, day_taken, week, week_taken)
select $1, n.day, 1, n.week, 1
from (select (cid_now() at time zone 'UTC')::date as day, date_trunc('week', cid_now() at time zone 'UTC')::date as week) n
where $2 > 0 and $3 > 0
on conflict (tenant_id) do update set
  day_taken = case when p.day = excluded.day then p.day_taken else 0 end + 1, day = excluded.day,
  week_taken = case when p.week = excluded.week then p.week_taken else 0 end + 1, week = excluded.week
where case when p.day = excluded.day then p.day_taken else 0 end < $2
  and case when p.week = excluded.week then p.week_taken else 0 end < $3
returning day, week

-- name: hold
-- No row where the screening holds one already.
insert into places as p (tenant_id, screening_id, day, week, ordinal) values ($1, $2, $3, $4, $5)
on conflict (tenant_id, screening_id, ordinal) do update
  set day = excluded.day, week = excluded.week, by_hand = null, taken_at = cid_now(), released_at = null
where p.released_at is not null
returning screening_id

-- name: hold_by_hand
insert into places as p (tenant_id, screening_id, by_hand) values ($1, $2, $3)
on conflict (tenant_id, screening_id, ordinal) do update
  set day = null, week = null, by_hand = excluded.by_hand, taken_at = cid_now(), released_at = null
where p.released_at is not null
returning screening_id

-- name: held
select exists (select from places where tenant_id = $1 and screening_id = $2 and ordinal = $3 and released_at is null)

-- name: release
-- Whoever finds that there will be no draft may say so: one that was written all the same keeps its place.
update places p set released_at = cid_now()
where p.tenant_id = $1 and p.screening_id = $2 and p.ordinal = $3 and p.released_at is null
  and not exists (select from drafts d where d.tenant_id = $1 and d.screening_id = $2 and d.ordinal = $3)
returning p.day, p.week

-- name: give_back
-- Only while the day or the week lasts that it was counted on.
update plans set
  day_taken = case when day = $2 then greatest(day_taken - 1, 0) else day_taken end,
  week_taken = case when week = $3 then greatest(week_taken - 1, 0) else week_taken end
where tenant_id = $1

-- name: best
-- Of those that wait for a place the one whose turn it is: urgency, then score, then age.
select id, urgent, score::float8 as score, opened_at
from screenings
where tenant_id = $1 and waiting_for = 'plan' and id <> $2
order by urgent desc, score desc nulls last, opened_at, id limit 1

-- name: counted
select case when day = (cid_now() at time zone 'UTC')::date then day_taken else 0 end as day_taken,
       case when week = date_trunc('week', cid_now() at time zone 'UTC')::date then week_taken else 0 end as week_taken
from plans where tenant_id = $1

-- name: waiting
-- Who waits for a place, in the order in which places are given.
select s.id, s.item_id, i.title, s.urgent, s.score::float8 as score, s.spread, s.opened_at
from screenings s join visible_items i on i.id = s.item_id
where s.tenant_id = $1 and s.waiting_for = 'plan'
order by s.urgent desc, s.score desc nulls last, s.opened_at, s.id limit 200

-- name: number
select count(*)::int from screenings where tenant_id = $1 and waiting_for = 'plan'
