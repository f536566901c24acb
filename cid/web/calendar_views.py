"""The calendar as its page shows it: days of a zone, what goes out on each, and what is wrong with the plan."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from cid.domain.publication import PublicationState
from cid.store.calendar import LIVE
from cid.text import words as folding
from cid.text import zones
from cid.web.words import _, plural

if TYPE_CHECKING:
    from cid.domain.ids import PublicationId
    from cid.store.calendar import Entry, Waiting

APART = timedelta(days=30)
"""Two pieces for one main keyword compete with each other: so far apart they do not."""
LATE = timedelta(minutes=5)
"""What is due is on its way; longer ago something holds it."""
WEEK = 7
TITLE = 40
"""Characters of another piece's title beside a piece: enough to know it again, and a day is narrow."""


class Span(StrEnum):
    MONTH = "month"
    WEEK = "week"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A piece on a day: one draft, with all its channels that go out at one moment."""

    draft: str
    title: str
    at: datetime
    clock: str
    """In the tenant's zone."""
    day: str
    channels: str
    state: str
    """scheduled, live, failed, unknown, sending or retracted."""
    tone: str
    error: str
    movable: bool
    conflicts: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    day: date
    here: bool
    """In the month that is shown."""
    today: bool
    past: bool
    cells: Sequence[Cell]
    conflict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrayLine:
    draft: str
    title: str
    state: str
    changed_at: datetime
    conflicts: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarView:
    span: Span
    title: str
    zone: str
    weeks: Sequence[Sequence[Day]]
    tray: Sequence[TrayLine]
    before: str
    after: str
    this: str
    other: str
    """The other span, at the same place."""
    trouble: int
    """Conflicts in what is shown."""
    more: bool
    """There is more than is shown."""
    move: Cell | None
    problem: str
    typed_day: str
    typed_hour: str
    today: str
    feed_since: datetime | None
    feed: str
    """The address, right after it was made."""

    @property
    def states(self) -> Mapping[str, tuple[str, str]]:
        return STATES


STATES: dict[str, tuple[str, str]] = {
    "scheduled": (_("scheduled"), "live"),
    "late": (_("late"), "warn"),
    "sending": (_("being sent"), "live"),
    "live": (_("live"), "good"),
    "failed": (_("failed"), "bad"),
    "unknown": (_("unknown"), "warn"),
    "retracted": (_("taken back"), "plain"),
}
"""What a piece's state is called, and its tone."""
_WORST = ("failed", "unknown", "late", "sending", "scheduled", "live", "retracted")


def days_of(span: Span, day: date) -> list[date]:
    """Whole weeks, from a Monday on."""
    if span is Span.WEEK:
        first, count = day - timedelta(days=day.weekday()), WEEK
    else:
        start = day.replace(day=1)
        first = start - timedelta(days=start.weekday())
        last = (start + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        count = ((last - first).days // WEEK + 1) * WEEK
    return [first + timedelta(days=n) for n in range(count)]


def stepped(span: Span, day: date, by: int) -> date:
    if span is Span.WEEK:
        return day + timedelta(days=WEEK * by)
    month = day.year * 12 + day.month - 1 + by
    return date(month // 12, month % 12 + 1, 1)


def cells(
    entries: Sequence[Entry],
    zone: str,
    now: datetime,
    around: Sequence[Entry],
    waits: Mapping[PublicationId, str] | None = None,
) -> dict[date, list[Cell]]:
    """By day. `around` is what else may compete with them: the plan a month before and after. `waits` says of some why
    they will not go out at their hour."""
    why = waits or {}
    by_piece: dict[tuple[str, datetime], list[Entry]] = defaultdict(list)
    for entry in entries:
        by_piece[str(entry.draft_id), entry.at.replace(second=0, microsecond=0)].append(entry)
    rivals = _by_keyword(around)
    found: dict[date, list[Cell]] = defaultdict(list)
    for (_draft, at), some in sorted(by_piece.items(), key=lambda pair: (pair[0][1], pair[0][0])):
        said = list(dict.fromkeys(_wait(entry, why[entry.id]) for entry in some if entry.id in why))
        cell = _cell(some, at, zone, now, rivals)
        found[zones.day_of(at, zone)].append(replace(cell, conflicts=[*said, *cell.conflicts]))
    return found


def _cell(some: Sequence[Entry], at: datetime, zone: str, now: datetime, rivals: Mapping[str, Sequence[Entry]]) -> Cell:
    first = some[0]
    state = min((_state(entry, now) for entry in some), key=_WORST.index)
    local = at.astimezone(zones.zone(zone))
    conflicts = []
    if state == "late":
        conflicts.append(_("its time has passed and nothing was sent"))
    if state in {"scheduled", "late"}:
        conflicts += rivalry(first.keyword, at, rivals, but=str(first.draft_id))
    return Cell(
        draft=str(first.draft_id),
        title=first.title,
        at=at,
        clock=f"{local:%H:%M}",
        day=f"{local:%Y-%m-%d}",
        channels=", ".join(dict.fromkeys(entry.channel for entry in some)),
        state=state,
        tone=STATES[state][1],
        error=next((entry.error for entry in some if entry.error), ""),
        movable=any(entry.state is PublicationState.PLANNED for entry in some),
        conflicts=conflicts,
    )


def _wait(entry: Entry, why: str) -> str:
    return _("on {channel} it will wait for a place: {why}").format(channel=entry.channel, why=why)


def _state(entry: Entry, now: datetime) -> str:
    if entry.state is PublicationState.PLANNED:
        return "late" if entry.due_at < now - LATE else "scheduled"
    return "live" if entry.state in LIVE else str(entry.state)


def _by_keyword(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.keyword and entry.state is not PublicationState.RETRACTED:
            found[folding.fold(entry.keyword)].append(entry)
    return found


def rivalry(keyword: str, at: datetime, rivals: Mapping[str, Sequence[Entry]], *, but: str) -> list[str]:
    """Another piece for the same main keyword within APART: one sentence about the nearest."""
    others = [
        entry
        for entry in rivals.get(folding.fold(keyword), ())
        if str(entry.draft_id) != but and abs(entry.at - at) < APART
    ]
    if not keyword or not others:
        return []
    nearest = min(others, key=lambda entry: abs(entry.at - at))
    days = abs(nearest.at - at).days
    far = plural(_("{n} day apart"), _("{n} days apart"), days).format(n=days) if days else _("within a day")
    title = nearest.title if len(nearest.title) <= TITLE else nearest.title[:TITLE].rstrip() + "…"
    return [_("same main keyword, {keyword}, as “{title}”, {far}").format(keyword=keyword, title=title, far=far)]


def crowded(cells: Sequence[Cell], per_day: int) -> str:
    """More pieces than the plan has for a day."""
    pieces = Counter(cell.draft for cell in cells if cell.state != "retracted")
    if len(pieces) <= per_day:
        return ""
    return _("{n} pieces, and the plan has {most} a day").format(n=len(pieces), most=per_day)


def tray(waiting: Sequence[Waiting], around: Sequence[Entry], now: datetime) -> list[TrayLine]:
    rivals = _by_keyword(around)
    return [
        TrayLine(
            draft=str(one.id),
            title=one.title,
            state=one.state,
            changed_at=one.changed_at,
            conflicts=rivalry(one.keyword, now, rivals, but=str(one.id)),
        )
        for one in waiting
    ]
