-- name: auto_revision
-- Read before each revision, in every process: no restart is wanted for it to count. True where nobody said otherwise.
select auto_revision()

-- name: last
-- Platform only. Who switched it, and when.
select coalesce(nullif(u.name, ''), u.email) as who, s.changed_at from settings s left join users u on u.id = s.changed_by
where s.key = 'auto_revision'

-- name: set_auto_revision
-- Platform only.
insert into settings (key, value, changed_by) values ('auto_revision', jsonb_build_object('on', $1::boolean), $2)
on conflict (key) do update set value = excluded.value, changed_by = excluded.changed_by, changed_at = cid_now()
