"""Rows of a file as items of a desk, as if polls had brought them: for measurements in a database of their own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cid.domain.ids import ItemId, SourceId, StoryId, uuid7
from cid.domain.news import Entry, SourceKind
from cid.ports import Tx
from cid.services import Services
from cid.store import items, sources
from cid.text.clean import TITLE_LIMIT, line
from cid.text.html import plain

_INTERVAL_S = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    title: str
    publisher: str
    at: datetime
    url: str


async def fill(sv: Services, rows: Sequence[Row]) -> list[ItemId]:
    """An item for each row, the same for rows of one address, seen at a public source of its publisher.

    Items of one moment are placed in the order of the rows.
    """
    now = sv.clock.now()
    ids = sorted(ItemId(uuid7(now)) for _ in rows)
    of = defaultdict(list)
    for number, row in enumerate(rows):
        of[row.publisher].append(number)
    async with sv.platform.tx() as tx:
        for publisher, numbers in of.items():
            source = await _source(tx, SourceId(uuid7(now)), publisher)
            await _seen(tx, source, [rows[number] for number in numbers], [ids[number] for number in numbers], now)
        by_url = await items.ids_by_url(tx, [row.url for row in rows])
    return [by_url[row.url] for row in rows]


async def _seen(tx: Tx, source: SourceId, rows: Sequence[Row], ids: Sequence[ItemId], now: datetime) -> None:
    first = {row.url: (row, item) for row, item in reversed(list(zip(rows, ids, strict=True)))}
    entries = [
        Entry(key=row.url, url=row.url, title=line(plain(row.title), TITLE_LIMIT), published_at=row.at)
        for row, _ in first.values()
    ]
    pairs = [(item, uuid7(now)) for _, item in first.values()]
    await items.add(tx, entries, source=source, owner=None, sample=False, ids=pairs)


async def _source(tx: Tx, source: SourceId, publisher: str) -> SourceId:
    await sources.add(
        tx,
        source,
        owner=None,
        kind=SourceKind.RSS,
        url=f"https://feeds.invalid/{source}",
        title=publisher,
        publisher=publisher,
        sample=False,
        interval_s=_INTERVAL_S,
        config={},
    )
    return source


async def stories_of(sv: Services, wanted: Sequence[ItemId]) -> list[StoryId]:
    """The story that each of the items is in by now."""
    async with sv.platform.read() as tx:
        found = await items.stories_of(tx, wanted)
    return [found[item] for item in wanted]
