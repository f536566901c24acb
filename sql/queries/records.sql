-- name: decisions
-- All that is kept of every decision on a draft, oldest first.
select d.id, d.kind, d.version_id, encode(d.sha256, 'hex') as sha256, d.user_id, coalesce(person_of(d.user_id), '') as who, d.reason,
       d.via, d.record, d.made_at
from decisions d where d.tenant_id = $1 and d.draft_id = $2 order by d.made_at, d.id

-- name: versions
-- `holds`: the stored bytes still have the hash that they were stored with.
select v.id, v.number, v.author, coalesce(person_of(v.author_id), '') as who, v.provider, v.call_id, encode(v.sha256, 'hex') as sha256,
       v.sha256 = sha256(convert_to(v.payloads, 'UTF8')) as holds, v.payloads, v.renderer, v.made_at
from versions v where v.tenant_id = $1 and v.draft_id = $2 order by v.number

-- name: reviews
select r.id, r.version_id, r.outcome, r.score, r.findings, r.call_id, r.made_at
from reviews r where r.tenant_id = $1 and r.draft_id = $2 order by r.made_at, r.id

-- name: calls
-- Which models wrote and reviewed it, by which version of which prompt.
select c.id, c.stage, c.provider, c.model, c.prompt, c.prompt_version, encode(c.prompt_hash, 'hex') as prompt_hash
from calls c where c.tenant_id = $1 and c.id = any($2::uuid[]) order by c.id

-- name: publications
select p.id, p.channel_id, c.name as channel, p.state, p.url, p.decision_id, p.version_id, encode(p.sha256, 'hex') as sha256, p.live_at
from publications p join channels c on c.tenant_id = p.tenant_id and c.id = p.channel_id
where p.tenant_id = $1 and p.draft_id = $2 order by p.id
