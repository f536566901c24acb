"""What libraries of pictures answered, for all tenants alike. In platform transactions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from cid.domain.llm import Json
from cid.pg.sql import query
from cid.ports import Tx

KNOWN = query("photos.known")
KEEP = query("photos.keep")
FORGET = query("photos.forget")


async def known(tx: Tx, key: bytes, within: timedelta) -> Sequence[Json] | None:
    """None: nobody asked that lately."""
    found: Sequence[Json] | None = await tx.fetchval(KNOWN, key, within)
    return found


async def keep(tx: Tx, key: bytes, photos: Sequence[Json]) -> None:
    await tx.execute(KEEP, key, list(photos))


async def forget(tx: Tx, keep: timedelta) -> None:
    await tx.execute(FORGET, keep)
