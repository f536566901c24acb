-- name: add
-- The story may have merged since the screening was read.
insert into drafts (tenant_id, id, screening_id, story_id, current_version_id, sample, found_at, ordinal, update_of)
values ($1, $2, $3, story_root($4), $5, $6, $7, $8, $9)

-- name: add_version
insert into versions (tenant_id, id, draft_id, number, author, author_id, call_id, provider, article, payloads, sha256, renderer, revises)
select $1, $2, $3, coalesce(max(number), 0) + 1, $4, $5, $6, $7, $8, $9, sha256(convert_to($9, 'UTF8')), $10, $11
from versions where tenant_id = $1 and draft_id = $3
returning number

-- name: by_id
select tenant_id, id, screening_id, story_id, ordinal, update_of, state, current_version_id, sample, found_at, created_at, changed_at
from drafts where tenant_id = $1 and id = $2

-- name: lock
-- Decisions on one draft happen one after the other.
select tenant_id, id, screening_id, story_id, ordinal, update_of, state, current_version_id, sample, found_at, created_at, changed_at
from drafts where tenant_id = $1 and id = $2 for update

-- name: newest
-- The one that what is new in its story goes into: the screening's last, an update of the first where there is one.
select tenant_id, id, screening_id, story_id, ordinal, update_of, state, current_version_id, sample, found_at, created_at, changed_at
from drafts where tenant_id = $1 and screening_id = $2 order by ordinal desc limit 1

-- name: version
select tenant_id, id, draft_id, number, author, author_id, call_id, provider, revises, article, payloads, sha256, renderer, made_at
from versions where tenant_id = $1 and id = $2

-- name: move
-- Compare-and-set: no row comes back when somebody else moved it first.
update drafts set state = $4, changed_at = cid_now() where tenant_id = $1 and id = $2 and state = $3 returning id

-- name: replace_version
-- An edit: only while the version that was edited is still the current one. Of an approved one when it is live and
-- nothing of it is on its way, which the flow saw under the draft's lock.
update drafts set state = 'written', current_version_id = $4, changed_at = cid_now()
where tenant_id = $1 and id = $2 and current_version_id = $3 and state in ('written', 'ready', 'held', 'changes_requested', 'approved')
returning id

-- name: back
-- A newer version of what is out was rejected: what is out was approved, and that is what the draft is again.
update drafts set state = 'approved', current_version_id = $4, changed_at = cid_now()
where tenant_id = $1 and id = $2 and current_version_id = $3 and state in ('ready', 'held', 'changes_requested')
returning id

-- name: machines_own
-- Whether the machine may still revise it: no person has written in it, and it was not revised before, whatever became of that.
select not exists (select from versions where tenant_id = $1 and draft_id = $2 and (revises is not null or author = 'person'))

-- name: add_review
-- Its calls are of this draft alone, so that all they cost is its own, whether the answer came now or was stored by a process that died.
insert into reviews (tenant_id, id, draft_id, version_id, outcome, score, findings, call_id, round, kind, changes, cost)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
  (select sum(coalesce(c.cost, 0)) from calls c where c.tenant_id = $1 and c.id = any($12::uuid[])))

-- name: reviews
select tenant_id, id, draft_id, version_id, outcome, score, findings, call_id, round, kind, changes, cost, made_at
from reviews where tenant_id = $1 and draft_id = $2 order by made_at, id

-- name: edited_by
select exists (select from versions where tenant_id = $1 and draft_id = $2 and author_id = $3)

-- name: first_provider
-- How the text began, which stays said on its pages whoever edits it.
select provider from versions where tenant_id = $1 and draft_id = $2 order by number limit 1

-- name: author_name
-- Empty where the machine wrote it.
select coalesce(person_of(author_id), '') from versions where tenant_id = $1 and id = $2
