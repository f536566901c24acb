-- name: pins
-- Name → what is live instead of the newest file, and since when.
select pinned_prompts()

-- name: lock
-- Platform only. The row is there afterwards, and ours until the end of the transaction.
insert into settings (key, value) values ('prompts', '{}') on conflict (key) do update set key = excluded.key returning value

-- name: pin
update settings set value = $1, changed_by = $2, changed_at = cid_now() where key = 'prompts'

-- name: figures
-- Platform only. What each version was asked by all tenants in the last days, trials apart. A repair counts for the version that
-- asked for it; the bound on the id leaves partitions of other months alone.
select f.prompt, f.version, encode(f.prompt_hash, 'hex') as hash, f.calls, f.cost, f.repairs, f.refused, f.failed, f.first_at, f.last_at
from (
  select prompt, prompt_version as version, prompt_hash, count(*)::int as calls, coalesce(sum(cost), 0)::numeric(18, 12) as cost,
    count(repaired_from)::int as repairs, count(*) filter (where stop = 'refusal')::int as refused,
    count(*) filter (where state = 'failed')::int as failed, min(sent_at) as first_at, max(sent_at) as last_at
  from calls
  where id >= (select uuid7_floor(cid_now() - $1::interval)) and sent_at >= (select cid_now() - $1::interval)
    and stage not like 'trial %'
  group by prompt, prompt_version, prompt_hash) f

-- name: changes
-- Platform only. Who made what live, the newest first.
select a.at, coalesce(nullif(u.name, ''), u.email, '') as who, a.target as prompt, a.action, coalesce(a.detail ->> 'from', '') as before,
  coalesce(a.detail ->> 'to', '') as after
from audit a left join users u on u.id = a.user_id
where a.tenant_id is null and a.action in ('prompt.pinned', 'prompt.unpinned') order by a.at desc, a.id desc limit $1
