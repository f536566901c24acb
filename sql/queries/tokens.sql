-- name: bearer
-- In whose name a token acts, and as what, now: who was removed or switched off is not found.
select k.id as token, k.scopes, coalesce(k.used_at < cid_now() - interval '1 minute', true) as stale,
  u.id as user_id, u.email, u.name as user_name, u.admin, m.role,
  t.id as tenant_id, t.slug, t.name as tenant_name, t.sample, t.created_at
from api_tokens k
  join users u on u.id = k.user_id and u.disabled_at is null
  join members m on m.tenant_id = k.tenant_id and m.user_id = k.user_id
  join tenants t on t.id = k.tenant_id
where k.hash = $1 and k.revoked_at is null and (k.expires_at is null or k.expires_at > cid_now())

-- name: touch
-- At most once a minute per token, as for sessions.
update api_tokens set used_at = cid_now() where tenant_id = $1 and id = $2

-- name: meter
-- GCRA: one request every $2, $3 of them at once; with what is left of it. The second look is at the statement's start:
-- what the first one wrote comes from it directly.
with taken as (
  insert into limits as l (key, tat) values ($1, cid_now() + $2::interval)
  on conflict (key) do update set tat = greatest(l.tat, cid_now()) + $2::interval
    where greatest(l.tat, cid_now()) + $2::interval - $2::interval * $3::int <= cid_now()
  returning tat
), now as (
  select greatest(coalesce((select tat from taken), (select tat from limits where key = $1), cid_now()), cid_now()) as tat
)
select exists (select from taken) as granted,
  greatest(0, floor(extract(epoch from $2::interval * $3::int - (tat - cid_now())) / extract(epoch from $2::interval)))::int as remaining,
  greatest(0, ceil(extract(epoch from tat - cid_now())))::int as reset_s,
  greatest(1, ceil(extract(epoch from tat + $2::interval - $2::interval * $3::int - cid_now())))::int as wait_s
from now

-- name: add
-- Refused by the count when the person has as many as they may have: a loop that makes tokens must end somewhere.
insert into api_tokens (tenant_id, id, user_id, name, hash, scopes, expires_at)
select $1, $2, $3, $4, $5, $6, cid_now() + $7::interval
where (select count(*) from api_tokens k where k.tenant_id = $1 and k.user_id = $3 and k.revoked_at is null
         and (k.expires_at is null or k.expires_at > cid_now())) < $8::int
returning id

-- name: listed
-- Of one person ($2), or of everybody. The newest first; a tenant's tokens are few.
select k.id, k.user_id, coalesce(person_of(k.user_id), '') as who, k.name, k.scopes, k.created_at, k.expires_at, k.used_at, k.revoked_at,
  k.revoked_at is not null or coalesce(k.expires_at <= cid_now(), false) or role_of(k.user_id) is null as dead
from api_tokens k where k.tenant_id = $1 and ($2::uuid is null or k.user_id = $2) order by k.id desc limit 500

-- name: revoke
-- Of one person ($3), or whosever it is.
update api_tokens set revoked_at = cid_now()
where tenant_id = $1 and id = $2 and revoked_at is null and ($3::uuid is null or user_id = $3)
returning name

-- name: begin
-- The key is this request's from here on, unless it was used before.
insert into api_answers (tenant_id, token_id, key, request) values ($1, $2, $3, $4)
on conflict (tenant_id, token_id, key) do nothing
returning made_at

-- name: answered
select request, status, body from api_answers where tenant_id = $1 and token_id = $2 and key = $3

-- name: take_over
-- What was begun long ago and has no answer was cut off. Of two that see that, one gets the row.
update api_answers set made_at = cid_now()
where tenant_id = $1 and token_id = $2 and key = $3 and request = $4 and status is null and made_at < cid_now() - $5::interval
returning made_at

-- name: finish
update api_answers set status = $5, body = $6 where tenant_id = $1 and token_id = $2 and key = $3 and made_at = $4 and status is null

-- name: release
-- Nothing was done: the key may be used again.
delete from api_answers where tenant_id = $1 and token_id = $2 and key = $3 and made_at = $4 and status is null

-- name: forget
-- Every tenant's, by age.
delete from api_answers where made_at < cid_now() - $1::interval
