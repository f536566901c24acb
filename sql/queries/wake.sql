-- name: due_screenings
-- Waiting screenings whose time has come. The job of their stage looks again and moves them. Not those that one is at work on: they
-- wait until it is written what came of it, and a second job would ask a model the same, at the same price.
-- One whose job died, which is a fault of ours, is tried again after an hour, as sources are. Those of a tenant that rests would
-- take up the room of all others.
select s.tenant_id, s.id, s.stage from screenings s
where s.state = 'waiting' and s.until <= cid_now()
  and not exists (select from pauses p where p.kind = '*' and p.tenant_id = s.tenant_id)
  and s.id::text <> all (array(select j.payload ->> 'screening' from jobs j where j.state = 'running' and j.payload ? 'screening'))
  and (s.id::text, s.stage) not in (
    select coalesce(d.payload ->> 'screening', ''), d.kind from jobs_dead d
    where d.died_at > cid_now() - interval '1 hour' and d.payload ? 'screening')
order by s.until limit $1

-- name: forgotten_sources
-- Sources somebody follows that should have been polled half a minute ago and have no job: polling goes on by each job
-- enqueueing the next, so a source that fell out of that chain would stay out.
-- One whose poll died, which is a fault of ours, is tried again after an hour: each minute would ask its server and bury a job more.
-- After a standstill all sources are due and have a job: each looks its own up by its key, also before anybody counted the jobs.
select s.id
from sources s
where s.next_poll_at < cid_now() - interval '30 seconds'
  and (s.state = 'active' or (s.state = 'quarantined' and s.quarantined_until <= cid_now()))
  and exists (select from subscriptions u where u.source_id = s.id and u.active)
  and not exists (select from pauses p where p.kind = '*' and p.tenant_id = s.tenant_id)
  and (select 1 from jobs j
       where j.tenant_id = '00000000-0000-0000-0000-000000000000' and j.kind = 'poll' and j.state in ('scheduled', 'ready')
         and j.dedupe_key = s.id::text
       limit 1) is null
  and s.id <> all (array(select (j.payload ->> 'source')::uuid from jobs j
                         where j.kind = 'poll' and j.state = 'running' and j.payload ? 'source'))
  and s.id <> all (array(select (d.payload ->> 'source')::uuid from jobs_dead d
                         where d.tenant_id = '00000000-0000-0000-0000-000000000000' and d.died_at > cid_now() - interval '1 hour'
                           and d.kind = 'poll' and d.payload ? 'source'))
order by s.next_poll_at
limit $1

-- name: abandoned_mails
-- Mails on their way that no job leads on: half sent, and the job died or somebody took it away, or never begun, and it died.
-- A process that died has its jobs until they are rescued or buried: those still count.
select m.id, m.state, '' as error from mails m
where m.state = 'sending' and m.changed_at < cid_now() - interval '10 seconds'
  and not exists (select from jobs j where j.id = m.job_id)
  and m.id::text <> all (array(select j.payload ->> 'mail' from jobs j where j.kind = 'mail' and j.state = 'running' and j.payload ? 'mail'))
union all
select m.id, m.state, max(d.error) from jobs_dead d join mails m on m.id = (d.payload ->> 'mail')::uuid
where d.kind = 'mail' and d.died_at > cid_now() - interval '7 days' and d.payload ? 'mail'
  and m.state = 'planned' and m.changed_at <= d.died_at
  and m.id::text <> all (array(select j.payload ->> 'mail' from jobs j
                               where j.tenant_id = d.tenant_id and j.kind = 'mail' and j.state in ('scheduled', 'ready', 'running') and j.payload ? 'mail'))
group by m.id, m.state
limit $1

-- name: abandoned_publications
-- Publications that no job leads on, and nothing says so yet: cut off, or given up before they began. What only waits (for its
-- original, or until publishing is resumed) has no job either, and none that died.
with died as (
  select d.tenant_id, (d.payload ->> 'publication')::uuid as id, max(d.died_at) as died_at, max(d.error) as error from jobs_dead d
  where d.kind = 'publish' and d.died_at > cid_now() - interval '7 days' and d.payload ? 'publication'
  group by 1, 2
), lost as (
  select p.tenant_id, p.id, p.state from publications p
  where p.state in ('sending', 'updating', 'retracting') and (p.state = 'sending' or p.error = '')
    and p.changed_at < cid_now() - interval '10 seconds'
    and (p.state <> 'updating' or not exists (select from tenants t where t.id = p.tenant_id and t.stopped_at is not null))
  union
  select p.tenant_id, p.id, p.state from died d join publications p on p.tenant_id = d.tenant_id and p.id = d.id
  where p.error = '' and p.changed_at <= d.died_at and (p.state = 'planned' or p.state = 'live' and p.next_decision_id is not null)
)
select l.tenant_id, l.id, l.state, coalesce(d.error, '') as error
from lost l left join died d on d.tenant_id = l.tenant_id and d.id = l.id
where not exists (
    select from jobs j where j.tenant_id = l.tenant_id and j.kind = 'publish' and j.state in ('scheduled', 'ready')
      and j.dedupe_key in (l.id::text, 'now ' || l.id))
  and l.id::text <> all (array(select j.payload ->> 'publication' from jobs j
                               where j.kind = 'publish' and j.state = 'running' and j.payload ? 'publication'))
limit $1

-- name: abandoned_drafts
-- Drafts that wait for a review whose job died: a person would wait with them.
select d.tenant_id, d.id, d.current_version_id as version_id, max(x.error) as error
from jobs_dead x join drafts d on d.tenant_id = x.tenant_id and d.current_version_id = (x.payload ->> 'version')::uuid
where x.kind = 'review' and x.died_at > cid_now() - interval '7 days' and x.payload ? 'version' and d.state = 'written'
  and not exists (
    select from jobs j where j.tenant_id = d.tenant_id and j.kind = 'review' and j.state in ('scheduled', 'ready')
      and j.dedupe_key = d.current_version_id::text)
  and d.current_version_id::text <> all (array(select j.payload ->> 'version' from jobs j
                                               where j.kind = 'review' and j.state = 'running' and j.payload ? 'version'))
group by d.tenant_id, d.id, d.current_version_id
limit $1
