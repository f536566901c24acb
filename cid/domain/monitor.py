"""Monitors: an outlet that is analysed again and again, and what its last run changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cid.domain.ids import ChangeId, MonitorId, RunId, TenantId, UserId
from cid.domain.run import Period, Platform, Target, Tlp

USUAL_THRESHOLD = 50
MOST_HOURS = 2160
"""90 days."""
MOST_MONITORS = 200
"""Of one tenant."""
VEILED = frozenset({Tlp.RED, Tlp.AMBER_STRICT})
"""Of these nothing is said in a mail but that there is something to look at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitor:
    id: MonitorId
    tenant_id: TenantId
    outlet: str
    outlet_key: str
    country: str
    url: str
    platform: Platform
    period: Period
    items: int
    sources: tuple[str, ...]
    substitute: bool
    tlp: Tlp
    every_hours: int
    threshold: int
    """Changes of this size, 0 to 100, and larger are mailed at once."""
    active: bool
    next_at: datetime
    made_by: UserId | None
    created_at: datetime
    changed_at: datetime

    @property
    def target(self) -> Target:
        return Target(
            outlet=self.outlet,
            country=self.country,
            url=self.url,
            platform=self.platform,
            period=self.period,
            items=self.items,
            sources=self.sources,
            substitute=self.substitute,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a change's size."""

    name: str
    points: int
    of: int
    why: str
    """A sentence: what these points are for, or why nothing was compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A narrative, and what the texts do with it."""

    narrative: str
    name: str
    stance: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A number of the scorecard, before and now."""

    name: str
    was: int
    now: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a run brought against the one before it."""

    compared: bool
    why: str = ""
    """Why nothing was compared; empty: it was."""
    parts: tuple[Part, ...] = ()
    new: tuple[Seen, ...] = ()
    gone: tuple[Seen, ...] = ()
    told_new: tuple[Seen, ...] = ()
    """In the model's words alone: they count nothing."""
    told_gone: tuple[Seen, ...] = ()
    score: Move | None = None
    dimensions: tuple[Move, ...] = ()
    """Those that moved."""
    rating_was: str = ""
    rating_now: str = ""
    framing: int | None = None
    """Distance of the wording, 0 to 100; None: there was none to compare."""
    actors: tuple[str, ...] = ()
    """Named now and not before."""

    @property
    def size(self) -> int:
        """0 to 100."""
        return min(100, sum(part.points for part in self.parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredChange:
    id: ChangeId
    monitor_id: MonitorId
    run_id: RunId
    before_run_id: RunId | None
    change: Change
    made_at: datetime
