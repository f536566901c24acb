-- name: known
select photos from photo_searches where key = $1 and asked_at >= cid_now() - $2::interval

-- name: keep
insert into photo_searches (key, photos) values ($1, $2)
on conflict (key) do update set photos = excluded.photos, asked_at = excluded.asked_at

-- name: forget
delete from photo_searches where asked_at < cid_now() - $1::interval
