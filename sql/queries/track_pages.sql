-- name: stories
-- Stories of the tracker desk in these states, newest first, before the place ($3, $4). Attempts are questions to a model.
with page as (
  select s.id, s.opened_at, s.item_id, s.story_id, s.state, s.waiting_for, s.until, s.failure, s.reason
  from screenings s
  where s.tenant_id = $1 and s.desk = 'tracker' and s.merged_into is null and s.state = any($2::text[])
    and ($3::timestamptz is null or (s.opened_at, s.id) < ($3, $4::uuid))
    and ($5::boolean is null or $5 = exists (
      select from jobs j where j.tenant_id = $1 and j.kind = 'track' and j.state = 'running' and j.payload ->> 'screening' = s.id::text))
  order by s.opened_at desc, s.id desc limit $6
)
select p.id as place_id, p.opened_at as place_at, p.id as screening_id, p.item_id, i.title, i.url, p.state, p.waiting_for, p.until, p.failure,
  exists (select from jobs j where j.tenant_id = $1 and j.kind = 'track' and j.state = 'running' and j.payload ->> 'screening' = p.id::text) as running,
  f.attempts + (case when p.state in ('passed', 'dropped') then 1 else 0 end) as attempts, coalesce(f.error, '') as last_error, f.at as last_fault_at,
  e.id as entry_id, e.state as entry_state, e.category, e.regions, e.summary, e.score::int as score, e.provider
from page p
join visible_items i on i.id = p.item_id
left join entries e on e.tenant_id = $1 and e.screening_id = p.id
left join lateral (
  select count(*)::int as attempts, max(x.at) as at, (array_agg(x.error order by x.at desc, x.id desc))[1] as error
  from track_faults x where x.tenant_id = $1 and x.screening_id = p.id and x.kind <> 'retried') f on true
order by p.opened_at desc, p.id desc

-- name: entries
-- Entries by state, category and region, newest first, before the place ($5, $6); what is null is no condition. One that stands for
-- no story any more is shown at the one that does.
select e.id as place_id, e.made_at as place_at, e.screening_id, e.item_id, e.title, e.url, 'passed' as state, null::text as waiting_for,
  null::timestamptz as until, '' as failure, false as running, 1 as attempts, '' as last_error, null::timestamptz as last_fault_at,
  e.id as entry_id, e.state as entry_state, e.category, e.regions, e.summary, e.score::int as score, e.provider
from entries e
where e.tenant_id = $1 and e.merged_into is null and e.state = any($2::text[]) and ($3::text is null or e.category = $3)
  and ($4::text is null or $4 = any(e.regions))
  and ($5::timestamptz is null or (e.made_at, e.id) < ($5, $6::uuid))
order by e.made_at desc, e.id desc limit $7

-- name: waiting
-- What wants a person, counted as far as a person would count.
select (select count(*) from (select from entries e where e.tenant_id = $1 and e.state = 'pending' limit 1000) p)::int as pending,
  (select count(*) from (select from screenings s where s.tenant_id = $1 and s.desk = 'tracker' and s.state = 'failed' limit 1000) f)::int as failed

-- name: report
-- What became of stories by hour or day of UTC ($2), and what it took. Recovered: judged after a fault of its own. A call that several
-- stories share is one.
with judged as (
  select date_trunc($2, v.at, 'UTC') as start, v.reason,
    exists (select from track_faults f where f.tenant_id = $1 and f.screening_id = v.screening_id and f.at <= v.at
              and f.kind <> all (array['retried', 'outage', 'timeout'])) as recovered
  from verdicts v
  where v.tenant_id = $1 and v.gate = 'track' and v.at >= $3 and v.reason <> 'merged'
), ends as (
  select start, count(*) filter (where reason = 'tracked') as processed, count(*) filter (where reason = 'off_topic') as not_relevant,
    count(*) filter (where reason = 'outage') as given_up, count(*) filter (where recovered and reason <> 'outage') as recovered
  from judged group by start
), failures as (
  select date_trunc($2, f.at, 'UTC') as start, count(*) as failed, mode() within group (order by f.kind) as kind,
    (array_agg(f.error order by f.at desc, f.id desc))[1] as error
  from track_faults f where f.tenant_id = $1 and f.final and f.at >= $3 group by 1
), asked as (
  select date_trunc($2, c.sent_at, 'UTC') as start, count(*) as calls,
    sum(c.input + c.cache_read + c.cache_write + c.cache_write_1h) as input, sum(c.output) as output, sum(coalesce(c.cost, 0)) as dollars
  from calls c where c.tenant_id = $1 and c.stage = 'track' and c.sent_at >= $3 group by 1
)
select start, coalesce(e.processed, 0)::int as processed, coalesce(e.not_relevant, 0)::int as not_relevant,
  (coalesce(f.failed, 0) + coalesce(e.given_up, 0))::int as failed, coalesce(e.recovered, 0)::int as recovered, coalesce(a.calls, 0)::int as calls,
  coalesce(a.input, 0)::bigint as input, coalesce(a.output, 0)::bigint as output, coalesce(a.dollars, 0) as dollars,
  f.kind as fault, coalesce(f.error, '') as error
from ends e full join failures f using (start) full join asked a using (start)
order by start desc
