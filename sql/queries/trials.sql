-- name: inputs
-- The newest answered calls of a prompt, which bears the name of its stage, where the request is on record. Model by model along
-- the index: a prompt that is asked seldom is found without a walk through the others.
with recursive kinds as (
  (select c.provider, c.model from calls c where c.tenant_id = $1 and c.stage = $2 order by c.provider, c.model limit 1)
  union all
  select n.* from kinds k cross join lateral (
    select c.provider, c.model from calls c
    where c.tenant_id = $1 and c.stage = $2 and (c.provider, c.model) > (k.provider, k.model)
    order by c.provider, c.model limit 1) n)
select c.id, c.stage, c.tier, c.request, c.subjects
from kinds k cross join lateral (
  select * from calls x
  where x.tenant_id = $1 and x.stage = $2 and x.provider = k.provider and x.model = k.model and x.state = 'answered'
    and x.prompt = $2 and x.request ? 'inputs'
  order by x.sent_at desc, x.id desc limit $3) c
order by c.sent_at desc, c.id desc limit $3

-- name: answers
-- What was kept for the inputs of these calls.
select c.id as call_id, s.part ->> 0 as id, a.answer
from calls c cross join lateral jsonb_array_elements(c.subjects) as s (part)
  join call_subjects a on a.tenant_id = $1 and a.stage = c.stage and a.subject = s.part ->> 1
    and a.input_hash = decode(s.part ->> 2, 'hex')
where c.tenant_id = $1 and c.id = any($2::uuid[])

-- name: add
-- None where the same is being tried already.
insert into trials (tenant_id, id, prompt, version, last, total, asked_by) values ($1, $2, $3, $4, $5, $6, $7)
on conflict do nothing returning id

-- name: add_subjects
insert into trial_subjects (tenant_id, trial_id, call_id, id, subject, before, before_score, before_verdict)
select $1, $2, s.call_id, s.id, s.subject, s.before, s.score, s.verdict
from unnest($3::uuid[], $4::text[], $5::text[], $6::jsonb[], $7::integer[], $8::text[]) as s (call_id, id, subject, before, score, verdict)

-- name: next
-- The stored calls that are to be asked again, as they were.
select c.id, c.stage, c.tier, c.request,
  (select jsonb_object_agg(s.id, s.subject) from trial_subjects s
   where s.tenant_id = $1 and s.trial_id = $2 and s.call_id = c.id and s.after is null and s.error = '') as subjects
from calls c
where c.tenant_id = $1 and c.id in (
  select s.call_id from trial_subjects s
  where s.tenant_id = $1 and s.trial_id = $2 and s.after is null and s.error = '')
order by c.id desc limit $3

-- name: answer
update trial_subjects set after = $5, error = $6, after_score = $7, after_verdict = $8, after_call = $9
where tenant_id = $1 and trial_id = $2 and call_id = $3 and id = $4

-- name: move
-- Of a trial that has not ended.
update trials set state = $3, why = $4, offline = offline or $5,
  ended_at = case when $3 in ('done', 'failed') then cid_now() end
where tenant_id = $1 and id = $2 and state in ('waiting', 'running') returning id

-- name: listed
-- Newest first, with their sums and nothing of what was asked. $1 null, in a platform transaction: of all tenants.
select t.id, t.tenant_id, n.slug as tenant, t.prompt, t.version, t.last, t.state, t.why, t.total, t.offline, t.made_at, t.ended_at,
  s.asked, s.failed, s.judged, s.changed, s.shift, a.calls, a.tokens, a.cost, b.calls as before_calls, b.tokens as before_tokens,
  b.cost as before_cost
from trials t join tenants n on n.id = t.tenant_id
  cross join lateral (
    select count(*) filter (where x.after is not null or x.error <> '')::int as asked, count(*) filter (where x.error <> '')::int as failed,
      count(*) filter (where x.before_verdict <> '' and x.after_verdict <> '')::int as judged,
      count(*) filter (where x.before_verdict <> '' and x.after_verdict <> '' and x.before_verdict <> x.after_verdict)::int as changed,
      avg(x.after_score - x.before_score)::float8 as shift
    from trial_subjects x where x.tenant_id = t.tenant_id and x.trial_id = t.id) s
  cross join lateral (
    select count(*)::int as calls, coalesce(sum(c.cost), 0)::numeric(18, 12) as cost,
      coalesce(sum(c.input + c.cache_read + c.cache_write + c.cache_write_1h + c.output), 0)::bigint as tokens
    from calls c where c.tenant_id = t.tenant_id and c.stage like 'trial %' and c.prompt = t.prompt and c.prompt_version = t.version
      and c.sent_at between t.made_at and coalesce(t.ended_at, 'infinity')) a
  cross join lateral (
    select count(*)::int as calls, coalesce(sum(c.cost), 0)::numeric(18, 12) as cost,
      coalesce(sum(c.input + c.cache_read + c.cache_write + c.cache_write_1h + c.output), 0)::bigint as tokens
    from calls c where c.tenant_id = t.tenant_id and c.id in (
      select x.call_id from trial_subjects x where x.tenant_id = t.tenant_id and x.trial_id = t.id)) b
where ($1::uuid is null or t.tenant_id = $1) and ($2::text is null or t.prompt = $2) and ($3::uuid is null or t.id = $3)
order by t.made_at desc, t.id desc limit $4

-- name: subjects
-- Side by side: what changed first, then the largest shift.
select call_id, id, subject, before, after, error, before_score, after_score, before_verdict, after_verdict, after_call
from trial_subjects where tenant_id = $1 and trial_id = $2
order by (before_verdict <> '' and after_verdict <> '' and before_verdict <> after_verdict) desc, error <> '' desc,
  abs(after_score - before_score) desc nulls last, call_id desc, id limit $3
