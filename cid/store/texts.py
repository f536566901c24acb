"""Articles' own texts, and what is still to be read."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cid.domain.ids import ItemId, StoryId, TenantId
from cid.domain.reading import Reading, TextState
from cid.pg.rows import into
from cid.pg.sql import query
from cid.ports import Tx
from cid.text.urls import url_hash

WANT = query("texts.want")
OF_STORIES = query("texts.of_stories")
ADDRESSES = query("texts.addresses")
AWAITED = query("texts.awaited")
TAKE = query("texts.take")
DUE_AT = query("texts.due_at")
STORE = query("texts.store")
COMPLETE = query("texts.complete")
FORGOTTEN = query("texts.forgotten")
OF_ITEM = query("texts.of_item")
FORGET = query("texts.forget")

DETAIL_LIMIT = 300
PER_STORY = 12
"""Articles of one story that are read: more than a draft's evidence has room for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToRead:
    url: str
    language: str
    tries: int
    """This one included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextOfItem:
    """What became of an item's page."""

    state: TextState | None
    """None: it was not looked at yet."""
    detail: str
    words: int
    language: str
    canonical_url: str
    published_at: datetime | None
    status: int | None
    tries: int
    wanted_at: datetime
    fetched_at: datetime | None
    retry_at: datetime | None
    same_as: ItemId | None
    same_title: str | None


SHAPES = {TAKE: ToRead, OF_ITEM: TextOfItem}


async def want(tx: Tx, tenant: TenantId, items: Collection[ItemId], *, most: int) -> list[ItemId]:
    """In the tenant's transaction. Answers the items that nobody had asked for: they are to be read."""
    if not items:
        return []
    return [row["item_id"] for row in await tx.fetch(WANT, tenant, list(items), most)]


async def of_stories(tx: Tx, stories: Collection[StoryId], *, most: int) -> dict[ItemId, str]:
    """Items and their addresses, at most `most` of each story, as the tenant of the transaction sees them."""
    return {row["id"]: row["url"] for row in await tx.fetch(OF_STORIES, list(stories), most)}


async def addresses(tx: Tx, items: Sequence[ItemId]) -> dict[ItemId, str]:
    return {row["id"]: row["url"] for row in await tx.fetch(ADDRESSES, list(items))}


async def awaited(tx: Tx, story: StoryId, patience: timedelta) -> bool:
    found: bool = await tx.fetchval(AWAITED, story, patience)
    return found


async def take(tx: Tx, item: ItemId, hold: timedelta) -> ToRead | None:
    """None: it is settled, or somebody else has it."""
    row = await tx.fetchrow(TAKE, item, hold)
    return into(ToRead, row) if row else None


async def due_at(tx: Tx, item: ItemId) -> datetime | None:
    found: datetime | None = await tx.fetchval(DUE_AT, item)
    return found


async def store(tx: Tx, item: ItemId, reading: Reading, *, tries: int, retry_at: datetime | None) -> bool:
    """False when somebody else looked meanwhile. Also fills what no source said about the item."""
    stored = await tx.fetchval(
        STORE,
        item,
        tries,
        reading.state,
        reading.detail[:DETAIL_LIMIT],
        reading.text,
        reading.words,
        reading.title,
        reading.language,
        reading.canonical_url,
        url_hash(reading.canonical_url),
        reading.published_at,
        reading.status,
        reading.size,
        reading.sha,
        retry_at,
    )
    if stored is None:
        return False
    await tx.execute(COMPLETE, item, reading.published_at, reading.language)
    return True


async def forgotten(tx: Tx, limit: int) -> dict[ItemId, str]:
    """Items and their addresses."""
    return {row["item_id"]: row["url"] for row in await tx.fetch(FORGOTTEN, limit)}


async def forget(tx: Tx, keep: timedelta, *, limit: int) -> None:
    """In a platform transaction. Evidence has its own copy of what it took."""
    await tx.execute(FORGET, keep, limit)


async def of_item(tx: Tx, item: ItemId) -> TextOfItem | None:
    """In a tenant's transaction. None: nobody wanted it read."""
    row = await tx.fetchrow(OF_ITEM, item)
    return into(TextOfItem, row) if row else None
