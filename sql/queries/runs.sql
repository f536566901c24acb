-- name: add
insert into runs (tenant_id, id, batch_id, monitor_id, outlet, outlet_key, country, url, platform, period, items, sources, substitute, tlp,
  requested_by, sample)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::text[], $13, $14, $15, $16)

-- name: by_id
select id, tenant_id, batch_id, monitor_id, outlet, outlet_key, country, url, platform, period, items, sources, substitute, tlp, state,
  failure, detail, shortfalls, requested_by, sample, score, rating, provider, created_at, changed_at, ended_at
from runs where tenant_id = $1 and id = $2

-- name: of_batch
select id, tenant_id, batch_id, monitor_id, outlet, outlet_key, country, url, platform, period, items, sources, substitute, tlp, state,
  failure, detail, shortfalls, requested_by, sample, score, rating, provider, created_at, changed_at, ended_at
from runs where tenant_id = $1 and batch_id = $2 order by id

-- name: before
-- The last run of the same outlet and platform before this one that has a briefing: what a comparison is made with.
select id, tenant_id, batch_id, monitor_id, outlet, outlet_key, country, url, platform, period, items, sources, substitute, tlp, state,
  failure, detail, shortfalls, requested_by, sample, score, rating, provider, created_at, changed_at, ended_at
from runs
where tenant_id = $1 and outlet_key = $2 and platform = $3 and (created_at, id) < ($4::timestamptz, $5::uuid) and state in ('completed', 'partial')
order by created_at desc, id desc
limit 1

-- name: move
-- Compare-and-set: whoever comes second changes nothing.
update runs set state = $4, failure = $5, detail = $6, shortfalls = $7::text[], changed_at = cid_now(),
  ended_at = case when $4 in ('completed', 'partial', 'failed') then cid_now() end
where tenant_id = $1 and id = $2 and state = $3

-- name: step
insert into run_steps (tenant_id, run_id, number, state, said)
select $1, $2, coalesce(max(number), 0) + 1, $3, $4 from run_steps where tenant_id = $1 and run_id = $2

-- name: lock
-- Until the end of the transaction nobody else moves it, nor writes a step of it.
select state from runs where tenant_id = $1 and id = $2 for update

-- name: turn
-- One after the other counts the runs of a tenant and adds to them: two at once would both find the last place free.
select pg_advisory_xact_lock(hashtextextended('runs of ' || $1::uuid::text, 0))

-- name: count_open
-- No more are counted than it matters to know.
select count(*) from (
  select from runs where tenant_id = $1 and state in ('queued', 'fetching', 'asking', 'scoring') limit $2) o

-- name: set_tlp
update runs set tlp = $3, changed_at = cid_now() where tenant_id = $1 and id = $2

-- name: last_said
select coalesce((select said from run_steps where tenant_id = $1 and run_id = $2 order by number desc limit 1), '')

-- name: replies
-- What models answered about a run, the newest first. `answer`: as it was kept; null: it was not of the agreed shape, or nobody read it yet.
select c.id, c.provider || '/' || c.model as provider, c.prompt_version, c.prompt_hash, c.input_hash, c.reply, c.stop, c.read_at is not null as read,
  a.answer
from calls c
left join lateral (
  select s.answer from call_subjects s
  where s.tenant_id = $1 and s.stage = 'briefing' and s.subject = $2 and s.call_id = c.id limit 1) a on true
where c.tenant_id = $1 and c.stage = 'briefing' and c.state = 'answered' and c.reply is not null
  and jsonb_path_query_array(c.subjects, '$[*][1]') ? $2 and c.sent_at >= $3::timestamptz - interval '1 minute'
order by c.sent_at desc, c.id desc limit 8

-- name: listed
-- The newest first; what is null or empty is no condition.
select id, tenant_id, batch_id, monitor_id, outlet, outlet_key, country, url, platform, period, items, sources, substitute, tlp, state,
  failure, detail, shortfalls, requested_by, sample, score, rating, provider, created_at, changed_at, ended_at
from runs
where tenant_id = $1 and ($2::text[] = '{}' or state = any ($2::text[])) and ($3::text is null or platform = $3)
  and ($4::text = '' or position(lower($4::text) in lower(outlet)) > 0)
order by created_at desc, id desc limit $5

-- name: page
-- The newest first; what is null or empty is no condition. An outlet goes by its key, which is in the index.
select id, tenant_id, batch_id, monitor_id, outlet, outlet_key, country, url, platform, period, items, sources, substitute, tlp, state,
  failure, detail, shortfalls, requested_by, sample, score, rating, provider, created_at, changed_at, ended_at
from runs
where tenant_id = $1 and ($2::text[] = '{}' or outlet_key = any ($2::text[])) and ($3::text is null or state = $3)
  and ($4::text is null or platform = $4) and ($5::text = '' or country = $5) and ($6::uuid is null or batch_id = $6)
  and ($7::timestamptz is null or created_at >= $7)
  and ($8::timestamptz is null or (created_at, id) < ($8::timestamptz, $9::uuid))
order by created_at desc, id desc limit $10

-- name: abandoned
-- Runs on their way that no job leads on: it died, or somebody took it away. Nobody would ever end them.
-- A process that died has its jobs until they are rescued or buried: those still count.
select r.tenant_id, r.id, coalesce(d.error, '') as error
from runs r
left join lateral (
  select error from jobs_dead d
  where d.payload ? 'run' and d.payload ->> 'run' = r.id::text and d.tenant_id = r.tenant_id and d.kind = 'analyse'
  order by d.died_at desc limit 1) d on true
where r.state in ('queued', 'fetching', 'asking', 'scoring') and r.changed_at < cid_now() - interval '10 seconds'
  and (select 1 from jobs j
       where j.tenant_id = r.tenant_id and j.kind = 'analyse' and j.state in ('scheduled', 'ready') and j.dedupe_key = r.id::text
       limit 1) is null
  and r.id::text <> all (array(select j.payload ->> 'run' from jobs j
                               where j.kind = 'analyse' and j.state = 'running' and j.payload ? 'run'))
order by r.changed_at limit $1

-- name: steps
select number, state, said, at from run_steps where tenant_id = $1 and run_id = $2 order by number

-- name: fetched
-- A job that ran twice finds its own rows.
insert into run_fetches (tenant_id, run_id, number, via, address, outcome, cause, detail, found, kept, at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
on conflict do nothing

-- name: fetches
select number, via, address, outcome, cause, detail, found, kept, at from run_fetches where tenant_id = $1 and run_id = $2 order by number

-- name: add_item
insert into run_items (tenant_id, run_id, number, via, url, title, text, grain, text_state, sha256, publisher, author, language, published_at,
  fetched_at, facts, sample)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
on conflict do nothing

-- name: items
select number, via, url, title, text, grain, text_state, sha256, publisher, author, language, published_at, fetched_at, facts, sample
from run_items where tenant_id = $1 and run_id = $2 order by number

-- name: set_profile
update runs set profile = $3, changed_at = cid_now() where tenant_id = $1 and id = $2

-- name: profile
select profile from runs where tenant_id = $1 and id = $2

-- name: add_briefing
insert into briefings (tenant_id, run_id, briefing, raw, problems, schema_version, provider, prompt_version, prompt_hash, input_hash, call_id)
values ($1, $2, $3, $4, $5::text[], $6, $7, $8, $9, $10, $11)
on conflict do nothing

-- name: set_provider
update runs set provider = $3, changed_at = cid_now() where tenant_id = $1 and id = $2

-- name: briefing
select briefing, raw, problems, schema_version, provider, prompt_version, prompt_hash, input_hash, call_id, made_at
from briefings where tenant_id = $1 and run_id = $2

-- name: add_scorecard
insert into scorecards (tenant_id, run_id, card) values ($1, $2, $3)
on conflict do nothing

-- name: set_score
update runs set score = $3, rating = $4, changed_at = cid_now() where tenant_id = $1 and id = $2

-- name: scorecard
select card, made_at from scorecards where tenant_id = $1 and run_id = $2

-- name: add_match
insert into narrative_matches (tenant_id, id, run_id, narrative, name, category, place, item, spans, cues, strength, stance, language, by,
  probability, version)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15::float8, $16)

-- name: has_matches
select exists (select from narrative_matches where tenant_id = $1 and run_id = $2)

-- name: matches
-- With the last thing that a person said of each.
select m.id, m.run_id, m.narrative, m.name, m.category, m.place, m.item, m.spans, m.cues, m.strength, m.stance, m.language, m.by, m.probability,
  m.version, m.made_at, v.verdict, v.user_id as verdict_by, v.made_at as verdict_at
from narrative_matches m
left join lateral (
  select verdict, user_id, made_at from match_verdicts v where v.tenant_id = $1 and v.match_id = m.id order by made_at desc, id desc limit 1
) v on true
where m.tenant_id = $1 and m.run_id = $2
order by m.place, m.item nulls last, m.cues desc, m.narrative, m.id

-- name: add_feedback
insert into run_feedback (tenant_id, id, run_id, about, ref, feeling, note, user_id) values ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: feedback
select about, ref, feeling, note, user_id, made_at from run_feedback where tenant_id = $1 and run_id = $2 order by made_at, id

-- name: add_batch
insert into run_batches (tenant_id, id, name, requested_by) values ($1, $2, $3, $4)

-- name: batch
select id, name, requested_by, created_at from run_batches where tenant_id = $1 and id = $2
