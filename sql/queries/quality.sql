-- name: counts
-- The newest drafts by what the review of their current version says; null: it is not there yet. Bounded, so that a page
-- over a million drafts reads as much as one over a thousand.
select r.outcome, count(*)::int as drafts
from (select d.id, d.current_version_id from drafts d where d.tenant_id = $1 order by d.created_at desc, d.id desc limit $2) d
  left join lateral (
    select q.outcome from reviews q where q.tenant_id = $1 and q.version_id = d.current_version_id
    order by q.made_at desc, q.id desc limit 1) r on true
group by r.outcome

-- name: drafts
-- The newest, a page at a time, with what the review of the current version says. $3 picks an outcome of these, within the
-- newest $2 as the counts are.
select d.id, d.state, d.created_at, v.article::jsonb ->> 'title' as title, v.number, r.outcome
from (select x.id, x.state, x.created_at, x.current_version_id from drafts x where x.tenant_id = $1
      order by x.created_at desc, x.id desc limit $2) d
  join versions v on v.tenant_id = $1 and v.id = d.current_version_id
  left join lateral (
    select q.outcome from reviews q where q.tenant_id = $1 and q.version_id = d.current_version_id
    order by q.made_at desc, q.id desc limit 1) r on true
where ($3::text is null or r.outcome = $3)
  and (d.created_at, d.id) < (coalesce($4::timestamptz, 'infinity'), coalesce($5::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
order by d.created_at desc, d.id desc limit $6

-- name: rounds
-- Of each draft one review a round: the second, and as the first the one that led to it, or else the newest.
select distinct on (r.draft_id, r.round) r.draft_id, r.round, r.outcome, r.score, r.findings, r.changes, r.cost, r.made_at, v.number,
  r.call_id
from reviews r
  join versions v on v.tenant_id = $1 and v.id = r.version_id
  left join versions m on m.tenant_id = $1 and m.draft_id = r.draft_id and m.revises is not null
where r.tenant_id = $1 and r.draft_id = any($2::uuid[])
order by r.draft_id, r.round, (r.version_id = m.revises) desc nulls last, r.made_at desc, r.id desc

-- name: findings
-- What was found in the newest drafts, for what recurs.
select r.draft_id, r.findings
from (select d.id from drafts d where d.tenant_id = $1 order by d.created_at desc, d.id desc limit $2) d
  cross join lateral (
    select q.draft_id, q.findings from reviews q where q.tenant_id = $1 and q.draft_id = d.id
    order by q.made_at desc, q.id desc limit 3) r
