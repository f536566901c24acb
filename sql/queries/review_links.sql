-- name: add
-- Only for a draft that somebody may decide on without signing in, and for its current version. How long it lives is the tenant's to say.
insert into review_links (tenant_id, id, draft_id, version_id, user_id, expires_at)
select d.tenant_id, $2, d.id, d.current_version_id, $4, date_trunc('second', cid_now() + make_interval(hours => t.link_hours))
from drafts d join tenants t on t.id = d.tenant_id
where d.tenant_id = $1 and d.id = $3 and d.state = 'ready'
returning expires_at, (select encode(v.sha256, 'hex') from versions v where v.tenant_id = $1 and v.id = version_id) as sha256

-- name: by_id
-- With who holds it and what they may do now, which is not what they could when it was mailed.
select l.id, l.draft_id, l.version_id, l.user_id, l.expires_at, l.used_at, l.revoked_at, l.made_at, l.expires_at <= cid_now() as expired,
       t.paused_at is not null as paused, coalesce(person_of(l.user_id), '') as who, role_of(l.user_id) as role
from review_links l join tenants t on t.id = l.tenant_id where l.tenant_id = $1 and l.id = $2

-- name: use
-- Compare-and-set, in the transaction of the decision: no row comes back for a link that was used, revoked, ran out or is another's.
update review_links set used_at = cid_now()
where tenant_id = $1 and id = $2 and draft_id = $3 and user_id = $4 and used_at is null and revoked_at is null and expires_at > cid_now()
returning id

-- name: end_of_draft
-- Once somebody decided, every other link to the draft has come to its end: a decision taken back wants a fresh one.
update review_links set revoked_at = cid_now() where tenant_id = $1 and draft_id = $2 and used_at is null and revoked_at is null

-- name: revoke_of_user
update review_links set revoked_at = cid_now() where tenant_id = $1 and user_id = $2 and used_at is null and revoked_at is null
