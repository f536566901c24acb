-- name: listed
-- Newest first. Kind by kind along the index, then merged: a rare stage, model or state is found as fast as a common one.
with recursive kinds as (
  (select c.stage, c.provider, c.model, c.state from calls c where c.tenant_id = $1
   order by c.stage, c.provider, c.model, c.state limit 1)
  union all
  select n.* from kinds k cross join lateral (
    select c.stage, c.provider, c.model, c.state from calls c
    where c.tenant_id = $1 and (c.stage, c.provider, c.model, c.state) > (k.stage, k.provider, k.model, k.state)
    order by c.stage, c.provider, c.model, c.state limit 1) n)
select c.id, c.stage, c.tier, c.provider, c.model, c.prompt, c.prompt_version, c.attempt, c.state, c.stop, c.error, c.reading,
  c.input, c.cache_read, c.cache_write, c.cache_write_1h, c.output, c.units, c.reserved, c.cost, jsonb_array_length(c.subjects) as subjects,
  c.repaired_from, c.sent_at, c.answered_at
from kinds k cross join lateral (
  select * from calls x
  where x.tenant_id = $1 and x.stage = k.stage and x.provider = k.provider and x.model = k.model and x.state = k.state
    and x.sent_at >= coalesce($5::timestamptz, '-infinity')
    and (x.sent_at, x.id) < (coalesce($6::timestamptz, 'infinity'), coalesce($7::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
  order by x.sent_at desc, x.id desc limit $8) c
where ($2::text is null or k.stage = $2) and ($3::text is null or k.provider || '/' || k.model = $3) and ($4::text is null or k.state = $4)
order by c.sent_at desc, c.id desc limit $8

-- name: kinds
-- What a tenant's calls were for and whom they asked, each pair once, in steps along the index.
with recursive kinds as (
  (select c.stage, c.provider, c.model from calls c where c.tenant_id = $1 order by c.stage, c.provider, c.model limit 1)
  union all
  select n.* from kinds k cross join lateral (
    select c.stage, c.provider, c.model from calls c
    where c.tenant_id = $1 and (c.stage, c.provider, c.model) > (k.stage, k.provider, k.model)
    order by c.stage, c.provider, c.model limit 1) n)
select stage, provider || '/' || model as model from kinds

-- name: one
select id, stage, tier, provider, model, prompt, prompt_version, encode(prompt_hash, 'hex') as prompt_hash, attempt, repaired_from,
  instead_of, request, state, stop, served, request_id, input, cache_read, cache_write, cache_write_1h, output, thinking, units, reserved,
  cost, price_from, error, reply, reading, subjects, sent_at, deadline, answered_at, read_at
from calls where tenant_id = $1 and id = $2

-- name: kept
-- What is stored for exactly the inputs of this call; another call may have been first.
select s.part ->> 0 as id, s.part ->> 1 as subject, a.call_id, a.answer, a.at
from calls c cross join lateral jsonb_array_elements(c.subjects) as s (part)
  join call_subjects a on a.tenant_id = $1 and a.stage = c.stage and a.subject = s.part ->> 1
    and a.input_hash = decode(s.part ->> 2, 'hex')
where c.tenant_id = $1 and c.id = $2

-- name: about
-- Keys of subjects that people know: a screening by the item that opened its story, a version by its draft, a source by its name.
select w.key, s.item_id, v.draft_id, o.id as source_id,
  coalesce(i.title, v.article::jsonb ->> 'title', nullif(o.title, ''), o.url, '') as title
from unnest($2::uuid[]) as w (key)
  left join screenings s on s.tenant_id = $1 and s.id = w.key
  left join visible_items i on i.id = s.item_id
  left join versions v on v.tenant_id = $1 and v.id = w.key
  left join sources o on o.tenant_id = $1 and o.id = w.key
where s.id is not null or v.id is not null or o.id is not null

-- name: followed
-- Calls that asked again for what this one left open; they come soon after it or not at all.
select id from calls
where tenant_id = $1 and repaired_from = $2 and sent_at between $3 and $3::timestamptz + interval '1 hour'
order by sent_at

-- name: spent_since
-- What a measurement asked and cost: a stage's calls since it began.
select count(*) as calls, coalesce(sum(jsonb_array_length(c.subjects)), 0) as subjects,
  coalesce(sum(c.input + c.cache_read + c.cache_write + c.cache_write_1h), 0) as input, coalesce(sum(c.cache_read), 0) as cached,
  coalesce(sum(c.output), 0) as output, coalesce(sum(c.cost), 0) as dollars
from calls c where c.tenant_id = $1 and c.stage = $2 and c.sent_at >= $3
