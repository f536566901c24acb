-- name: sums
-- Of all time: a handful of rows that triggers of `runs` keep.
select coalesce(sum(runs), 0)::bigint as runs, coalesce(sum(completed), 0)::bigint as completed, coalesce(sum(partial), 0)::bigint as partial,
  coalesce(sum(failed), 0)::bigint as failed, coalesce(sum(scored), 0)::bigint as scored, coalesce(sum(points), 0)::bigint as points,
  coalesce(sum(excellent), 0)::bigint as excellent, coalesce(sum(good), 0)::bigint as good, coalesce(sum(acceptable), 0)::bigint as acceptable,
  coalesce(sum(poor), 0)::bigint as poor, coalesce(sum(failing), 0)::bigint as failing
from run_sums where tenant_id = $1 and grain = 'ever'

-- name: recent
-- Of the last 24 hours to the second: the hours that lie in them whole as they were counted, and the runs of the one that does not.
with since as (select cid_now() - interval '24 hours' as at),
  whole as (select date_trunc('hour', at, 'UTC') + interval '1 hour' as at from since)
select coalesce(sum(runs), 0)::bigint as runs, coalesce(sum(completed), 0)::bigint as completed, coalesce(sum(partial), 0)::bigint as partial,
  coalesce(sum(failed), 0)::bigint as failed
from (
  select runs, completed, partial, failed from run_sums where tenant_id = $1 and grain = 'hour' and at >= (select at from whole)
  union all
  select count(*), count(*) filter (where state = 'completed'), count(*) filter (where state = 'partial'), count(*) filter (where state = 'failed')
  from runs where tenant_id = $1 and created_at >= (select at from since) and created_at < (select at from whole)) s

-- name: failures
-- The last that failed.
select id, outlet, failure, detail, ended_at from runs where tenant_id = $1 and state = 'failed' order by created_at desc, id desc limit $2

-- name: days
-- By the day (of UTC) on which they were asked for, of the last $2 days, today among them.
select (at at time zone 'UTC')::date as day, sum(runs)::bigint as runs, sum(failed)::bigint as failed, sum(scored)::bigint as scored,
  sum(points)::bigint as points
from run_sums
where tenant_id = $1 and grain = 'day' and at >= (select date_trunc('day', cid_now(), 'UTC') - make_interval(days => $2 - 1))
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

-- name: forget
-- Those of all time stay.
delete from run_sums where grain = $1 and grain <> 'ever' and at < cid_now() - $2::interval

-- name: database
select current_setting('server_version') as version
