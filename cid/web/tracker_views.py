"""What the pages of the tracker desk are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cid.domain.tracker import Entry, Tracker
from cid.store.entries import Made, Reported
from cid.store.track_pages import Line, Period, Waiting
from cid.store.trackers import Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    line: Line
    text: str
    tone: str
    detail: str
    offline: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerView:
    tracker: Tracker | None
    rows: Sequence[LineView]
    waiting: Waiting
    states: Sequence[tuple[str, str]]
    categories: Sequence[tuple[str, str]]
    regions: Sequence[tuple[str, str]]
    state: str
    category: str
    region: str
    first: str
    next: str
    here: str
    """The filters as an address, to come back to."""

    @property
    def filtered(self) -> bool:
        return bool(self.state or self.category or self.region)

    @property
    def decidable(self) -> bool:
        return any(row.line.entry_id for row in self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    category: str
    regions: str
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryView:
    entry: Entry
    tracker: Tracker
    text: str
    tone: str
    reported: Reported
    made: Sequence[Made]
    typed: Typed
    seen: Typed
    """What the edit began with."""
    problem: str
    offline: bool

    @property
    def pairs(self) -> list[tuple[str, str]]:
        return [(name, name) for name in self.tracker.category_names]

    @property
    def places(self) -> Mapping[str, str]:
        return self.tracker.places


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView:
    tracker: Tracker | None
    days: Sequence[Period]
    hours: Sequence[Period]
    standing: Standing | None
    since: datetime
