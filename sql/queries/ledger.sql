-- name: terms
-- What a tenant has chosen, and what is set for everybody. A sample tenant's questions are answered offline, whatever else holds.
select t.sample, coalesce(own.cheap, '{}') as own_cheap, coalesce(own.quality, '{}') as own_quality,
       coalesce(whole.cheap, '{}') as whole_cheap, coalesce(whole.quality, '{}') as whole_quality
from tenants t
left join model_terms own on own.tenant_id = t.id
left join model_terms whole on whole.tenant_id = '00000000-0000-0000-0000-000000000000'
where t.id = $1

-- name: stored
-- Reuse is by subject, not by call: a new group asks only for what is missing here.
select a.subject, a.call_id, a.provider, a.answer
from call_subjects a join unnest($3::text[], $4::bytea[]) as w (subject, input_hash)
  on a.subject = w.subject and a.input_hash = w.input_hash
where a.tenant_id = $1 and a.stage = $2

-- name: unread
-- Replies that were paid for and stored, but whose reader died before it read them, or that came in a batch.
select id, provider, model, stop, reply, subjects from calls
where tenant_id = $1 and stage = $2 and state = 'answered' and read_at is null
  and exists (select from jsonb_array_elements(subjects) s where s ->> 2 = any ($3::text[]))
order by sent_at limit 100

-- name: reserve
-- Switch, breaker, limits and budgets, looked at and taken in one statement.
select outcome, scope, until, until - cid_now() as wait, why, near
from reserve_call($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, make_interval(secs => $14))

-- name: wanted
-- Whoever cancels the run waits until the call is on record, or is first and nothing is sent.
select id from runs where tenant_id = $1 and id = $2 and state in ('queued', 'fetching', 'asking', 'scoring') for share

-- name: sent
-- Written before anything is sent: what happens next, the call is known.
insert into calls (id, tenant_id, stage, tier, provider, model, prompt, prompt_version, prompt_hash, input_hash, attempt,
  reserved, tokens, subjects, request, repaired_from, instead_of, deadline, batch_id, wire)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, cid_now() + make_interval(secs => $18), $19, $20)

-- name: settle
-- What became of it. The raw reply is stored before anybody reads it; the reservation becomes what it really cost.
select settle_call($1, $2, $3, $4, $5, $6, $7, $8, $9, make_interval(secs => $10))

-- name: keep
-- Twice is once: a reply may be read by the process that got it and by one that found it unread.
insert into call_subjects (tenant_id, stage, subject, input_hash, call_id, provider, answer)
select $1, $2, a.subject, a.input_hash, $3, $4, a.answer
from unnest($5::text[], $6::bytea[], $7::jsonb[]) as a (subject, input_hash, answer)
on conflict do nothing

-- name: was_read
update calls set read_at = cid_now(), reading = $3 where tenant_id = $1 and id = $2 and read_at is null

-- name: sweep
select sweep_calls(500)

-- name: read_turn
-- One after the other asks whether a source's next stretch was paid for: two at once would both pay.
select pg_advisory_xact_lock(hashtextextended('paid read ' || $1::text, 0))

-- name: bought
-- A read from this mark that is under way, or that was paid for by a process which did not live to store what came.
select id, state, reply, deadline from calls
where tenant_id = $1 and stage = $3 and stage in ('poll', 'search') and input_hash = $2
  and (state = 'sent' and deadline > cid_now() or state = 'answered' and read_at is null and reply is not null)
order by sent_at desc limit 1

-- name: reading
-- As `sent`, for what no model does: without tier and prompt, and about a source.
insert into calls (id, tenant_id, stage, tier, provider, model, prompt, prompt_version, prompt_hash, input_hash, reserved, subjects,
  request, deadline)
values ($1, $2, $3, '', $4, $5, '', '', '', $6, $7, $8, $9, cid_now() + make_interval(secs => $10))

-- name: forget_read
select forget_read($1, $2)
