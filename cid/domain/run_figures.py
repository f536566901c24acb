"""How the analysis desk does: sums over a tenant's runs, and how its days and weeks went. Folds of counted rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from cid.domain.ids import RunId
from cid.domain.run import Failure
from cid.domain.scorecard import Rating

WEEK, WEEKS_BEFORE = 7, 4
DAYS = WEEK * (1 + WEEKS_BEFORE)
"""Of the series: this week, which ends today, and the four before it. Days are of UTC."""
LAST_FAILURES = 10
LONGEST_REASON = 200
FAILED_BY = {
    Failure.NO_ITEMS: "There was nothing of this outlet in this time.",
    Failure.SOURCES: "No source could be read.",
    Failure.NO_KEY: "A key is missing.",
    Failure.MODEL: "No model answered.",
    Failure.CANCELLED: "Somebody cancelled it.",
    Failure.INTERNAL: "A defect of the desk.",
}
"""Where a failed run has no sentence of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """Runs, and how many of them are over in which way."""

    runs: int = 0
    completed: int = 0
    partial: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """All runs of a tenant, and those of each rating."""

    runs: int = 0
    completed: int = 0
    partial: int = 0
    failed: int = 0
    scored: int = 0
    points: int = 0
    """Of all that have a score."""
    excellent: int = 0
    good: int = 0
    acceptable: int = 0
    poor: int = 0
    failing: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    id: RunId
    outlet: str
    failure: Failure
    detail: str
    ended_at: datetime | None

    @property
    def reason(self) -> str:
        return (self.detail.strip() or FAILED_BY[self.failure])[:LONGEST_REASON]


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """Runs that were asked for on one day."""

    day: date
    runs: int = 0
    failed: int = 0
    scored: int = 0
    points: int = 0

    @property
    def mean(self) -> float | None:
        """None: no run of this day has a score."""
        return mean(self.points, self.scored) if self.scored else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    total: int
    completed: int
    partial: int
    """They have a briefing that lacks something. Counted apart, and no success."""
    failed: int
    running: int
    """Also those that wait for their turn."""

    @property
    def success_rate(self) -> float:
        """Per cent of all runs that completed, one decimal; 0 where there are none."""
        return round(100 * self.completed / self.total, 1) if self.total else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFigures:
    all: Sums
    recent: Sums
    """Of the last 24 hours."""
    scored: int
    avg_score: float
    """Points of 70 by the rubric, one decimal; a score of nought counts. 0 where nothing is scored."""
    ratings: Mapping[Rating, int]
    """As they are shown; every one of them is there."""
    failures: Sequence[Failed]
    """The last ones, the newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """Of this week, and of an average week of those before it."""

    runs: int
    runs_before: float
    failed: int
    failed_before: float
    mean: float
    mean_before: float
    """Points; 0 where nothing is scored."""


def mean(points: int, scored: int) -> float:
    return round(points / scored, 1) if scored else 0.0


def figures(counted: Counted, recent: Ends, failures: Sequence[Failed]) -> RunFigures:
    return RunFigures(
        all=_sums(counted),
        recent=_sums(recent),
        scored=counted.scored,
        avg_score=mean(counted.points, counted.scored),
        ratings={
            Rating.EXCELLENT: counted.excellent,
            Rating.GOOD: counted.good,
            Rating.ACCEPTABLE: counted.acceptable,
            Rating.POOR: counted.poor,
            Rating.FAILING: counted.failing,
        },
        failures=tuple(failures),
    )


def _sums(counted: Counted | Ends) -> Sums:
    return Sums(
        total=counted.runs,
        completed=counted.completed,
        partial=counted.partial,
        failed=counted.failed,
        running=counted.runs - counted.completed - counted.partial - counted.failed,
    )


def series(found: Iterable[Day], today: date) -> tuple[Day, ...]:
    """All days up to `today`, the oldest first; one without runs is there as noughts."""
    by_day = {one.day: one for one in found}
    days = (today - timedelta(days=back) for back in range(DAYS - 1, -1, -1))
    return tuple(by_day.get(day, Day(day=day)) for day in days)


def compared(days: Sequence[Day]) -> Week:
    """`days` as `series` makes them."""
    before, week = days[:-WEEK], days[-WEEK:]
    return Week(
        runs=sum(one.runs for one in week),
        runs_before=round(sum(one.runs for one in before) / WEEKS_BEFORE, 1),
        failed=sum(one.failed for one in week),
        failed_before=round(sum(one.failed for one in before) / WEEKS_BEFORE, 1),
        mean=mean(sum(one.points for one in week), sum(one.scored for one in week)),
        mean_before=mean(sum(one.points for one in before), sum(one.scored for one in before)),
    )
