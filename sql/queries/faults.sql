-- name: add
insert into track_faults (tenant_id, id, screening_id, kind, error, alone, final, user_id) values ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: of_screenings
-- How often each came to nothing since a person last had it tried anew: by its own fault, and by the other side's; how often ever by
-- its own; and whether others were answered since it began to.
with since as (
  select f.screening_id, coalesce(max(f.at) filter (where f.kind = 'retried'), '-infinity') as at
  from track_faults f where f.tenant_id = $1 and f.screening_id = any($2::uuid[]) group by f.screening_id
)
select f.screening_id,
  count(*) filter (where f.at > s.at and f.kind <> all (array['retried', 'outage', 'timeout']))::int as failed,
  count(*) filter (where f.kind <> all (array['retried', 'outage', 'timeout']))::int as ever,
  count(*) filter (where f.at > s.at and f.kind in ('outage', 'timeout'))::int as outages,
  count(*) filter (where f.at > s.at and f.kind = 'timeout')::int as timeouts,
  exists (select from verdicts v where v.tenant_id = $1 and v.gate = 'track' and v.call_id is not null
            and v.at > min(f.at) filter (where f.at > s.at)) as others,
  coalesce((array_agg(f.error order by f.at desc, f.id desc) filter (where f.kind <> all (array['retried', 'outage', 'timeout'])))[1], '') as problem
from track_faults f join since s on s.screening_id = f.screening_id
where f.tenant_id = $1
group by f.screening_id
