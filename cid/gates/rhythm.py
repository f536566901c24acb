"""How often a source is asked: what it is used to, what its server asks for, and what a person said.

The gap between two new items is learnt as a moving average of its logarithm: one silent night between a hundred reports
of the day makes a source slow for an item or two and not for the next day. A source is asked twice in a gap. Nothing
new for long stretches that, so that one which falls silent is asked less and less.

Intervals are steps of a ladder and begin at a moment of the source's own, so that ten thousand that were added
together are asked evenly, and stay so when all of them are asked again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from cid.domain.news import NO_HINTS, Cause, Hints, Polled, PollOutcome, SourceKind

FLOOR_S, CEILING_S = 120, 86_400
START_S = 900
"""Until something is known."""
HINTS_S = 6 * 3600
"""What servers and feeds ask for is kept up to here."""
BLOCKED_S = 6 * 3600
"""Whoever turns us away is asked after this, twice as long, and so on up to the ceiling."""
WEIGHT = 0.2
"""Of the newest gap in the average."""
SILENCE = 8
"""A silence counts as a gap of an eighth of it: the nights of a paper that sleeps are not its rhythm."""
OF_FIRST = 20
"""Entries whose dates the first guess is made from."""
JITTER = 0.2
"""Of the interval, half of it early and half of it late."""
LADDER_S = (
    *(120, 180, 240, 300, 420, 600, 900, 1200, 1800, 2700, 3600, 5400, 7200),
    *(3 * 3600, 4 * 3600, 6 * 3600, 8 * 3600, 12 * 3600, 24 * 3600),
)
FLOORS_S = {
    SourceKind.GDELT: 900,  # its files come every 15 minutes
    SourceKind.GOOGLE_NEWS: 600,
    SourceKind.SERPAPI: 21_600,  # each request is paid for
    SourceKind.X: 900,
    SourceKind.PAGE: 600,
    SourceKind.TELEGRAM: 300,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """What is known of a source before a poll."""

    kind: SourceKind
    start_s: int
    """Its interval until something is known."""
    gap_s: float | None = None
    """Between new items, on average."""
    last_new_at: datetime | None = None
    hints: Hints = NO_HINTS
    fixed_s: int | None = None
    """A person's wish."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    seconds: int
    why: str
    steady: bool = True
    """False: neither phase nor jitter, for trials."""


def gap(habits: Habits, polled: Polled, fresh: int, now: datetime) -> float | None:
    """Seconds between new items, as known after a poll that brought `fresh` of them."""
    if not fresh:
        return habits.gap_s
    if habits.gap_s is None or habits.last_new_at is None:
        return habits.gap_s or _of_dates([entry.published_at for entry in polled.entries], now)
    seen = max((now - habits.last_new_at).total_seconds() / fresh, 1.0)
    weight = 1 - (1 - WEIGHT) ** fresh
    return math.exp((1 - weight) * math.log(max(habits.gap_s, 1.0)) + weight * math.log(seen))


def _of_dates(dates: Sequence[datetime | None], now: datetime) -> float | None:
    """The middle gap of the newest entries: bulk edits and one old pinned entry do not move it."""
    known = sorted((date for date in dates if date and date <= now), reverse=True)[:OF_FIRST]
    gaps = sorted((late - early).total_seconds() for late, early in pairwise(known))
    return max(gaps[len(gaps) // 2], 60.0) if gaps else None


def merged(before: Hints, polled: Polled) -> Hints:
    """What holds after a poll. Of a body that was not read again only the headers are news."""
    if polled.outcome in {PollOutcome.NEW, PollOutcome.EMPTY}:
        return polled.hints
    if not polled.outcome.healthy:
        return before
    return Hints(
        cache_s=polled.hints.cache_s,
        ttl_s=before.ttl_s,
        update_s=before.update_s,
        skip_hours=before.skip_hours,
        skip_days=before.skip_days,
    )


def interval(habits: Habits, now: datetime, *, everywhere_s: float | None = None) -> Interval:
    """`habits` as they are after the poll; `everywhere_s` is the operator's interval for all sources."""
    if everywhere_s is not None:
        return Interval(
            seconds=max(1, round(everywhere_s)), why=f"{said(everywhere_s)}, for every source", steady=False
        )
    if habits.kind is SourceKind.SAMPLE:
        return Interval(seconds=habits.start_s, why=f"{said(habits.start_s)}, because it is a sample")
    if habits.fixed_s is not None:
        seconds = max(habits.fixed_s, FLOOR_S)
        return Interval(seconds=seconds, why=f"{said(seconds)}, set by a subscriber")
    own, why = _own(habits, now)
    asked, who = _asked(habits.hints)
    if asked > own:
        own, why = asked, f"because {who} asks for it"
    floor = FLOORS_S.get(habits.kind, FLOOR_S)
    if own < floor:
        own, why = floor, f"{why}; no more often than that"
    seconds = _step(min(own, CEILING_S))
    return Interval(seconds=seconds, why=f"{said(seconds)}, {why}")


def _own(habits: Habits, now: datetime) -> tuple[float, str]:
    silence = (now - habits.last_new_at).total_seconds() if habits.last_new_at else 0.0
    if habits.gap_s is None:
        return max(habits.start_s, silence / SILENCE / 2), "until its rhythm is known"
    if silence / SILENCE > habits.gap_s:
        return silence / SILENCE / 2, f"because it has brought nothing for {_about(silence)}"
    per_day = 86_400 / habits.gap_s
    rate = f"about {per_day:,.0f} new items a day" if per_day >= 1 else f"a new item every {_about(habits.gap_s)}"
    return habits.gap_s / 2, f"because it brings {rate}"


def _asked(hints: Hints) -> tuple[float, str]:
    wishes = (
        (hints.cache_s or 0, "its server (how long an answer stays good)"),
        (hints.ttl_s or 0, "the feed (ttl)"),
        (hints.update_s or 0, "the feed (update period)"),
    )
    seconds, who = max(wishes, key=lambda wish: wish[0])
    return min(seconds, HINTS_S), who


def _step(seconds: float) -> int:
    """The nearest step of the ladder that is not more than a tenth shorter."""
    return next((step for step in LADDER_S if step >= seconds * 0.9), CEILING_S)


def next_poll(
    interval: Interval, polled: Polled, hints: Hints, failures: int, now: datetime, *, phase: float, chance: float
) -> datetime:
    """When the source is asked again. `phase` is the source's own and `chance` is any, both in [0, 1).

    Each failure in a row adds an interval, up to a day. Not exponential: sources come back, and nobody notices one that
    is asked again in a week. What the server asked for in seconds is never undercut.
    """
    seconds = float(interval.seconds)
    jitter = seconds * JITTER * (chance - 0.5) if interval.steady else 0.0
    if polled.outcome is PollOutcome.BLOCKED and interval.steady:
        wait = min(max(seconds, BLOCKED_S) * failures, CEILING_S) + jitter
    elif failures:
        wait = max(seconds, min(seconds * (failures + 1), CEILING_S)) + jitter
    elif interval.steady:
        wait = _in_phase(seconds, phase, now) + jitter
    else:
        wait = seconds
    if polled.retry_after_s is not None:
        spread = polled.retry_after_s * JITTER * chance / 2
        # a budget opens at midnight for its tenant alone: nobody else comes at that moment
        wait = max(wait, polled.retry_after_s + (min(spread, 300.0) if polled.cause is Cause.BUDGET else spread))
    at = now + timedelta(seconds=max(wait, 1.0))
    return _awake(at, hints, now) if interval.steady and not failures else at


def _in_phase(seconds: float, phase: float, now: datetime) -> float:
    """Until the source's own moment that comes first after three quarters of the interval."""
    earliest = now.timestamp() + 0.75 * seconds
    begun = math.floor(earliest / seconds - phase)
    at = (begun + phase) * seconds
    while at < earliest:
        at += seconds
    return at - now.timestamp()


def _awake(at: datetime, hints: Hints, now: datetime) -> datetime:
    """Behind hours and days that the feed asks to skip, but no more than six hours from now for their sake."""
    latest = now + timedelta(seconds=HINTS_S)
    moved = at.astimezone(UTC)
    while moved < latest and (moved.hour in hints.skip_hours or moved.weekday() in hints.skip_days):
        moved = moved.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return max(at, min(moved, latest))


def said(seconds: float) -> str:
    """As a person says it: every 15 minutes."""
    return f"every {_about(seconds)}"


def _about(seconds: float) -> str:
    for unit, name in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= unit * (1 if unit != 86_400 else 2):
            count = round(seconds / unit, 1) if seconds < 10 * unit else round(seconds / unit)
            return f"{count:g} {name}{'' if count == 1 else 's'}"
    return f"{seconds:g} second{'' if seconds == 1 else 's'}"
