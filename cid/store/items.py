"""Items and where they were seen."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cid.domain.ids import ItemId, SourceId, StoryId, TenantId, uuid7
from cid.domain.news import Entry, Item, Placed
from cid.domain.tenants import Desk
from cid.pg.rows import each, into
from cid.pg.sql import query
from cid.ports import Tx
from cid.text.urls import url_hash

UNSEEN = query("items.unseen")
MET = query("items.met")
SEE_AGAIN = query("items.see_again")
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
VISIBLE = query("items.visible")


@dataclass(frozen=True, slots=True, kw_only=True)
class ToPlace:
    """An item on its way into a story."""

    id: ItemId
    title: str
    at: datetime
    story_id: StoryId | None
    sample: bool
    public: bool
    source_id: SourceId | None
    """The public one that had it first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unjudged:
    """An item before one tenant's gate 1."""

    id: ItemId
    story_id: StoryId
    title: str
    summary: str
    at: datetime
    """When it was published; first seen, where nobody says or the date lies ahead."""
    dated: bool
    """Whether anybody says."""
    trust: float
    desks: Sequence[str]
    """Those of the tenant's that have not judged it."""


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
    """Store what sources report, in a few statements for any number of them. Answers what each had not shown before.

    The identities of one report differ, or else the addresses; two reports may hold the same.
    """
    rows = [
        _Row(report, entry, url_hash(entry.identity or entry.url), uuid7(report.at), number >= report.screened)
        for report in reports
        for number, entry in enumerate(report.entries)
    ]
    if not rows:
        return []
    unseen = await tx.fetch(UNSEEN, [row.report.source for row in rows], [row.hash for row in rows])
    rows = [rows[row["n"]] for row in unseen]
    if not rows:
        return []
    met = await _met(tx, rows)
    await _see_again(tx, [(rows[place], item) for place, (item, same_key) in met.items() if not same_key])
    rows = [row for place, row in enumerate(rows) if place not in met]
    await _add(tx, rows)
    await _publish(tx, [row for row in rows if row.report.owner is None])
    return await _see(tx, rows)


@dataclass(frozen=True, slots=True)
class _Row:
    """An entry with all that is stored of it."""

    report: Report
    entry: Entry
    hash: bytes
    sighting: UUID
    backlog: bool

    @property
    def title_key(self) -> bytes | None:
        return bytes.fromhex(self.entry.title_key) or None

    @property
    def link(self) -> str:
        return self.entry.link or self.entry.url


async def _met(tx: Tx, rows: Sequence[_Row]) -> dict[int, tuple[ItemId, bool]]:
    """By its place, the item that an entry with a new address is nevertheless, and whether its key is the same."""
    found = await tx.fetch(
        MET,
        list(range(len(rows))),
        [row.report.source for row in rows],
        [row.hash for row in rows],
        [row.entry.key for row in rows],
        [row.title_key for row in rows],
        [row.entry.published_at for row in rows],
    )
    return {row["place"]: (row["item_id"], row["same_key"]) for row in found}


async def _see_again(tx: Tx, met: Sequence[tuple[_Row, ItemId]]) -> None:
    if met:
        await tx.execute(
            SEE_AGAIN,
            [row.sighting for row, _ in met],
            [item for _, item in met],
            [row.report.source for row, _ in met],
            [row.report.owner for row, _ in met],
            [row.entry.key for row, _ in met],
            [row.title_key for row, _ in met],
            [row.entry.published_at for row, _ in met],
            [row.link for row, _ in met],
            [row.entry.via for row, _ in met],
            [row.entry.publisher for row, _ in met],
            [dict(row.entry.facts) for row, _ in met],
        )


async def _add(tx: Tx, rows: Sequence[_Row]) -> None:
    await tx.execute(
        ADD,
        [ItemId(uuid7(row.report.at)) for row in rows],
        [row.entry.url for row in rows],
        [row.hash for row in rows],
        [row.entry.title for row in rows],
        [row.entry.summary for row in rows],
        [row.entry.author for row in rows],
        [row.entry.published_at for row in rows],
        [row.entry.language for row in rows],
        [row.entry.identity for row in rows],
        [row.report.owner is None for row in rows],
        [row.report.sample for row in rows],
    )


async def _publish(tx: Tx, rows: Sequence[_Row]) -> None:
    if rows:
        await tx.execute(
            PUBLISH,
            [row.hash for row in rows],
            [row.entry.url for row in rows],
            [row.entry.title for row in rows],
            [row.entry.summary for row in rows],
            [row.entry.author for row in rows],
            [row.entry.published_at for row in rows],
            [row.entry.language for row in rows],
        )


async def _see(tx: Tx, rows: Sequence[_Row]) -> list[Seen]:
    found = await tx.fetch(
        SEE,
        [row.report.source for row in rows],
        [row.report.owner for row in rows],
        [row.sighting for row in rows],
        [row.hash for row in rows],
        [row.entry.key for row in rows],
        [row.entry.published_at for row in rows],
        [row.entry.via for row in rows],
        [row.entry.publisher for row in rows],
        [dict(row.entry.facts) for row in rows],
        [row.backlog for row in rows],
        [row.title_key for row in rows],
        [row.link for row in rows],
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


async def unjudged(
    tx: Tx, tenant: TenantId, items: Collection[ItemId], desks: Collection[Desk], again: Collection[ItemId] = ()
) -> list[Unjudged]:
    """What at least one of `desks` has not judged, and those of `again` that any has."""
    return each(Unjudged, await tx.fetch(UNJUDGED, tenant, list(items), list(desks), list(again)))


async def by_url(tx: Tx, url: str) -> Item | None:
    """Whatever way its address is spelled."""
    row = await tx.fetchrow(BY_URL_HASH, url_hash(url))
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


async def visible(tx: Tx, item: ItemId) -> tuple[bool, StoryId | None]:
    """Whether the tenant may see it, and the story that it is in by now."""
    row = await tx.fetchrow(VISIBLE, item)
    return row is not None, StoryId(row["story_id"]) if row and row["story_id"] else None
