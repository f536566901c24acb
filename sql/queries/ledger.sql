-- name: is_sample
-- A sample tenant's questions are answered offline, whatever everybody else uses.
select sample from tenants where id = $1

-- name: stored
-- Reuse is by subject, not by call: a new group asks only for what is missing here.
select a.subject, a.call_id, a.provider, a.answer
from call_subjects a join unnest($3::text[], $4::bytea[]) as w (subject, input_hash)
  on a.subject = w.subject and a.input_hash = w.input_hash
where a.tenant_id = $1 and a.stage = $2

-- name: unread
-- Replies that were paid for and stored, but whose reader died before it read them.
select id, provider, model, stop, reply, subjects from calls
where tenant_id = $1 and stage = $2 and state = 'answered' and read_at is null
order by sent_at limit 100

-- name: reserve
-- One statement: the row lock makes concurrent reservations see each other, so the cap is never overshot. The cap is the
-- caller's, so a changed one counts at once. What costs nothing is never refused.
insert into budgets (tenant_id, day, cap, reserved)
select $1, (cid_now() at time zone 'UTC')::date, $3::numeric, $2::numeric where $2::numeric = 0 or $2::numeric <= $3::numeric
on conflict (tenant_id, day) do update set reserved = budgets.reserved + excluded.reserved, cap = excluded.cap
  where excluded.reserved = 0 or budgets.spent + budgets.reserved + excluded.reserved <= excluded.cap
returning day

-- name: sent
-- Written before anything is sent: what happens next, the call is known.
insert into calls (id, tenant_id, stage, tier, provider, model, prompt, prompt_version, prompt_hash, input_hash, attempt,
  reserved, subjects, deadline)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, cid_now() + make_interval(secs => $14))

-- name: answered
-- The raw reply is stored before anybody reads it; the reservation becomes what it really cost. A reply that comes after
-- its call was given up corrects what was counted then.
with call as (
  select id, tenant_id, reserved, state, sent_at from calls
  where tenant_id = $1 and id = $2 and state in ('sent', 'ambiguous') for update
), done as (
  update calls c set state = 'answered', reply = $3, stop = $4, served = $5, request_id = $6, input = $7, cache_read = $8,
    cache_write = $9, output = $10, thinking = $11, cost = $12::numeric, error = $13, answered_at = cid_now(),
    read_at = case when $14::boolean then null else cid_now() end
  from call where c.id = call.id
)
update budgets b set
  reserved = b.reserved - case when call.state = 'sent' then call.reserved else 0 end,
  spent = b.spent + $12::numeric - case when call.state = 'ambiguous' then call.reserved else 0 end
from call where b.tenant_id = call.tenant_id and b.day = (call.sent_at at time zone 'UTC')::date
returning b.spent

-- name: unanswered
-- `failed` was refused and costs nothing; `ambiguous` may have been billed and is counted at its reservation.
with call as (
  select id, tenant_id, reserved, sent_at from calls where tenant_id = $1 and id = $2 and state = 'sent' for update
), done as (
  update calls c set state = $3::text, error = $4, answered_at = cid_now(),
    cost = case when $3::text = 'ambiguous' then call.reserved else 0 end
  from call where c.id = call.id
)
update budgets b set
  reserved = b.reserved - call.reserved,
  spent = b.spent + case when $3::text = 'ambiguous' then call.reserved else 0 end
from call where b.tenant_id = call.tenant_id and b.day = (call.sent_at at time zone 'UTC')::date
returning b.spent

-- name: keep
-- Twice is once: a reply may be read by the process that got it and by one that found it unread.
insert into call_subjects (tenant_id, stage, subject, input_hash, call_id, provider, answer)
select $1, $2, a.subject, a.input_hash, $3, $4, a.answer
from unnest($5::text[], $6::bytea[], $7::jsonb[]) as a (subject, input_hash, answer)
on conflict do nothing

-- name: was_read
update calls set read_at = cid_now() where tenant_id = $1 and id = $2 and read_at is null

-- name: sweep
-- Calls that nobody waits for any more, cut between sending and the stored reply: counted as spent at their reservation.
with late as (
  select id, tenant_id, reserved, sent_at from calls
  where state = 'sent' and deadline < cid_now() order by deadline limit 500 for update skip locked
), done as (
  update calls c set state = 'ambiguous', cost = c.reserved, error = 'no answer was stored in time', answered_at = cid_now()
  from late where c.id = late.id
), sums as (
  select tenant_id, (sent_at at time zone 'UTC')::date as day, sum(reserved) as total from late group by 1, 2
), settled as (
  update budgets b set reserved = b.reserved - s.total, spent = b.spent + s.total
  from sums s where b.tenant_id = s.tenant_id and b.day = s.day
)
select count(*) from late
