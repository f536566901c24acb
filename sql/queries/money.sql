-- name: terms
-- What one tenant has set, and what is set for everybody (the zero uuid).
select tenant_id, cheap, quality, per_day, per_month, per_stage, all_per_day, stopped, changed_by, changed_at
from model_terms where tenant_id in ($1, '00000000-0000-0000-0000-000000000000')

-- name: every_tenant
-- Each tenant with its own caps and what it spent today and this month.
select t.id, t.slug, t.name, t.sample, m.per_day, m.per_month, coalesce(m.per_stage, '{}') as per_stage, m.stopped,
       coalesce(m.cheap is not null or m.quality is not null, false) as chooses,
       coalesce(d.spent + d.reserved, 0) as day, coalesce(n.spent + n.reserved, 0) as month
from tenants t
left join model_terms m on m.tenant_id = t.id
left join budgets d on d.tenant_id = t.id and d.period = 'day' and d.starts = (cid_now() at time zone 'UTC')::date and d.scope = ''
left join budgets n on n.tenant_id = t.id and n.period = 'month' and n.scope = ''
  and n.starts = date_trunc('month', cid_now() at time zone 'UTC')::date
order by t.slug

-- name: choose_cheap
insert into model_terms (tenant_id, cheap, changed_by, changed_at) values ($1, $2, $3, cid_now())
on conflict (tenant_id) do update set cheap = excluded.cheap, changed_by = excluded.changed_by, changed_at = excluded.changed_at

-- name: choose_quality
insert into model_terms (tenant_id, quality, changed_by, changed_at) values ($1, $2, $3, cid_now())
on conflict (tenant_id) do update set quality = excluded.quality, changed_by = excluded.changed_by, changed_at = excluded.changed_at

-- name: cap
insert into model_terms (tenant_id, per_day, per_month, per_stage, all_per_day, changed_by, changed_at)
values ($1, $2, $3, $4, $5, $6, cid_now())
on conflict (tenant_id) do update set per_day = excluded.per_day, per_month = excluded.per_month, per_stage = excluded.per_stage,
  all_per_day = excluded.all_per_day, changed_by = excluded.changed_by, changed_at = excluded.changed_at

-- name: switch
-- A reason stops, null goes on.
insert into model_terms (tenant_id, stopped, changed_by, changed_at) values ($1, $2, $3, cid_now())
on conflict (tenant_id) do update set stopped = excluded.stopped, changed_by = excluded.changed_by, changed_at = excluded.changed_at

-- name: go_on
select kind, jobs from inspect.go_on($1)

-- name: held
select why, min(until) as until, sum(jobs)::bigint as jobs from inspect.waiting_for_money where tenant_id = $1 group by why order by jobs desc

-- name: held_by_all
select why, min(until) as until, sum(jobs)::bigint as jobs from inspect.waiting_for_money group by why order by jobs desc limit 20

-- name: breakers
select model, failures, case when open_until > cid_now() then open_until end as open_until, why, changed_at
from breakers where failures > 0 or open_until > cid_now() order by model

-- name: try_now
-- Its failures stay: the next call is the one that tries.
update breakers set open_until = cid_now(), changed_at = cid_now() where model = $1 and open_until > cid_now() returning model

-- name: budgets
-- Of now: the day and the month in UTC.
select period, scope, spent, reserved from budgets
where tenant_id = $1 and (period = 'day' and starts = (cid_now() at time zone 'UTC')::date
  or period = 'month' and starts = date_trunc('month', cid_now() at time zone 'UTC')::date)
order by period, scope

-- name: by_day
-- The last 31 days, also those on which nothing was spent.
select d.day::date as day, coalesce(b.spent, 0) as spent, coalesce(b.reserved, 0) as reserved
from generate_series((cid_now() at time zone 'UTC')::date - 30, (cid_now() at time zone 'UTC')::date, interval '1 day') as d (day)
left join budgets b on b.tenant_id = $1 and b.period = 'day' and b.scope = '' and b.starts = d.day::date
order by d.day

-- name: by_stage
-- The day in a subselect: under a policy it would else be computed for every row, and the index not be entered by it.
select stage as name, count(*) as calls, count(*) filter (where state in ('failed', 'ambiguous')) as unanswered,
       sum(coalesce(cost, 0)) as spent
from calls where tenant_id = $1 and sent_at >= (select ((cid_now() at time zone 'UTC')::date - 30)::timestamp at time zone 'UTC')
group by stage order by spent desc, stage

-- name: by_model
select provider || '/' || model as name, count(*) as calls, count(*) filter (where state in ('failed', 'ambiguous')) as unanswered,
       sum(coalesce(cost, 0)) as spent
from calls where tenant_id = $1 and sent_at >= (select ((cid_now() at time zone 'UTC')::date - 30)::timestamp at time zone 'UTC')
group by provider, model order by spent desc, name

-- name: by_draft
-- The newest drafts with all that was asked on their way: relevance, the drafts themselves, reviews of each version. What
-- updates of one cost is part of it.
with newest as materialized (
  select d.id, d.screening_id, d.created_at, v.article::jsonb ->> 'title' as title
  from drafts d join versions v on v.tenant_id = d.tenant_id and v.id = d.current_version_id
  where d.tenant_id = $1 and d.update_of is null order by d.created_at desc, d.id desc limit $2)
select n.id, n.title, n.created_at, coalesce(c.calls, 0) as calls, coalesce(c.unanswered, 0) as unanswered, coalesce(c.spent, 0) as spent
from newest n left join costs_of(array(select screening_id from newest)) c on c.screening_id = n.screening_id
order by n.created_at desc, n.id desc

-- name: troubled
-- Calls that brought nothing: failed ones owe nothing, ambiguous ones count as spent at their reservation.
select id, stage, provider || '/' || model as model, state, error, coalesce(cost, 0) as spent, sent_at
from calls
where tenant_id = $1 and state in ('failed', 'ambiguous') and sent_at >= (select ((cid_now() at time zone 'UTC')::date - 30)::timestamp at time zone 'UTC')
order by sent_at desc limit $2
