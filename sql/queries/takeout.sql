-- name: all
-- A tenant's sources with all that it set, to be taken elsewhere. Samples are made here and stay.
select o.kind, o.url, o.config, o.title, o.tenant_id is not null as private,
  u.trust::float8 as trust, u.role, u.interval_s, u.full_text, u.replace_itself, u.active
from subscriptions u join sources o on o.id = u.source_id
where u.tenant_id = $1 and o.kind <> 'sample'
order by lower(coalesce(nullif(o.title, ''), o.url)), o.id

-- name: set_full_text
update subscriptions set full_text = $3 where tenant_id = $1 and source_id = $2 returning source_id

-- name: settle
-- What a file said about sources that were just subscribed to.
update subscriptions u set
  interval_s = n.interval_s, full_text = n.full_text, replace_itself = n.replace_itself, active = n.active
from unnest($2::uuid[], $3::integer[], $4::boolean[], $5::boolean[], $6::boolean[])
  as n (source_id, interval_s, full_text, replace_itself, active)
where u.tenant_id = $1 and u.source_id = n.source_id
