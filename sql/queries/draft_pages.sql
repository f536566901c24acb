-- name: listed
-- State by state along the index, then merged: one list over several states needs no index of its own. Words of a title and states
-- of publications are looked for along the same index: a tenant's drafts are what its people can read, thousands.
select d.id, d.state, d.sample, d.update_of is not null as update, d.found_at, d.created_at, d.changed_at, v.number, v.article::jsonb ->> 'title' as title,
  (select f.provider from versions f where f.tenant_id = $1 and f.draft_id = d.id and f.number = 1) as provider,
  r.score, r.outcome, p.states, p.live_at
from unnest($2::text[]) as wanted (state)
  cross join lateral (
    select * from drafts x where x.tenant_id = $1 and x.state = wanted.state
      and (x.changed_at, x.id) < (coalesce($3::timestamptz, 'infinity'), coalesce($4::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
      and ($6::text[] is null or exists (select from publications q
        where q.tenant_id = $1 and q.draft_id = x.id and q.state = any ($6) and (q.state <> 'retracted' or q.sent_at is not null)))
      and ($7::text[] is null or not exists (select from publications q where q.tenant_id = $1 and q.draft_id = x.id and q.state = any ($7)))
      and ($8 = '' or exists (select from versions t where t.tenant_id = $1 and t.id = x.current_version_id
        and title_words(t.article::jsonb ->> 'title') @@ title_query($8)))
    order by x.changed_at desc, x.id desc limit $5) d
  join versions v on v.tenant_id = $1 and v.id = d.current_version_id
  left join lateral (
    select q.score, q.outcome from reviews q where q.tenant_id = $1 and q.draft_id = d.id and q.version_id = v.id
    order by q.made_at desc, q.id desc limit 1) r on true
  left join lateral (
    select coalesce(array_agg(q.state), '{}') as states, min(q.live_at) as live_at from publications q
    where q.tenant_id = $1 and q.draft_id = d.id and (q.state <> 'retracted' or q.sent_at is not null and not exists (
      select from publications n where n.tenant_id = $1 and n.draft_id = d.id and n.channel_id = q.channel_id and n.state <> 'retracted'))) p on true
order by d.changed_at desc, d.id desc limit $5

-- name: counts
-- What is approved is told apart by what became of it, the worst first.
select d.state, f.fate, count(*)::int as drafts
from drafts d
  left join lateral (
    select case when bool_or(q.state in ('failed', 'unknown')) then 'problem' when bool_or(q.state in ('live', 'updating')) then 'live'
      when bool_or(q.state in ('planned', 'sending')) then 'scheduled' end as fate
    from publications q where d.state = 'approved' and q.tenant_id = $1 and q.draft_id = d.id) f on true
where d.tenant_id = $1 group by d.state, f.fate

-- name: versions
-- Newest first, without their texts.
select v.id, v.number, v.author, coalesce(person_of(v.author_id), '') as who, v.provider, v.renderer, encode(v.sha256, 'hex') as sha256, v.made_at
from versions v where v.tenant_id = $1 and v.draft_id = $2 order by v.number desc

-- name: cost
-- All calls on the way to this piece; what came before the first is no update's. A call that several stories shared counts by this one's share of its subjects.
select count(*)::int as calls, coalesce(sum(c.cost / greatest(1, (
    select count(*) from call_subjects s where s.tenant_id = $1 and s.call_id = c.id))), 0)::numeric(18, 12) as cost,
  coalesce(array_agg(distinct c.provider || '/' || c.model), '{}') as models
from calls c where c.tenant_id = $1 and c.id in (
  select v.call_id from versions v where v.tenant_id = $1 and v.draft_id = $2
  union select r.call_id from reviews r where r.tenant_id = $1 and r.draft_id = $2
  union select t.call_id from verdicts t where t.tenant_id = $1 and t.screening_id = $3 and t.reason <> 'followed'
    and exists (select from drafts f where f.tenant_id = $1 and f.id = $2 and f.update_of is null)
  -- searches and questions on the way to its evidence
  union select k.id from calls k where k.tenant_id = $1 and k.stage in ('search', 'queries', 'evidence')
    and jsonb_path_query_array(k.subjects, '$[*][1]') ? $3::text
    and exists (select from drafts f where f.tenant_id = $1 and f.id = $2 and f.update_of is null))

-- name: kin
-- The other drafts of the same screening: the first, and its updates.
select o.id, o.state, o.update_of is null as first, coalesce(v.article::jsonb ->> 'title', '') as title
from drafts d
join drafts o on o.tenant_id = d.tenant_id and o.screening_id = d.screening_id and o.id <> d.id
join versions v on v.tenant_id = o.tenant_id and v.id = o.current_version_id
where d.tenant_id = $1 and d.id = $2 order by o.ordinal limit 20

-- name: came_since
-- Reports with news that came after a draft's current version was made and did not go into it: those that the last follow-up named.
select i.id, i.title, i.first_seen_at as at
from (select v.signals from verdicts v
      where v.tenant_id = $1 and v.screening_id = $2 and v.gate = 'draft' and v.reason in ('followed', 'not_followed') and v.at >= $3
        and v.signals ->> 'draft' = $4::uuid::text
      order by v.at desc, v.id desc limit 1) s
cross join lateral jsonb_array_elements_text(coalesce(s.signals -> 'left', '[]')) as n (item)
join visible_items i on i.id = n.item::uuid
order by i.first_seen_at, i.id limit 50
