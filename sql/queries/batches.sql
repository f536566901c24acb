-- name: seats
-- Which of these inputs were asked in a batch lately, and where they still are. One that is not there any more and has no answer
-- is asked alone: what a batch could not answer once is not sent round again.
select s ->> 2 as input_hash, max(c.batch_id::text) filter (where c.state = 'sent') as batch
from calls c cross join jsonb_array_elements(c.subjects) s
where c.tenant_id = $1 and c.stage = $2 and c.batch_id is not null and c.sent_at > cid_now() - interval '7 days'
  and s ->> 2 = any ($3::text[])
group by 1

-- name: join
-- The batch that takes one more request of this size. Its row is locked: it goes without this request, or with it. That is a move
-- like any other: who looked before it does not know all of its calls, and looks again.
update batches set requests = requests + 1, bytes = bytes + $4,
  due_at = case when requests + 1 >= $5 then cid_now() else due_at + interval '1 microsecond' end
where tenant_id = $1 and id = (
  select b.id from batches b
  where b.tenant_id = $1 and b.provider = $2 and b.model = $3 and b.state = 'planned' and b.attempts = 0
    and b.requests < $5 and b.bytes + $4 <= $6
  order by b.planned_at limit 1 for update)
returning id

-- name: open
insert into batches (id, tenant_id, provider, model, requests, bytes, planned_at, due_at) values ($1, $2, $3, $4, 1, $5, cid_now(), cid_now() + $6)

-- name: due
-- Across tenants, the longest due first. What a tenant that rests has not sent yet stays; what it has is looked after: it is paid.
select b.tenant_id, b.id from batches b
where b.due_at <= cid_now() and b.state not in ('read', 'failed')
  and not (b.state = 'planned' and exists (select from pauses p where p.kind = '*' and p.tenant_id = b.tenant_id))
order by b.due_at limit $1

-- name: load
-- Its calls in the order in which they are sent, which is told again when results come without ids.
select b.id, b.provider, b.model, b.state, b.external_id, b.attempts, b.planned_at, b.due_at, b.submitted_at, b.error, cid_now() as now,
       array(select c.id::text from calls c where c.tenant_id = b.tenant_id and c.batch_id = b.id order by c.id) as calls
from batches b where b.tenant_id = $1 and b.id = $2

-- name: move
-- Compare and set: every move changes when it is due, so who looked before another's move changes nothing.
update batches set state = $6, external_id = $7, attempts = $8, due_at = $9, submitted_at = $10, error = $11,
  ended_at = case when $6 = 'ended' then cid_now() else ended_at end
where tenant_id = $1 and id = $2 and state = $3 and attempts = $4 and due_at = $5
returning true

-- name: begin
-- The same for one about to be sent, unless models are switched off or the tenant rests.
update batches set state = $6, external_id = $7, attempts = $8, due_at = $9, submitted_at = $10, error = $11
where tenant_id = $1 and id = $2 and state = $3 and attempts = $4 and due_at = $5
  and not exists (select from model_terms t
                  where t.tenant_id in ($1, '00000000-0000-0000-0000-000000000000') and t.stopped is not null)
  and not exists (select from pauses p where p.kind = '*' and p.tenant_id = $1)
returning true

-- name: wires
select id::text as id, wire from calls where tenant_id = $1 and batch_id = $2 and wire is not null order by id

-- name: known
-- Ids of batches that are ours already, of any tenant: they share the key.
select external_id from batches where provider = $1 and external_id <> '' and submitted_at > $2
