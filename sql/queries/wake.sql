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
