"""How many new pieces a domain gets: some in any seven days, never two close together.

Search engines take a flood of pages that nobody needed for what it is (Google's policy on scaled content abuse), and
the whole domain pays for it. Corrections and retractions are no new pieces and never wait. A person may let one piece
go at once, with a reason; it takes its place all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

WEEK = timedelta(days=7)
SPREAD = timedelta(minutes=40)
"""At most so much later than its place is free does a piece go out: pieces at even intervals look like a machine's."""
GROWTH = Decimal("1.5")
"""Of what people publish there themselves: more looks like a machine took over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """A channel's numbers. `own_per_week` is the average of its last eight weeks without the desk; None: not known."""

    per_week: int
    apart: timedelta
    own_per_week: Decimal | None = None

    @property
    def most(self) -> int:
        """New pieces in any seven days; at least one, or a new site would never begin."""
        if self.own_per_week is None:
            return self.per_week
        return max(1, min(self.per_week, int(self.own_per_week * GROWTH)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    until: datetime
    why: str


def governed(volume: Volume, taken: Iterable[datetime], now: datetime) -> Wait | None:
    """None: now. `taken` are the moments of the domain's pieces of the last seven days, or more."""
    recent = sorted(at for at in taken if at > now - WEEK)
    until, why = now, ""
    if recent and recent[-1] + volume.apart > until:
        until, why = recent[-1] + volume.apart, f"two new pieces there are at least {_hours(volume.apart)} apart"
    if len(recent) >= volume.most:
        free = recent[len(recent) - volume.most] + WEEK
        if free > until:
            many = "one new piece" if volume.most == 1 else f"{volume.most} new pieces"
            until, why = free, f"the domain gets {many} in seven days"
    return Wait(until=until, why=why) if until > now else None


def spread(until: datetime, key: UUID) -> datetime:
    """A while after `until`, up to SPREAD: the same for one publication wherever it is asked about, so that a twin and
    a second hand-out agree."""
    share = int.from_bytes(sha256(key.bytes).digest()[:4]) / 2**32
    return until + timedelta(seconds=int(SPREAD.total_seconds() * share))


def _hours(length: timedelta) -> str:
    hours = length / timedelta(hours=1)
    return f"{hours:g} hour{'' if hours == 1 else 's'}"
