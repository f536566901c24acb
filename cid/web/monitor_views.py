"""Monitors as pages show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cid.domain.monitor import MOST_HOURS, Monitor, StoredChange
from cid.domain.run import Run, RunState
from cid.domain.scorecard import CEILING, Rating
from cid.store.monitors import Board
from cid.text import countries
from cid.web import run_views, run_words
from cid.web.briefing_views import Chip
from cid.web.run_views import RunLine
from cid.web.words import _, plural

WIDE, HIGH = 96, 24
"""Of a sparkline, in its own units."""
EVERY = {1: _("every hour"), 24: _("every day"), 168: _("every week")}
PARTS = {
    "narratives": _("Narratives"),
    "score": _("Score"),
    "framing": _("Wording"),
    "actors": _("Actors"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Spark:
    """The last scores as a line from the left, the newest at its right end."""

    points: str
    x: float
    y: float
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorLine:
    monitor: Monitor
    every: str
    place: str
    board: Board
    state: Chip | None
    rating: Chip | None
    spark: Spark | None
    size: str
    """Of the last change, or why there is none."""
    large: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorsView:
    rows: Sequence[MonitorLine]
    on: bool
    may: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """The form, as it was typed."""

    outlet: str = ""
    country: str = ""
    url: str = ""
    platform: str = "news"
    period: str = "w"
    items: str = "10"
    substitute: bool = False
    every_hours: str = "24"
    threshold: str = "50"
    tlp: str = "amber"


@dataclass(frozen=True, slots=True, kw_only=True)
class FormView:
    typed: Typed
    problem: str
    countries: Sequence[str]
    platforms: Sequence[tuple[str, str]]
    periods: Sequence[tuple[str, str]]
    tlps: Sequence[tuple[str, str]]
    most_hours: int = MOST_HOURS


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeView:
    stored: StoredChange
    parts: Sequence[tuple[str, int, int, str]]
    """Name, points, of how many, why."""
    large: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorView:
    line: MonitorLine
    form: FormView
    runs: Sequence[RunLine]
    changes: Sequence[ChangeView]
    may: bool


def line(monitor: Monitor, board: Board) -> MonitorLine:
    size = _("nothing yet")
    if board.size is not None:
        size = str(board.size) if board.compared else _("nothing to compare")
    return MonitorLine(
        monitor=monitor,
        every=every(monitor.every_hours),
        place=" · ".join(filter(None, (run_words.PLATFORMS[monitor.platform], _country(monitor.country)))),
        board=board,
        state=run_words.STATES[RunState(board.state)] if board.state else None,
        rating=run_words.RATINGS[Rating(board.rating)] if board.rating else None,
        spark=spark(board.scores or ()),
        size=size,
        large=bool(board.compared) and (board.size or 0) >= monitor.threshold,
    )


def every(hours: int) -> str:
    if hours % 24 == 0 and hours not in EVERY:
        return plural("every %(n)s day", "every %(n)s days", hours // 24) % {"n": hours // 24}
    return EVERY.get(hours) or plural("every %(n)s hour", "every %(n)s hours", hours) % {"n": hours}


def spark(scores: Sequence[int]) -> Spark | None:
    """Against the whole rubric, so that lines of different outlets can be compared. None: fewer than two."""
    if len(scores) < 2:
        return None
    step = (WIDE - 6) / (len(scores) - 1)
    places = [(3 + n * step, HIGH - 3 - (HIGH - 6) * score / CEILING) for n, score in enumerate(scores)]
    x, y = places[-1]
    return Spark(
        points=" ".join(f"{left:.1f},{top:.1f}" for left, top in places),
        x=round(x, 1),
        y=round(y, 1),
        said=_("Scores of 70, the oldest first: %(all)s") % {"all": ", ".join(map(str, scores))},
    )


def form(typed: Typed, problem: str = "") -> FormView:
    return FormView(
        typed=typed,
        problem=problem,
        countries=run_views.country_names(),
        platforms=[(str(key), name) for key, name in run_words.PLATFORMS.items()],
        periods=[(str(key), name) for key, name in run_words.PERIODS.items()],
        tlps=run_views.tlps(),
    )


def typed(monitor: Monitor) -> Typed:
    return Typed(
        outlet=monitor.outlet,
        country=monitor.country,
        url=monitor.url,
        platform=monitor.platform,
        period=monitor.period,
        items=str(monitor.items),
        substitute=monitor.substitute,
        every_hours=str(monitor.every_hours),
        threshold=str(monitor.threshold),
        tlp=monitor.tlp,
    )


def runs(found: Sequence[Run]) -> list[RunLine]:
    return [run_views.line(run) for run in found]


def changes(monitor: Monitor, found: Sequence[StoredChange]) -> list[ChangeView]:
    return [
        ChangeView(
            stored=one,
            parts=[(PARTS.get(part.name, part.name), part.points, part.of, part.why) for part in one.change.parts],
            large=one.change.compared and one.change.size >= monitor.threshold,
        )
        for one in found
    ]


def empty(monitor: Monitor) -> Board:
    """Of a monitor that was added while the page was made."""
    return Board(
        monitor_id=monitor.id,
        run_id=None,
        state=None,
        failure=None,
        score=None,
        rating=None,
        run_at=None,
        scores=None,
        change_run_id=None,
        size=None,
        compared=None,
        change_at=None,
    )


def refused(given: Typed, monitor: Monitor) -> Typed:
    """What was typed, beside what cannot be changed."""
    return replace(given, outlet=monitor.outlet, country=monitor.country, platform=monitor.platform)


def _country(code: str) -> str:
    return countries.country_name(code) if code else ""
