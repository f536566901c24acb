-- name: standings
-- How sources stand before what their polls came to counts; their rows are locked already.
select id, state, failures, quarantines, quarantined_until as until, quarantined_since as since from sources
where id = any ($1::uuid[])

-- name: settle
-- After a poll that began, prolonged or ended a quarantine; other polls do not come here.
update sources set state = $2, quarantines = $3, quarantined_until = $4, quarantined_since = $5
where id = $1 and state <> 'retired'

-- name: restore
-- By a person: it is polled as if it had not failed. How often it rested is kept until it answers, so that the next rest is no
-- shorter than it would have been.
update sources set state = 'active', failures = 0, quarantined_until = null, quarantined_since = null, next_poll_at = cid_now()
where id = $1 and state = 'quarantined' returning id

-- name: failing
-- What is looked for a replacement of: nothing, once it answers again.
select id, kind, url, title, publisher, site, tenant_id is not null as private from sources where id = $1 and state = 'quarantined'

-- name: trades
-- What its subscribers work in, the commonest first. Tenants that are samples meet no real feeds.
select left(coalesce(p.body ->> 'industry', ''), 200) as industry, left(coalesce(p.body ->> 'language', 'en'), 35) as language,
  count(*)::int as tenants
from subscriptions s join tenants t on t.id = s.tenant_id left join profiles p on p.tenant_id = s.tenant_id
where s.source_id = $1 and s.active and not t.sample
group by 1, 2 order by count(*) desc, 1, 2 limit $2

-- name: propose
-- One candidate to every subscriber of the trade ($11, $12; null: to all), but to nobody who has that feed. What a person rejected stays rejected; what
-- was found before keeps its id.
insert into proposals (tenant_id, id, source_id, tier, url, via, title, site, entries, newest_at, kinship, place)
select s.tenant_id, (left(uuid7_floor(cid_now())::text, 14) || '7' || substr(gen_random_uuid()::text, 16))::uuid, s.source_id,
  $2, $3, $4, $5, $6, $7, $8, $9, $10
from subscriptions s join tenants t on t.id = s.tenant_id left join profiles p on p.tenant_id = s.tenant_id
where s.source_id = $1 and s.active and not t.sample
  and ($11::text is null or left(coalesce(p.body ->> 'industry', ''), 200) = $11 and left(coalesce(p.body ->> 'language', 'en'), 35) = $12)
  and not exists (select from subscriptions x join sources o on o.id = x.source_id
                  where x.tenant_id = s.tenant_id and x.active and o.kind = 'rss' and o.url = $3)
order by s.tenant_id
on conflict (tenant_id, source_id, url) do update set
  tier = excluded.tier, via = excluded.via, title = excluded.title, site = excluded.site, entries = excluded.entries,
  newest_at = excluded.newest_at, kinship = excluded.kinship, place = excluded.place, tested_at = cid_now(),
  state = 'proposed', user_id = null, changed_at = case when proposals.state = 'proposed' then proposals.changed_at else cid_now() end
where proposals.state <> 'rejected'

-- name: searched
-- What the search for the subscribers of one trade ($4, $5; null: for all) came to.
insert into searches (tenant_id, source_id, found, tried)
select s.tenant_id, s.source_id, $2, $3
from subscriptions s join tenants t on t.id = s.tenant_id left join profiles p on p.tenant_id = s.tenant_id
where s.source_id = $1 and s.active and not t.sample
  and ($4::text is null or left(coalesce(p.body ->> 'industry', ''), 200) = $4 and left(coalesce(p.body ->> 'language', 'en'), 35) = $5)
order by s.tenant_id
on conflict (tenant_id, source_id) do update set found = excluded.found, tried = excluded.tried, searched_at = cid_now()

-- name: expire
-- Proposals for a source that were not found again ($2), or, where that is null, all of them: it answers again.
update proposals set state = 'expired', changed_at = cid_now()
where source_id = $1 and state = 'proposed' and ($2::text[] is null or url <> all ($2))

-- name: expire_others
-- A tenant has decided on one of them, or has left the source.
update proposals set state = 'expired', changed_at = cid_now()
where tenant_id = $1 and source_id = $2 and state = 'proposed'

-- name: to_take
-- The best proposal for a source ($1; null: for any) of each subscriber ($2; null: of all) who lets successors take over by
-- themselves.
select distinct on (p.tenant_id, p.source_id) p.tenant_id, p.id
from proposals p
join subscriptions s on s.tenant_id = p.tenant_id and s.source_id = p.source_id and s.active
join tenants t on t.id = p.tenant_id
where ($1::uuid is null or p.source_id = $1) and ($2::uuid is null or p.tenant_id = $2) and p.state = 'proposed'
  and (s.replace_itself or t.replace_sources)
order by p.tenant_id, p.source_id, p.place, p.id

-- name: lock_proposal
-- Who decides first decides.
select id, source_id, tier, url, title, site, state from proposals where tenant_id = $1 and id = $2 for update

-- name: lock_source
-- Before it may be retired: whoever subscribes meanwhile waits, and finds it retired.
select tenant_id as owner, state from sources where id = $1 for update

-- name: decide
update proposals set state = $3, user_id = $4, by_itself = $5, changed_at = cid_now() where tenant_id = $1 and id = $2

-- name: move
-- The tenant's subscription with all that was set on it, to the replacement.
update subscriptions set source_id = $3 where tenant_id = $1 and source_id = $2 and active returning id

-- name: merge
-- Where the tenant had the replacement before and switched it off: that subscription takes over what was set.
update subscriptions n set active = true, trust = o.trust, role = o.role, interval_s = o.interval_s, full_text = o.full_text,
  replace_itself = o.replace_itself
from subscriptions o
where n.tenant_id = $1 and n.source_id = $3 and o.tenant_id = $1 and o.source_id = $2 and o.active returning n.id

-- name: leave
update subscriptions set active = false where tenant_id = $1 and source_id = $2

-- name: has
-- Null: never had it. Else whether it is in use.
select active from subscriptions where tenant_id = $1 and source_id = $2

-- name: retire
-- Nobody has it any more, not even switched off: it is polled no longer, and comes back with the first who wants it.
update sources set state = 'retired', quarantined_until = null, quarantined_since = null
where id = $1 and not exists (select from subscriptions s where s.source_id = sources.id) returning id

-- name: set_itself
-- For one source, whether a tested replacement is taken without asking.
update subscriptions set replace_itself = $3 where tenant_id = $1 and source_id = $2 and replace_itself <> $3 returning id

-- name: set_itself_everywhere
update tenants set replace_sources = $2 where id = $1 and replace_sources <> $2 returning id

-- name: itself_everywhere
select replace_sources from tenants where id = $1

-- name: attention
-- One tenant's sources that rest, those that failed longest first, each with what the last search came to.
select s.id, s.kind, s.url, s.title, s.tenant_id is not null as private, s.outcome, s.outcome_detail, s.failures, s.quarantines,
  s.quarantined_since as since, s.quarantined_until as until, s.last_new_at, u.replace_itself, r.searched_at,
  coalesce(r.tried, '[]') as tried
from subscriptions u join sources s on s.id = u.source_id
left join searches r on r.tenant_id = u.tenant_id and r.source_id = u.source_id
where u.tenant_id = $1 and u.active and s.state = 'quarantined'
order by s.quarantined_since, s.id limit $2

-- name: proposed
select p.id, p.source_id, p.tier, p.url, p.via, p.title, p.site, p.entries, p.newest_at, p.kinship, p.tested_at
from proposals p
where p.tenant_id = $1 and p.state = 'proposed' and p.source_id = any ($2)
order by p.source_id, p.place, p.id

-- name: mine
-- The tenant's source at this address: its own private one before the public one.
select s.id from subscriptions u join sources s on s.id = u.source_id
where u.tenant_id = $1 and u.active and s.url = any ($2)
order by s.tenant_id nulls last, s.id limit 1
