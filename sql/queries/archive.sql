-- name: add
-- Once per version, whose text never changes: a review that is made again finds it there.
insert into traces (tenant_id, version_id, draft_id, title, headings, sentences) values ($1, $2, $3, $4, $5, $6)
on conflict do nothing

-- name: latest
-- The tenant's latest approved drafts as they were approved, never the draft itself. The limit stands inside: drafts from before
-- there were traces are not searched through for more.
with mine as materialized (
  select d.story_id from drafts d where d.tenant_id = $1 and d.id = $2
), kin as materialized (
  select m.story_id from mine m union select k.story_id from mine m cross join lateral story_kin(m.story_id) k
)
select t.draft_id, t.title, t.headings, t.sentences, d.story_id in (select story_id from kin) as of_story
from (select id, story_id, current_version_id, changed_at from drafts
      where tenant_id = $1 and state = 'approved' and id <> $2 order by changed_at desc, id desc limit $3) d
join traces t on t.tenant_id = $1 and t.version_id = d.current_version_id
order by d.changed_at desc, d.id desc
