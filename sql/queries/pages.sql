-- name: queue
-- Work of one tenant (the zero uuid: of the platform) by kind. Counting what is ready stops at 10,000, so that the cost of
-- looking does not grow with the backlog; `oldest` is since when the first of them might have run.
select k.kind, r.ready, r.oldest, coalesce(o.running, 0) as running, coalesce(o.later, 0) as later,
       coalesce(d.dead, 0) as dead,
       exists (select from pauses p where p.kind in (k.kind, '*') and p.tenant_id in ($1, '00000000-0000-0000-0000-000000000000')) as paused
from unnest($2::text[]) with ordinality as k (kind, n)
cross join lateral (
  select count(*) as ready, min(w.run_at) as oldest
  from (select j.run_at from jobs j where j.kind = k.kind and j.tenant_id = $1 and j.state = 'ready' limit 10000) w
) r
left join (
  -- one by one: only so are the partial indexes of the two states used
  select t.kind, sum(t.running)::bigint as running, sum(t.later)::bigint as later
  from (select j.kind, count(*) as running, 0 as later from jobs j where j.tenant_id = $1 and j.state = 'running' group by j.kind
        union all
        select j.kind, 0, count(*) from jobs j where j.tenant_id = $1 and j.state = 'scheduled' group by j.kind) t
  group by t.kind
) o on o.kind = k.kind
left join (select x.kind, count(*) as dead from jobs_dead x where x.tenant_id = $1 group by x.kind) d on d.kind = k.kind
order by k.n

-- name: sources_by_word
-- Each subscription under one word: off, then what keeps the source from being polled, then the last outcome.
select case when not u.active then 'off' when s.state <> 'active' then s.state else coalesce(s.outcome, 'unpolled') end as word,
       count(*) as sources
from subscriptions u join sources s on s.id = u.source_id
where u.tenant_id = $1
group by word order by word

-- name: funnel
-- Verdicts of one desk in the last 24 hours. Gate 1 judges items, the others stories.
select gate, outcome, reason, count(*) as verdicts
from verdicts
where tenant_id = $1 and desk = $2 and at > cid_now() - interval '24 hours'
group by gate, outcome, reason
order by gate, verdicts desc, reason

-- name: decided
-- What people decided and what went live in the last 24 hours.
select (select count(*) from decisions d where d.tenant_id = $1 and d.kind = 'approve' and d.made_at > cid_now() - interval '24 hours') as approved,
       (select count(*) from decisions d where d.tenant_id = $1 and d.kind = 'reject' and d.made_at > cid_now() - interval '24 hours') as rejected,
       (select count(*) from publications p where p.tenant_id = $1 and p.live_at > cid_now() - interval '24 hours') as live

-- name: backlog
-- Stories of one desk between gate 1 and a draft, or an entry: they, not jobs, are the backlog.
select state, stage, waiting_for, count(*) as stories, min(opened_at) as oldest
from screenings
where tenant_id = $1 and desk = $2 and state in ('open', 'waiting', 'failed')
group by state, stage, waiting_for
order by state, stage, waiting_for

-- name: drafts_by_state
select state, count(*) as drafts, min(changed_at) as oldest
from drafts where tenant_id = $1 and state in ('written', 'ready', 'held', 'changes_requested')
group by state order by state

-- name: spend
-- Today in UTC. What was sent and never answered counts at what was reserved for it, because it may have been billed.
select stage, provider, count(*) as calls,
       count(*) filter (where state in ('failed', 'ambiguous')) as unanswered,
       sum(case when state in ('sent', 'ambiguous') then reserved else coalesce(cost, 0) end) as dollars
from calls
where tenant_id = $1 and sent_at >= date_trunc('day', cid_now() at time zone 'UTC') at time zone 'UTC'
group by stage, provider order by stage, provider

-- name: budget
-- Of one tenant and today; the cap is the tenant's own, else the one for everybody, else $2.
select coalesce((select per_day from model_terms where tenant_id = $1),
                (select per_day from model_terms where tenant_id = '00000000-0000-0000-0000-000000000000'), $2::numeric) as cap,
       coalesce(sum(spent), 0) as spent, coalesce(sum(reserved), 0) as reserved
from budgets
where tenant_id = $1 and period = 'day' and starts = (cid_now() at time zone 'UTC')::date and scope = ''

-- name: pieces
-- The last drafts with the four moments that the desk is measured by. The first decision counts, and the first channel.
select d.id, d.state, d.sample, v.article::jsonb ->> 'title' as title, v.provider, d.found_at, d.created_at as drafted_at,
       (select min(x.made_at) from decisions x where x.tenant_id = d.tenant_id and x.draft_id = d.id and x.kind <> 'undo') as decided_at,
       (select min(p.live_at) from publications p where p.tenant_id = d.tenant_id and p.draft_id = d.id) as live_at
from drafts d join versions v on v.tenant_id = d.tenant_id and v.id = d.current_version_id
where d.tenant_id = $1
order by d.created_at desc, d.id desc limit 8

-- name: processes
-- Who has beaten in the last day; silent for 30 s is dead, by the database's clock.
select host, pid, kinds, parts, started_at, beat_at, beat_at < cid_now() - interval '30 seconds' as silent
from workers where beat_at > cid_now() - interval '1 day' order by silent, host, pid

-- name: migrated
select coalesce(max(number), 0) from migrations

-- name: sources
-- One tenant's subscriptions in the order of the alphabet, after the place ($4, $5); $2 one word as in sources_by_word, $3 part of
-- a title or an address.
select s.id, u.trust::float8 as trust, u.role, u.active, s.kind, s.url, s.title, s.publisher, s.tenant_id is not null as private,
       s.sample, s.outcome, s.outcome_detail, s.failures, s.quarantined_until, s.polled_at, s.last_new_at, s.next_poll_at,
       u.interval_s as fixed_s, u.full_text, s.interval_why, s.moved_to, s.former_url, s.validators_lie, w.word, w.place
from subscriptions u join sources s on s.id = u.source_id
cross join lateral (
  select case when not u.active then 'off' when s.state <> 'active' then s.state else coalesce(s.outcome, 'unpolled') end as word,
         lower(coalesce(nullif(s.title, ''), regexp_replace(s.url, '^https?://', ''))) as place
) w
where u.tenant_id = $1
  and ($2::text is null or w.word = $2)
  and ($3::text is null or position(lower($3) in lower(s.title || ' ' || s.url)) > 0)
  and ($4::text is null or (w.place, s.id) > ($4, $5::uuid))
order by w.place, s.id limit $6

-- name: judged_at
-- One gate's verdicts with their items, newest first, before the place ($4, $5). A verdict on a story stands for the item that
-- opened it. The page is cut first and its items are then looked up one by one (`offset 0` keeps the planner from undoing
-- that), by a plain column; where the story merged, what became of it is the other screening's to say: with a coalesce in the condition, or joined freely, the items' row policy makes it read all items.
with page as materialized (
  select v.id, v.at, v.gate, v.outcome, v.reason, v.score, v.item_id, v.screening_id
  from verdicts v
  where v.tenant_id = $1 and v.gate = $2 and ($3::text is null or v.outcome = $3) and ($7::text is null or v.desk = $7)
    and ($4::timestamptz is null or (v.at, v.id) < ($4, $5::uuid))
  order by v.at desc, v.id desc limit $6
), told as materialized (
  select v.*, s.state, s.stage, s.waiting_for, s.gate as dropped_at, s.reason as dropped_for, coalesce(v.item_id, o.item_id) as wanted
  from page v left join screenings o on o.tenant_id = $1 and o.id = v.screening_id
  left join screenings s on s.tenant_id = $1 and s.id = coalesce(o.merged_into, o.id)
)
select t.id as place_id, t.at as place_at, t.gate, t.outcome, t.reason, t.score::float8 as score,
       i.id, i.title, i.url, i.published_at, i.first_seen_at, i.sample,
       t.state, t.stage, t.waiting_for, t.dropped_at, t.dropped_for
from told t cross join lateral (select * from visible_items x where x.id = t.wanted offset 0) i
order by t.at desc, t.id desc

-- name: judged_for
-- The same for one reason ($2); a statement of its own, because a plan that serves both uses the index of neither.
with page as materialized (
  select v.id, v.at, v.gate, v.outcome, v.reason, v.score, v.item_id, v.screening_id
  from verdicts v
  where v.tenant_id = $1 and v.reason = $2 and ($3::text is null or v.gate = $3) and ($7::text is null or v.desk = $7)
    and ($4::timestamptz is null or (v.at, v.id) < ($4, $5::uuid))
  order by v.at desc, v.id desc limit $6
), told as materialized (
  select v.*, s.state, s.stage, s.waiting_for, s.gate as dropped_at, s.reason as dropped_for, coalesce(v.item_id, o.item_id) as wanted
  from page v left join screenings o on o.tenant_id = $1 and o.id = v.screening_id
  left join screenings s on s.tenant_id = $1 and s.id = coalesce(o.merged_into, o.id)
)
select t.id as place_id, t.at as place_at, t.gate, t.outcome, t.reason, t.score::float8 as score,
       i.id, i.title, i.url, i.published_at, i.first_seen_at, i.sample,
       t.state, t.stage, t.waiting_for, t.dropped_at, t.dropped_for
from told t cross join lateral (select * from visible_items x where x.id = t.wanted offset 0) i
order by t.at desc, t.id desc

-- name: judged_as
-- The same for one outcome ($2) at any gate.
with page as materialized (
  select v.id, v.at, v.gate, v.outcome, v.reason, v.score, v.item_id, v.screening_id
  from verdicts v
  where v.tenant_id = $1 and v.outcome = $2 and ($6::text is null or v.desk = $6)
    and ($3::timestamptz is null or (v.at, v.id) < ($3, $4::uuid))
  order by v.at desc, v.id desc limit $5
), told as materialized (
  select v.*, s.state, s.stage, s.waiting_for, s.gate as dropped_at, s.reason as dropped_for, coalesce(v.item_id, o.item_id) as wanted
  from page v left join screenings o on o.tenant_id = $1 and o.id = v.screening_id
  left join screenings s on s.tenant_id = $1 and s.id = coalesce(o.merged_into, o.id)
)
select t.id as place_id, t.at as place_at, t.gate, t.outcome, t.reason, t.score::float8 as score,
       i.id, i.title, i.url, i.published_at, i.first_seen_at, i.sample,
       t.state, t.stage, t.waiting_for, t.dropped_at, t.dropped_for
from told t cross join lateral (select * from visible_items x where x.id = t.wanted offset 0) i
order by t.at desc, t.id desc

-- name: found
-- The same for verdicts whose item's title has the words $8: a function of the owner finds them, because under row security
-- text search would lose its index.
with page as materialized (
  select v.id, v.at, v.gate, v.outcome, v.reason, v.score, v.item_id, v.screening_id
  from verdicts v
  where v.tenant_id = $1 and v.id = any(array(select f.id from find_verdicts($8, $2, $3, $4, $5, $6, $7, $9) f))
  order by v.at desc, v.id desc limit $7
), told as materialized (
  select v.*, s.state, s.stage, s.waiting_for, s.gate as dropped_at, s.reason as dropped_for, coalesce(v.item_id, o.item_id) as wanted
  from page v left join screenings o on o.tenant_id = $1 and o.id = v.screening_id
  left join screenings s on s.tenant_id = $1 and s.id = coalesce(o.merged_into, o.id)
)
select t.id as place_id, t.at as place_at, t.gate, t.outcome, t.reason, t.score::float8 as score,
       i.id, i.title, i.url, i.published_at, i.first_seen_at, i.sample,
       t.state, t.stage, t.waiting_for, t.dropped_at, t.dropped_for
from told t cross join lateral (select * from visible_items x where x.id = t.wanted offset 0) i
order by t.at desc, t.id desc

-- name: screened
-- Stories in one state of their screening, newest first, each shown by the item that opened it.
with page as materialized (
  select s.id, s.opened_at, s.item_id, s.state, s.stage, s.waiting_for, s.gate, s.reason
  from screenings s
  where s.tenant_id = $1 and s.state = $2 and ($6::text is null or s.desk = $6) and ($3::timestamptz is null or (s.opened_at, s.id) < ($3, $4::uuid))
  order by s.opened_at desc, s.id desc limit $5
)
select s.id as place_id, s.opened_at as place_at, null::text as gate, null::text as outcome, null::text as reason, null::float8 as score,
       i.id, i.title, i.url, i.published_at, i.first_seen_at, i.sample,
       s.state, s.stage, s.waiting_for, s.gate as dropped_at, s.reason as dropped_for
from page s
cross join lateral (select * from visible_items x where x.id = s.item_id offset 0) i
order by s.opened_at desc, s.id desc

-- name: screened_found
-- The same for titles with the words $6.
select s.id as place_id, s.opened_at as place_at, null::text as gate, null::text as outcome, null::text as reason, null::float8 as score,
       i.id, i.title, i.url, i.published_at, i.first_seen_at, i.sample,
       s.state, s.stage, s.waiting_for, s.gate as dropped_at, s.reason as dropped_for
from screenings s
cross join lateral (select * from visible_items x where x.id = s.item_id offset 0) i
where s.tenant_id = $1 and s.state = $2 and ($7::text is null or s.desk = $7) and ($3::timestamptz is null or (s.opened_at, s.id) < ($3, $4::uuid))
  and title_words(i.title) @@ title_query($6)
order by s.opened_at desc, s.id desc limit $5

-- name: by_url
select i.id from items i where i.url_hash = sha256(convert_to($1, 'UTF8'))

-- name: item
select i.id, i.url, i.title, i.summary, i.author, i.published_at, i.first_seen_at, i.sample, i.story_id,
       s.id as screening_id, s.state, s.stage, s.waiting_for, s.until, s.gate as dropped_at, s.reason as dropped_for, s.failure,
       s.urgent, s.spread, s.opened_at, s.item_id = i.id as opener,
       d.id as draft_id, d.state as draft_state
from visible_items i
left join screenings s on s.tenant_id = $1 and s.story_id = i.story_id and s.desk = 'publishing' and s.merged_into is null
left join drafts d on d.tenant_id = $1 and d.screening_id = s.id and d.update_of is null
where i.id = $2

-- name: sightings
-- Where and when the item was seen; `trust` is null where the tenant does not subscribe.
select g.source_id, o.title, o.url, coalesce(nullif(g.publisher, ''), o.publisher) as publisher, o.tenant_id is not null as private, g.published_at, g.seen_at,
       u.trust::float8 as trust, coalesce(u.active, false) as active, g.backlog
from sightings g
join sources o on o.id = g.source_id
left join subscriptions u on u.tenant_id = $1 and u.source_id = g.source_id
where g.item_id = $2 and not g.again
order by g.seen_at, g.id limit 100

-- name: told_with
-- The other items of the story that this tenant may see.
select i.id, i.title, i.url, i.first_seen_at
from visible_items i where i.story_id = (select story_root($1)) and i.id <> $2
order by i.first_seen_at, i.id limit 50

-- name: trace
-- Everything that was said about an item and about its story's screening, and those that merged into it, oldest first, with what
-- the model call cost as a whole.
select v.gate, v.outcome, v.reason, v.detail, v.score::float8 as score, v.signals, v.cost as share, v.desk, v.at, v.item_id is not null as of_item,
       c.provider, c.model, c.prompt, c.prompt_version, c.cost,
       (select g.body -> 'policy' from gate_configs g where g.tenant_id = v.tenant_id and g.hash = v.config) as set_to
from verdicts v left join calls c on c.tenant_id = v.tenant_id and c.id = v.call_id
where v.tenant_id = $1 and (v.item_id = $2 or (v.item_id is null and v.screening_id = any(array(
  select s.id from screenings s
  where s.tenant_id = $1 and s.story_id = (select w.story_id from screenings w where w.tenant_id = $1 and w.id = $3)))))
order by v.at, array_position(array['rules', 'relevance', 'signal', 'evidence', 'fit', 'draft', 'review', 'track'], v.gate), v.id
