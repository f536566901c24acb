-- name: add
-- Once per tenant, kind, address and key: whoever comes second changes nothing and gets no row back.
insert into mails (id, tenant_id, kind, key, user_id, address, subject, message, until, tells)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing returning id

-- name: lock
-- All that its sender has to know, with the row locked: two hand-outs for one mail take turns. Its reader is gone when the
-- account was closed, or for what only members get, when the person is no member any more. `barred`: a run that it tells of
-- is marked more strictly than the letter says, or is not there any more.
select m.id, m.tenant_id, m.kind, m.address, m.subject, m.message, m.state, m.attempts, m.error,
  coalesce(m.until <= cid_now(), false) as late,
  exists (select from jobs j where j.id = m.job_id and j.lease = m.lease and not (j.id = $2 and j.lease = $3)) as held,
  m.user_id is not null and (
    exists (select from users u where u.id = m.user_id and u.disabled_at is not null)
    or m.kind in ('digest', 'breaking', 'change', 'briefing', 'link')
      and not exists (select from members b where b.tenant_id = m.tenant_id and b.user_id = m.user_id)) as gone,
  coalesce((
    select min(case when r.id is null then 'missing' else 'stricter' end)
    from jsonb_each_text(m.tells) t left join runs r on r.tenant_id = m.tenant_id and r.id = t.key::uuid
    where r.id is null
      or array_position(array['clear', 'green', 'amber', 'amber+strict', 'red'], r.tlp)
         > array_position(array['clear', 'green', 'amber', 'amber+strict', 'red'], t.value)), '') as barred
from mails m where m.id = $1
for no key update of m

-- name: send
-- Committed before anything goes out: a row that says `planned` was never given away whole.
update mails set state = 'sending', job_id = $2, lease = $3, attempts = attempts + 1, sent_at = cid_now(), changed_at = cid_now()
where id = $1 and state = 'planned'
returning id

-- name: ours
-- Asked right before it goes out: a process that slept through its lease must not send.
select exists (
  select from mails m join jobs j on j.id = m.job_id and j.lease = m.lease
  where m.id = $1 and m.state = 'sending' and m.job_id = $2 and m.lease = $3)

-- name: settle
-- What the sender heard. Also when the row was given up as unknown meanwhile: it is the same sending, and now it is known.
update mails set state = $4, error = $5, given_up = $6, changed_at = cid_now()
where id = $1 and job_id = $2 and lease = $3 and (state = 'sending' or state = 'unknown' and $4 = 'sent')
returning id

-- name: move
-- Compare-and-set for every other move. What leaves `planned` so was never offered to anybody.
update mails set state = $3, error = $4, given_up = state = 'planned', changed_at = cid_now() where id = $1 and state = $2 returning id

-- name: again
-- A person wants it sent once more, whatever became of it; without its text there is nothing to send.
update mails set state = 'planned', error = '', given_up = false, until = $3, changed_at = cid_now()
where id = $1 and state = $2 and message is not null
returning id

-- name: by_id
select id, tenant_id, kind, key, user_id, address, subject, state, error, attempts, planned_at, sent_at, changed_at
from mails where id = $1

-- name: text
-- Sealed; null once it was let go.
select message from mails where id = $1

-- name: of_tenant
-- The newest first, by key.
select id, tenant_id, kind, key, user_id, address, subject, state, error, attempts, planned_at, sent_at, changed_at
from mails where tenant_id = $1 and ($2::uuid is null or id < $2) and ($3::text is null or state = $3)
order by id desc limit $4

-- name: listed
-- Platform only: of everybody and of nobody.
select id, tenant_id, kind, key, user_id, address, subject, state, error, attempts, planned_at, sent_at, changed_at
from mails where ($1::text is null or address = $1) and ($2::text is null or state = $2)
order by id desc limit $3

-- name: marked
-- Whether an address refuses us: its newest mails, as many as are asked for, were all refused or came back. What we gave up
-- ourselves, because it was late or its reader had left, says nothing of the address.
select count(*) = $2 and bool_and(state in ('refused', 'bounced')) from (
  select state from mails where address = $1 and state not in ('planned', 'sending') and not given_up order by id desc limit $2) newest

-- name: since
-- How many of a kind somebody got since then.
select count(*) from mails where tenant_id = $1 and user_id = $2 and kind = $3 and planned_at > $4

-- name: counts
-- What waits, is in doubt or did not arrive since then.
select count(*) filter (where state = 'planned') as planned,
  count(*) filter (where state = 'unknown') as unknown,
  count(*) filter (where state in ('refused', 'bounced')) as refused,
  min(planned_at) filter (where state = 'planned') as oldest
from mails where tenant_id = $1 and id >= uuid7_floor($2)

-- name: service
-- What is wrong with the way out: one row for the whole desk, none where nothing ever was.
select value ->> 'broken' as broken, changed_at as since from settings where key = 'mail_service'

-- name: set_service
-- Platform only. The time is that of the change, not of the latest try.
insert into settings (key, value) values ('mail_service', jsonb_build_object('broken', $1::text))
on conflict (key) do update set value = excluded.value, changed_at = cid_now()
where settings.value is distinct from excluded.value

-- name: mend_service
-- Platform only. After every mail: it takes no lock where nothing was wrong.
update settings set value = '{"broken": ""}', changed_at = cid_now() where key = 'mail_service' and value ->> 'broken' <> ''
