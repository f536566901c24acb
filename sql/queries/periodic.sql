-- name: due
-- The slots of each periodic job that nobody took yet: the newest, unless the job skips what was missed and it is older than $4;
-- of a job that makes up for each, also those between the last one taken and it, the newest $5 of them and none older than $6.
-- One that was never taken has missed nothing. The unique key (name, slot) is all the election there is. Multiples are of
-- seconds: a day of the session's time zone may have 23 hours.
with given as (
  select p.name, p.missed, extract(epoch from p.every) as every_s, date_bin(p.every, cid_now(), '2000-01-01 00:00:00+00') as newest,
    (select max(o.slot) from periodic_slots o where o.name = p.name) as last
  from unnest($1::text[], $2::interval[], $3::text[]) as p (name, every, missed)
), slots as (
  select g.name, g.newest - make_interval(secs => g.every_s * b.back) as slot, g.missed, g.last, b.back
  from given g cross join lateral generate_series(0, case when g.missed = 'each' then $5::int - 1 else 0 end) as b (back)
), taken as (
  insert into periodic_slots (name, slot)
  select s.name, s.slot from slots s
  where (s.back = 0 or s.slot > s.last)
    and not (s.missed = 'skip' and s.slot < cid_now() - $4::interval)
    and not (s.missed = 'each' and s.slot < cid_now() - $6::interval)
    and not exists (select from periodic_slots o where o.name = s.name and o.slot = s.slot)
  order by s.name, s.slot  -- one order for everybody: two processes must not wait for each other
  on conflict do nothing
  returning name, slot
)
select name, slot from taken order by slot, name

-- name: forget
delete from periodic_slots where slot < cid_now() - $1::interval
