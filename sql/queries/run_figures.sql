-- name: counted
-- All runs of a tenant by state and rating: one walk along an index that is sorted so and holds all that is read.
select state, rating, count(*)::int as runs, count(score)::int as scored, coalesce(sum(score), 0)::int as points
from runs where tenant_id = $1 group by state, rating

-- name: recent
-- Those of the last 24 hours.
select state, rating, count(*)::int as runs, count(score)::int as scored, coalesce(sum(score), 0)::int as points
from runs where tenant_id = $1 and created_at >= (select cid_now() - interval '24 hours') group by state, rating

-- name: failures
-- The last that failed.
select id, outlet, failure, detail, ended_at from runs where tenant_id = $1 and state = 'failed' order by created_at desc, id desc limit $2

-- name: days
-- By the day (of UTC) on which they were asked for, of the last $2 days, today among them.
select (created_at at time zone 'UTC')::date as day, count(*)::int as runs, count(*) filter (where state = 'failed')::int as failed,
  count(score)::int as scored, coalesce(sum(score), 0)::int as points
from runs
where tenant_id = $1 and created_at >= (select date_trunc('day', cid_now() at time zone 'UTC') at time zone 'UTC' - make_interval(days => $2 - 1))
group by 1

-- name: fetched
-- When a way of fetching last brought something or nothing, and when it last failed and why: one look into the index for each outcome.
select w.via as service, good.at as succeeded_at, bad.at as failed_at, coalesce(nullif(bad.detail, ''), bad.outcome, '') as error
from unnest($2::text[]) w (via)
  left join lateral (
    select f.at from unnest(array['new', 'empty', 'not_modified']) o (outcome) cross join lateral (
      select x.at from run_fetches x where x.tenant_id = $1 and x.via = w.via and x.outcome = o.outcome order by x.at desc limit 1) f
    order by f.at desc limit 1) good on true
  left join lateral (
    select f.at, f.detail, o.outcome from unnest(array['blocked', 'rate_limited', 'gone', 'broken', 'unreachable']) o (outcome)
      cross join lateral (
        select x.at, x.detail from run_fetches x where x.tenant_id = $1 and x.via = w.via and x.outcome = o.outcome
        order by x.at desc limit 1) f
    order by f.at desc limit 1) bad on true

-- name: called
-- When a provider of models last answered, and when it last did not, over the newest $3 calls: they are enough to tell, and a
-- walk through all would not be.
with newest as materialized (
  select provider, state, sent_at from calls where tenant_id = $1 order by sent_at desc limit $3
)
select p.provider as service, max(n.sent_at) filter (where n.state = 'answered') as succeeded_at,
  max(n.sent_at) filter (where n.state in ('failed', 'ambiguous')) as failed_at,
  coalesce((select c.error from calls c where c.tenant_id = $1 and c.provider = p.provider and c.state in ('failed', 'ambiguous')
            and c.sent_at = max(n.sent_at) filter (where n.state in ('failed', 'ambiguous')) limit 1), '') as error
from unnest($2::text[]) p (provider) left join newest n on n.provider = p.provider
group by p.provider

-- name: database
select current_setting('server_version') as version
