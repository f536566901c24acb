"""Pages that searches for evidence led to, shared by all tenants; and which of them a tenant's evidence stands on.

Looks are taken and stored in platform transactions: no tenant can read when, or whether, another one's search led to an
address. A page is read by the tenants whose evidence stands on it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from cid.domain.policy import FoundPages
from cid.domain.reading import Reading, TextState
from cid.pg.rows import into
from cid.pg.sql import query
from cid.ports import Tx

TAKE = query("found_pages.take")
KNOWN = query("found_pages.known")
KEEP = query("found_pages.keep")
TOUCH = query("found_pages.touch")
STORE = query("found_pages.store")
STAND_ON = query("found_pages.stand_on")
AROUND = query("found_pages.around")
FORGET = query("found_pages.forget")
FORGET_LOOKS = query("found_pages.forget_looks")

DETAIL_LIMIT = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is known of a page."""

    url: str
    state: TextState | None
    """None: it was never looked at."""
    detail: str
    final_url: str
    sha256: bytes | None
    held_until: datetime | None
    """Somebody looks at it now."""
    title: str
    text: str
    publisher: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """A quote where it stands."""

    n: int
    """Its place among those asked for, from 1."""
    before: str
    quote: str
    after: str


SHAPES = {KNOWN: Look, AROUND: Around}


def address_hash(url: str) -> bytes:
    return hashlib.sha256(url.encode("utf-8", "replace")).digest()


def text_hash(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()


async def take(tx: Tx, urls: Collection[str], policy: FoundPages, hold: timedelta) -> set[str]:
    """Those that are to be fetched now, by us: nobody else will for as long as `hold`."""
    each = list(urls)
    rows = await tx.fetch(TAKE, [address_hash(url) for url in each], each, policy.fresh, policy.again, hold)
    return {row["url"] for row in rows}


async def known(tx: Tx, urls: Collection[str]) -> dict[str, Look]:
    rows = await tx.fetch(KNOWN, [address_hash(url) for url in urls])
    return {row["url"]: into(Look, row) for row in rows}


async def store(tx: Tx, url: str, reading: Reading, *, publisher: str) -> None:
    sha = text_hash(reading.text) if reading.state is TextState.READ else None
    if sha is not None:
        await tx.execute(KEEP, sha, reading.text, reading.title, reading.language, publisher)
    await tx.execute(
        STORE,
        address_hash(url),
        reading.state,
        reading.detail[:DETAIL_LIMIT],
        reading.canonical_url,
        reading.status,
        sha,
        reading.published_at,
    )


async def touch(tx: Tx, pages: Collection[bytes]) -> None:
    await tx.execute(TOUCH, list(pages))


async def stand_on(tx: Tx, pack: UUID, pages: Collection[bytes]) -> None:
    """In the tenant's transaction that stores the pack."""
    await tx.execute(STAND_ON, tx.tenant, pack, sorted(pages))


async def around(tx: Tx, quotes: Sequence[tuple[bytes, int, int]], room: int) -> dict[int, Around]:
    """In a tenant's transaction: (page, offset, length) → by place from 1, `room` characters on either side. What is
    not kept any more, or was never this tenant's to read, is not there."""
    shas, starts, lengths = ([quote[column] for quote in quotes] for column in range(3))
    return {row["n"]: into(Around, row) for row in await tx.fetch(AROUND, shas, starts, lengths, room)}


async def forget(tx: Tx, keep: timedelta, *, limit: int) -> None:
    """In a platform transaction."""
    await tx.execute(FORGET, keep, limit)
    await tx.execute(FORGET_LOOKS, keep, limit)
