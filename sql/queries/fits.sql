-- name: note
insert into fits (tenant_id, screening_id, audience_relevance, business_relevance, actionability, risk_level, recommended_angle, claims_to_use)
values ($1, $2, $3::float8, $4::float8, $5::float8, $6, $7, $8::text[])
on conflict (tenant_id, screening_id) do update
set audience_relevance = excluded.audience_relevance, business_relevance = excluded.business_relevance, actionability = excluded.actionability,
  risk_level = excluded.risk_level, recommended_angle = excluded.recommended_angle, claims_to_use = excluded.claims_to_use, made_at = cid_now()

-- name: of
select audience_relevance::float8 as audience_relevance, business_relevance::float8 as business_relevance, actionability::float8 as actionability,
  risk_level, recommended_angle, claims_to_use
from fits where tenant_id = $1 and screening_id = $2
