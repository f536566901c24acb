-- name: take
-- Addresses whose pages are to be fetched now, by us and by nobody else for as long as $5: those never looked at, and those whose look
-- is no longer fresh. In order of their hashes: two that take the same ones would else wait for each other in a ring.
insert into page_looks (url_hash, url, held_until)
select w.hash, w.url, cid_now() + $5::interval from unnest($1::bytea[], $2::text[]) as w (hash, url) order by w.hash
on conflict (url_hash) do update set held_until = excluded.held_until
where (page_looks.held_until is null or page_looks.held_until <= cid_now())
  and (page_looks.fetched_at is null
       or page_looks.fetched_at <= cid_now() - case when page_looks.state in ('unreachable', 'blocked') then $4::interval else $3::interval end)
returning url

-- name: known
-- What is known of these addresses, and until when somebody looks at one of them.
select k.url, k.state, k.detail, k.final_url, k.sha256, case when k.held_until > cid_now() then k.held_until end as held_until,
  coalesce(p.title, '') as title, coalesce(p.text, '') as text, coalesce(p.publisher, '') as publisher
from page_looks k left join pages p on p.sha256 = k.sha256
where k.url_hash = any($1::bytea[])

-- name: keep
-- A text is kept once, wherever it stood.
insert into pages (sha256, text, title, language, publisher) values ($1, $2, $3, $4, $5)
on conflict (sha256) do update set used_at = excluded.used_at

-- name: touch
-- Pages that evidence is taken of again; an hour more or less is not worth a write.
update pages set used_at = cid_now() where sha256 = any($1::bytea[]) and used_at < cid_now() - interval '1 hour'

-- name: store
-- What a look came to. Not fenced: two looks at one page differ in nothing that matters.
update page_looks set state = $2, detail = $3, final_url = $4, status = $5, sha256 = $6, published_at = $7, fetched_at = cid_now(), held_until = null
where url_hash = $1

-- name: stand_on
-- In the tenant's transaction: from now on it may read these pages.
insert into evidence_pages (tenant_id, pack_id, sha256) select $1, $2, s.sha256 from unnest($3::bytea[]) as s (sha256) on conflict do nothing

-- name: around
-- What stands around quotes, as far as the page is still kept and the tenant's evidence stands on it.
select w.n, substr(p.text, greatest(w.starts - $4, 0) + 1, least(w.starts, $4)) as before,
  substr(p.text, w.starts + 1, w.length) as quote, substr(p.text, w.starts + w.length + 1, $4) as after
from unnest($1::bytea[], $2::int[], $3::int[]) with ordinality as w (sha256, starts, length, n) join pages p on p.sha256 = w.sha256

-- name: forget
-- Pages that no search led to for long, as many as $2. Evidence keeps its quotes.
delete from pages where sha256 in (select sha256 from pages where used_at < cid_now() - $1::interval order by used_at limit $2 for update skip locked)

-- name: forget_looks
delete from page_looks where url_hash in (
  select url_hash from page_looks where fetched_at < cid_now() - $1::interval order by fetched_at limit $2 for update skip locked)
