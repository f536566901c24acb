-- name: due
-- Platform only. Whose digest is to be looked at now, locked for this look: a twin takes others.
select m.tenant_id, m.user_id, m.digest_at = '-infinity' as fresh, coalesce(w.digest, true) and u.disabled_at is null as wanted,
  coalesce(w.hour, 7)::int as hour, coalesce(nullif(w.zone, ''), nullif(u.zone, ''), t.zone) as zone, t.paused_at is not null as paused
from members m join tenants t on t.id = m.tenant_id join users u on u.id = m.user_id
  left join mail_wishes w on w.tenant_id = m.tenant_id and w.user_id = m.user_id
where m.digest_at <= cid_now() order by m.digest_at limit $1
for no key update of m skip locked

-- name: put_off
-- Platform only. Null: not before their wishes change.
update members m set digest_at = coalesce(x.at, 'infinity') from unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) as x (tenant_id, user_id, at)
where m.tenant_id = x.tenant_id and m.user_id = x.user_id

-- name: look_again
-- Platform only. Somebody's wishes changed: the next look says when their digest is due.
update members set digest_at = cid_now() where tenant_id = $1 and user_id = $2

-- name: reader
-- Platform only.
select m.tenant_id, m.user_id, u.email, u.name, m.role, t.name as tenant, t.slug, coalesce(w.digest, true) as digest,
  coalesce(w.breaking, false) as breaking, coalesce(w.hour, 7)::int as hour,
  coalesce(nullif(w.zone, ''), nullif(u.zone, ''), t.zone) as zone, u.disabled_at is not null as gone, t.paused_at is not null as paused
from members m join tenants t on t.id = m.tenant_id join users u on u.id = m.user_id
  left join mail_wishes w on w.tenant_id = m.tenant_id and w.user_id = m.user_id
where m.tenant_id = $1 and m.user_id = $2

-- name: wishes
select digest, hour::int as hour, zone, breaking from mail_wishes where tenant_id = $1 and user_id = $2

-- name: wish
insert into mail_wishes (tenant_id, user_id, digest, hour, zone, breaking) values ($1, $2, $3, $4, $5, $6)
on conflict (tenant_id, user_id) do update set digest = excluded.digest, hour = excluded.hour, zone = excluded.zone,
  breaking = excluded.breaking, changed_at = cid_now()

-- name: no_more
-- Platform only: whoever follows the link is not signed in. Nobody who has no place there gets a row.
insert into mail_wishes (tenant_id, user_id, digest)
select tenant_id, user_id, false from members where tenant_id = $1 and user_id = $2
on conflict (tenant_id, user_id) do update set digest = false, changed_at = cid_now()
returning tenant_id

-- name: add_day
-- The wall: whatever runs twice, no day of anybody's is decided on twice.
insert into digest_days (tenant_id, user_id, day, outcome) values ($1, $2, $3, $4) on conflict do nothing returning day

-- name: day
select outcome from digest_days where tenant_id = $1 and user_id = $2 and day = $3

-- name: waiting
-- What is to be decided on: urgent ones first, then the best. The review is the current version's.
select d.id, d.state, d.sample, coalesce(s.urgent, false) as urgent, v.article::jsonb ->> 'title' as title,
  coalesce(nullif(v.article::jsonb ->> 'angle_reason', ''), v.article::jsonb ->> 'description', '') as why,
  r.outcome, r.score, coalesce(jsonb_array_length(r.findings::jsonb), 0) as findings
from unnest($2::text[]) as wanted (state)
  cross join lateral (
    select * from drafts x where x.tenant_id = $1 and x.state = wanted.state order by x.changed_at desc, x.id desc limit 200) d
  join versions v on v.tenant_id = $1 and v.id = d.current_version_id
  left join screenings s on s.tenant_id = $1 and s.id = d.screening_id
  left join lateral (
    select q.outcome, q.score, q.findings from reviews q
    where q.tenant_id = $1 and q.draft_id = d.id and q.version_id = v.id order by q.made_at desc, q.id desc limit 1) r on true
order by d.state = 'held', coalesce(s.urgent, false) desc, r.score desc nulls last, d.changed_at desc, d.id desc limit $3

-- name: waiting_count
select count(*) from drafts where tenant_id = $1 and state = any($2::text[])

-- name: live
-- What went live in a time, newest first, and how much there was.
select p.draft_id, v.article::jsonb ->> 'title' as title, c.name as channel, p.state, p.url, p.error, p.whole
from (select q.*, count(*) over () as whole from publications q
      where q.tenant_id = $1 and q.state in ('live', 'updating') and q.live_at >= $2 and q.live_at < $3
      order by q.live_at desc, q.id desc limit $4) p
  join versions v on v.tenant_id = $1 and v.id = p.version_id
  join channels c on c.tenant_id = $1 and c.id = p.channel_id
order by p.live_at desc, p.id desc

-- name: trouble
-- What failed or is in doubt and was touched since then, newest first, and how much there is of it.
select p.draft_id, v.article::jsonb ->> 'title' as title, c.name as channel, p.state, p.url, p.error, p.whole
from (select q.*, count(*) over () as whole from publications q
      where q.tenant_id = $1 and q.state in ('failed', 'unknown') and q.changed_at >= $2
      order by q.changed_at desc, q.id desc limit $3) p
  join versions v on v.tenant_id = $1 and v.id = p.version_id
  join channels c on c.tenant_id = $1 and c.id = p.channel_id
order by p.changed_at desc, p.id desc

-- name: ailing
-- Sources that are not asked any more, because they failed again and again.
select s.title, s.url, coalesce(s.outcome, '') as outcome, s.outcome_detail, s.quarantined_until as until,
  count(*) over () as whole
from subscriptions u join sources s on s.id = u.source_id
where u.tenant_id = $1 and u.active and s.state = 'quarantined' order by coalesce(nullif(s.title, ''), s.url), s.id limit $2

-- name: changed
-- What changed at watched outlets in a time, the largest first, and how much there was; marked as the run is now.
select r.id as run_id, r.outlet, r.tlp, c.monitor_id, c.change, c.whole
from (select q.*, count(*) over () as whole from monitor_changes q
      where q.tenant_id = $1 and q.made_at >= $2 and q.made_at < $3 and q.size > 0
      order by q.size desc, q.made_at desc, q.id desc limit $4) c
  join runs r on r.tenant_id = $1 and r.id = c.run_id
order by c.size desc, c.made_at desc, c.id desc

-- name: pending
select count(*) from (select from entries where tenant_id = $1 and state = 'pending' limit 1000) x

-- name: spent
-- Of one day, and the cap: the tenant's own, else the one for everybody, else $3.
select coalesce((select spent from budgets where tenant_id = $1 and period = 'day' and starts = $2 and scope = ''), 0) as spent,
  coalesce((select per_day from model_terms where tenant_id = $1),
           (select per_day from model_terms where tenant_id = '00000000-0000-0000-0000-000000000000'), $3::numeric) as cap

-- name: wants_breaking
-- Platform only. Members who want to hear at once, and may decide.
select m.user_id from mail_wishes w join members m on m.tenant_id = w.tenant_id and m.user_id = w.user_id
  join users u on u.id = m.user_id
where w.tenant_id = $1 and w.breaking and u.disabled_at is null and m.role in ('owner', 'editor') order by m.user_id

-- name: wants_changes
-- Platform only. Members who want to hear at once, in one of these roles.
select m.user_id from mail_wishes w join members m on m.tenant_id = w.tenant_id and m.user_id = w.user_id
  join users u on u.id = m.user_id
where w.tenant_id = $1 and w.breaking and u.disabled_at is null and m.role = any ($2::text[]) order by m.user_id

-- name: urgent
-- A draft that somebody may decide on, of an urgent story.
select d.id, d.state, d.sample, s.urgent, v.article::jsonb ->> 'title' as title,
  coalesce(nullif(v.article::jsonb ->> 'angle_reason', ''), v.article::jsonb ->> 'description', '') as why,
  r.outcome, r.score, coalesce(jsonb_array_length(r.findings::jsonb), 0) as findings
from drafts d
  join versions v on v.tenant_id = $1 and v.id = d.current_version_id
  join screenings s on s.tenant_id = $1 and s.id = d.screening_id
  left join lateral (
    select q.outcome, q.score, q.findings from reviews q
    where q.tenant_id = $1 and q.draft_id = d.id and q.version_id = v.id order by q.made_at desc, q.id desc limit 1) r on true
where d.tenant_id = $1 and d.id = $2 and d.state = 'ready' and s.urgent
