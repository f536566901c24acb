"""Rows of a file as items of a desk, as if polls had brought them: for measurements in a database of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cid.domain.ids import ItemId, SourceId, StoryId, uuid7
from cid.domain.news import Entry, SourceKind
from cid.ports import Tx
from cid.services import Services
from cid.store import items
from cid.store import sources as store
from cid.store.items import Report
from cid.text.clean import TITLE_LIMIT, line
from cid.text.html import plain

_INTERVAL_S = 3600
_AT_ONCE = 5000
MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    title: str
    publisher: str
    at: datetime
    url: str


async def fill(sv: Services, rows: Sequence[Row]) -> list[ItemId]:
    """An item for each row, the same for rows of one address, seen at a public source of its publisher.

    Items of one moment are placed in the order of the rows: each came in a millisecond after the one before.
    """
    now = sv.clock.now()
    began = now - len(rows) * MILLISECOND
    async with sv.platform.tx() as tx:
        publishers = {row.publisher for row in rows}
        sources = {publisher: await _source(tx, SourceId(uuid7(now)), publisher) for publisher in publishers}
        reports = [_report(row, sources[row.publisher], began + n * MILLISECOND) for n, row in enumerate(rows)]
        for start in range(0, len(reports), _AT_ONCE):
            await items.add(tx, reports[start : start + _AT_ONCE])
        by_url = await items.ids_by_url(tx, [row.url for row in rows])
    return [by_url[row.url] for row in rows]


def _report(row: Row, source: SourceId, at: datetime) -> Report:
    entry = Entry(key=row.url, url=row.url, title=line(plain(row.title), TITLE_LIMIT), published_at=row.at)
    return Report(source=source, owner=None, sample=False, entries=[entry], at=at, screened=1)


async def _source(tx: Tx, source: SourceId, publisher: str) -> SourceId:
    await store.add(
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
