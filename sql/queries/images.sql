-- name: add
-- The same bytes are kept once per tenant. An update of nothing is not granted: what is there is read instead.
insert into images (tenant_id, id, sha256, mime, width, height, bytes, provider, external_id, page_url, author, author_url, alt)
values ($1, $2, sha256($3), $4, $5, $6, $3, $7, $8, $9, $10, $11, $12)
on conflict (tenant_id, sha256) do nothing

-- name: by_sha
-- What is there already, whoever brought it first.
select id, sha256, mime, width, height, provider, external_id, page_url, author, author_url, alt, made_at
from images where tenant_id = $1 and sha256 = sha256($2)

-- name: by_id
select id, sha256, mime, width, height, provider, external_id, page_url, author, author_url, alt, made_at
from images where tenant_id = $1 and id = $2

-- name: picture
-- The bytes, for a channel or a page.
select bytes, mime from images where tenant_id = $1 and id = $2
