-- name: add
insert into track_faults (tenant_id, id, screening_id, kind, error, alone, final, user_id) values ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: of_screenings
-- How often each came to nothing since a person last had it tried anew: by its own fault, and in a row by the other side's.
select f.screening_id,
  count(*) filter (where f.kind <> all (array['retried', 'outage', 'timeout']))::int as failed,
  count(*) filter (where f.kind in ('outage', 'timeout'))::int as outages,
  count(*) filter (where f.kind = 'timeout')::int as timeouts,
  coalesce((array_agg(f.error order by f.id desc) filter (where f.kind <> all (array['retried', 'outage', 'timeout'])))[1], '') as problem
from track_faults f
where f.tenant_id = $1 and f.screening_id = any($2::uuid[])
  and f.id > coalesce((select max(r.id::text)::uuid from track_faults r
                       where r.tenant_id = $1 and r.screening_id = f.screening_id and r.kind = 'retried'),
                      '00000000-0000-0000-0000-000000000000')
group by f.screening_id
