"""How long to wait before trying again. Pure: chance is passed in."""

from __future__ import annotations

from datetime import timedelta

FIRST = timedelta(seconds=5)
DOUBLINGS = 20
LONGEST = timedelta(hours=1)
SPREAD = 0.2
"""Jobs that failed together must not come back together."""


def delay(attempt: int, chance: float, *, retry_after: timedelta | None = None) -> timedelta:
    """After the `attempt`th hand-out (from 1), doubling from 5 s to 1 h; `chance` in [0, 1) spreads it by ±20 %.

    What the other side asked for is a floor, spread upwards only, and may be longer than an hour but not than a day.
    """
    doublings: int = min(max(attempt, 1) - 1, DOUBLINGS)
    own = min(FIRST * (1 << doublings), LONGEST) * (1 - SPREAD + 2 * SPREAD * chance)
    if retry_after is None:
        return own
    asked = min(max(retry_after, timedelta(0)), timedelta(days=1)) * (1 + SPREAD * chance)
    return max(own, asked)
