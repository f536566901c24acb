"""Items and where they were seen."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from cid.domain.ids import ItemId, SourceId, StoryId, TenantId, uuid7
from cid.domain.news import Entry, Item, Placed
from cid.pg.rows import each, into
from cid.pg.sql import query
from cid.ports import Tx
from cid.text.urls import url_hash

UNSEEN = query("items.unseen")
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
IDS_BY_URL = query("items.ids_by_url")
STORIES_OF = query("items.stories_of")


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
    backlog: bool
    """Behind the newest of the source's first poll: stored, and screened for nobody."""


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


class _Line(NamedTuple):
    report: Report
    entry: Entry
    backlog: bool


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
    """Store what sources report, in four statements for any number of them. Answers what each had not shown before.

    The identities of one report differ, or else the addresses; two reports may hold the same.
    """
    shown = [_Line(report, entry, n >= report.screened) for report in reports for n, entry in enumerate(report.entries)]
    if not shown:
        return []
    shown_hashes = [url_hash(line.entry.identity or line.entry.url) for line in shown]
    rows = await tx.fetch(UNSEEN, [line.report.source for line in shown], shown_hashes)
    lines, hashes = [shown[row["n"]] for row in rows], [shown_hashes[row["n"]] for row in rows]
    if not lines:
        return []
    dates = [line.entry.published_at for line in lines]
    await tx.execute(
        ADD,
        [uuid7(line.report.at) for line in lines],
        [line.entry.url for line in lines],
        hashes,
        [line.entry.title for line in lines],
        [line.entry.summary for line in lines],
        [line.entry.author for line in lines],
        dates,
        [line.entry.language for line in lines],
        [line.entry.identity for line in lines],
        [line.report.owner is None for line in lines],
        [line.report.sample for line in lines],
    )
    await tx.execute(PUBLISH, [sha for sha, line in zip(hashes, lines, strict=True) if line.report.owner is None])
    found = await tx.fetch(
        SEE,
        [line.report.source for line in lines],
        [line.report.owner for line in lines],
        [uuid7(line.report.at) for line in lines],
        hashes,
        [line.entry.key for line in lines],
        dates,
        [line.entry.via for line in lines],
        [line.entry.publisher for line in lines],
        [dict(line.entry.facts) for line in lines],
        [line.backlog for line in lines],
    )
    return each(Seen, found)


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


async def ids_by_url(tx: Tx, canonical_urls: Collection[str]) -> dict[str, ItemId]:
    hashes = {url_hash(url): url for url in canonical_urls}
    return {hashes[row["url_hash"]]: row["id"] for row in await tx.fetch(IDS_BY_URL, list(hashes))}


async def stories_of(tx: Tx, items: Collection[ItemId]) -> dict[ItemId, StoryId]:
    """Of those that are in one."""
    return {row["id"]: row["story_id"] for row in await tx.fetch(STORIES_OF, list(items))}
