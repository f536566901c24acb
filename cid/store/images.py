"""Pictures that a tenant keeps. Written once, never changed; what a version shows stays what its hash covers."""

from __future__ import annotations

from cid.domain.ids import ImageId, TenantId
from cid.domain.images import Kept
from cid.pg.rows import into
from cid.pg.sql import query
from cid.ports import Tx

ADD = query("images.add")
BY_SHA = query("images.by_sha")
BY_ID = query("images.by_id")
PICTURE = query("images.picture")
SHAPES = {BY_SHA: Kept, BY_ID: Kept}


async def add(
    tx: Tx,
    image: ImageId,
    body: bytes,
    *,
    mime: str,
    width: int,
    height: int,
    provider: str,
    external_id: str = "",
    page_url: str = "",
    author: str = "",
    author_url: str = "",
    alt: str = "",
) -> Kept:
    """What is kept of it from now on: of the same bytes that came before, that one."""
    said = (provider, external_id, page_url, author, author_url, alt)
    await tx.execute(ADD, tx.tenant, image, body, mime, width, height, *said)
    row = await tx.fetchrow(BY_SHA, tx.tenant, body)
    assert row, "it was there or was added"
    return into(Kept, row)


async def by_id(tx: Tx, tenant: TenantId, image: ImageId) -> Kept | None:
    row = await tx.fetchrow(BY_ID, tenant, image)
    return into(Kept, row) if row else None


async def picture(tx: Tx, tenant: TenantId, image: ImageId) -> tuple[bytes, str] | None:
    """Its bytes and their type. None: the tenant has no such picture."""
    row = await tx.fetchrow(PICTURE, tenant, image)
    return (bytes(row["bytes"]), str(row["mime"])) if row else None
