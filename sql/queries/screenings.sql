-- name: open
-- The first item that passes gate 1 opens its story's screening; no row comes back to those that join.
insert into screenings (tenant_id, id, desk, story_id, item_id, urgent, stage)
values ($1, $2, $6, story_root($3), $4, $5, $7)
on conflict (tenant_id, desk, story_id) where merged_into is null and not superseded do nothing
returning id

-- name: of_story
select tenant_id, id, desk, story_id, item_id, state, stage, waiting_for, until, gate, reason, failure, urgent, spread, score::float8 as score, merged_into, opened_at, changed_at
from screenings where tenant_id = $1 and desk = $3 and story_id = story_root($2) and merged_into is null and not superseded

-- name: by_ids
select tenant_id, id, desk, story_id, item_id, state, stage, waiting_for, until, gate, reason, failure, urgent, spread, score::float8 as score, merged_into, opened_at, changed_at
from screenings where tenant_id = $1 and id = any($2::uuid[]) order by id

-- name: advance
-- Compare-and-set on (state, stage): no row comes back when somebody else moved it first.
update screenings set state = 'open', stage = $5, score = coalesce($6, score), waiting_for = null, until = null, failure = '', changed_at = cid_now()
where tenant_id = $1 and id = $2 and state = $3 and stage = $4
returning id

-- name: wait
update screenings set state = 'waiting', waiting_for = $5, until = $6, spread = $7, changed_at = cid_now()
where tenant_id = $1 and id = $2 and state = any($3::text[]) and stage = $4
returning id

-- name: pass
update screenings set state = 'passed', waiting_for = null, until = null, changed_at = cid_now()
where tenant_id = $1 and id = $2 and state = 'open' and stage = $3
returning id

-- name: drop
update screenings set state = 'dropped', waiting_for = null, until = null, gate = $4, reason = $5, changed_at = cid_now()
where tenant_id = $1 and id = $2 and state in ('open', 'waiting') and stage = $3
returning id

-- name: fail
update screenings set state = 'failed', waiting_for = null, until = null, failure = $4, changed_at = cid_now()
where tenant_id = $1 and id = $2 and state in ('open', 'waiting') and stage = $3
returning id

-- name: open_many
-- As `open`, for a whole hand-out. In order of story: two hand-outs that open the same ones would else wait in a ring.
insert into screenings (tenant_id, id, desk, story_id, item_id, urgent, stage)
select $1, n.id, $6, n.story_id, n.item_id, n.urgent, $7
from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::boolean[]) as n (id, story_id, item_id, urgent)
order by n.story_id
on conflict (tenant_id, desk, story_id) where merged_into is null and not superseded do nothing
returning id

-- name: of_stories
select id, story_id from screenings where tenant_id = $1 and desk = $3 and story_id = any($2::uuid[]) and merged_into is null and not superseded

-- name: raise_urgent
-- A later item of a story may be the urgent one. In order of their ids, as gates and merges take them.
update screenings set urgent = true, changed_at = cid_now()
where tenant_id = $1 and id in (
  select s.id from screenings s
  where s.tenant_id = $1 and s.story_id = any($2::uuid[]) and not s.urgent and s.state in ('open', 'waiting')
  order by s.id for no key update)
returning id, state = 'waiting' and waiting_for = 'signal' as waiting

-- name: supersede
-- Tracker: these stories' entries were begun so long ago that a further report begins another. What was dropped stays a tombstone.
update screenings set superseded = true, changed_at = cid_now()
where tenant_id = $1 and id in (
  select s.id from screenings s
  where s.tenant_id = $1 and s.desk = 'tracker' and s.story_id = any($2::uuid[]) and s.merged_into is null and not s.superseded
    and s.state = 'passed' and s.opened_at < cid_now() - $3::interval
  order by s.id for no key update)

-- name: revive
-- Failed stories of one desk get another chance at the stage where they failed: these, or, for null, the latest.
update screenings set state = 'open', failure = '', changed_at = cid_now()
where tenant_id = $1 and id in (
  select s.id from screenings s
  where s.tenant_id = $1 and s.desk = $2 and s.state = 'failed' and ($3::uuid[] is null or s.id = any($3))
  order by s.id limit $4 for no key update)
returning id

-- name: reopen
-- A person has it judged again from a stage on. Its time runs anew: what was over then is not over now.
update screenings
set state = 'open', stage = $3, gate = null, reason = null, failure = '', waiting_for = null, until = null, opened_at = cid_now(),
  changed_at = cid_now()
where tenant_id = $1 and id = $2 and merged_into is null and state in ('open', 'waiting', 'dropped', 'failed')
returning id

-- name: drafted
-- Of these stories those that tenants have a draft of.
select s.tenant_id, s.id from screenings s
where s.story_id = any($1::uuid[]) and s.desk = 'publishing' and s.state = 'passed' and s.merged_into is null
order by s.tenant_id, s.id
