"""Items and where they were seen."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from cid.domain.ids import ItemId, SourceId, StoryId, TenantId, uuid7
from cid.domain.news import Entry, Item, Placed
from cid.pg.rows import each, into
from cid.pg.sql import query
from cid.ports import Tx
from cid.text.urls import url_hash

ADD = query("items.add")
PUBLISH = query("items.publish")
SEE = query("items.see")
TO_PLACE = query("items.to_place")
SET_STORIES = query("items.set_stories")
READERS = query("items.readers")
UNJUDGED = query("items.unjudged")
BY_URL_HASH = query("items.by_url_hash")
LISTED = query("items.listed")
SIGHTINGS = query("items.sightings")
OF_STORY = query("items.of_story")
RECENT = query("items.recent")


@dataclass(frozen=True, slots=True, kw_only=True)
class ToPlace:
    """An item on its way into a story."""

    id: ItemId
    title: str
    at: datetime
    story_id: StoryId | None
    sample: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Unjudged:
    """An item before one tenant's gate 1."""

    id: ItemId
    story_id: StoryId
    title: str
    summary: str
    at: datetime
    trust: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    source_id: SourceId
    title: str
    url: str
    publisher: str
    seen_at: datetime
    published_at: datetime | None
    subscribed: bool
    trust: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one poll of a source brought."""

    source: SourceId
    owner: TenantId | None
    """Of a private source."""
    sample: bool
    entries: Sequence[Entry]
    at: datetime
    screened: int
    """So many, from the first on, go the way of news; the rest is stored as seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A source shows an item for the first time."""

    item_id: ItemId
    source_id: SourceId
    backlog: bool


SHAPES = {
    SEE: Seen,
    TO_PLACE: ToPlace,
    UNJUDGED: Unjudged,
    BY_URL_HASH: Item,
    LISTED: Item,
    SIGHTINGS: Sighting,
    OF_STORY: Item,
}


async def add(tx: Tx, reports: Sequence[Report]) -> list[Seen]:
    """Store what sources report, in three statements for any number of them. Answers what each had not shown before.

    The addresses of one report differ; two reports may hold the same.
    """
    lines = [(report, entry) for report in reports for entry in report.entries]
    if not lines:
        return []
    entries = [entry for _, entry in lines]
    hashes = [url_hash(entry.url) for entry in entries]
    dates = [entry.published_at for entry in entries]
    await tx.execute(
        ADD,
        [ItemId(uuid7(report.at)) for report, _ in lines],
        [entry.url for entry in entries],
        hashes,
        [entry.title for entry in entries],
        [entry.summary for entry in entries],
        [entry.author for entry in entries],
        dates,
        [entry.language for entry in entries],
        [report.owner is None for report, _ in lines],
        [report.sample for report, _ in lines],
    )
    await tx.execute(PUBLISH, [sha for sha, (report, _) in zip(hashes, lines, strict=True) if report.owner is None])
    rows = await tx.fetch(
        SEE,
        [report.source for report, _ in lines],
        [report.owner for report, _ in lines],
        [uuid7(report.at) for report, _ in lines],
        hashes,
        [entry.key for entry in entries],
        dates,
        [entry.via for entry in entries],
        [number >= report.screened for report in reports for number in range(len(report.entries))],
    )
    return each(Seen, rows)


async def to_place(tx: Tx, items: Collection[ItemId]) -> list[ToPlace]:
    return each(ToPlace, await tx.fetch(TO_PLACE, list(items)))


async def set_stories(tx: Tx, placed: Sequence[Placed]) -> None:
    await tx.execute(
        SET_STORIES,
        [one.item for one in placed],
        [one.story for one in placed],
        [one.band for one in placed],
        [one.likeness for one in placed],
    )


async def readers(tx: Tx, items: Collection[ItemId]) -> list[tuple[TenantId, ItemId]]:
    return [(row["tenant_id"], row["item_id"]) for row in await tx.fetch(READERS, list(items))]


async def unjudged(tx: Tx, tenant: TenantId, items: Collection[ItemId]) -> list[Unjudged]:
    return each(Unjudged, await tx.fetch(UNJUDGED, tenant, list(items)))


async def by_url(tx: Tx, canonical_url: str) -> Item | None:
    row = await tx.fetchrow(BY_URL_HASH, url_hash(canonical_url))
    return into(Item, row) if row else None


async def listed(
    tx: Tx, tenant: TenantId, *, before: tuple[datetime, ItemId] | None = None, limit: int = 50
) -> list[Item]:
    """What the tenant's sources brought, newest first; `before` is the last one of the page before."""
    at, item = before or (None, None)
    return each(Item, await tx.fetch(LISTED, tenant, at, item, limit))


async def sightings(tx: Tx, tenant: TenantId, item: ItemId) -> list[Sighting]:
    return each(Sighting, await tx.fetch(SIGHTINGS, tenant, item))


async def of_story(tx: Tx, story: StoryId) -> list[Item]:
    return each(Item, await tx.fetch(OF_STORY, story))


async def recent(tx: Tx, source: SourceId, since: datetime, *, limit: int) -> list[ItemId]:
    """Seen at the source since then, the newest first."""
    return [row["item_id"] for row in await tx.fetch(RECENT, source, since, limit)]
