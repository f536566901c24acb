-- name: due
-- The newest slot of each periodic job, where nobody took it yet and (for those that skip what was missed) it is not older
-- than $4. The unique key (name, slot) is all the election there is.
with slots as (
  select p.name, date_bin(p.every, cid_now(), '2000-01-01 00:00:00+00') as slot, p.skip
  from unnest($1::text[], $2::interval[], $3::boolean[]) as p (name, every, skip)
), taken as (
  insert into periodic_slots (name, slot)
  select s.name, s.slot from slots s
  where not (s.skip and s.slot < cid_now() - $4::interval)
    and not exists (select from periodic_slots o where o.name = s.name and o.slot = s.slot)
  on conflict do nothing
  returning name
)
select name from taken

-- name: forget
delete from periodic_slots where slot < cid_now() - $1::interval
