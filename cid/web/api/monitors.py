"""Monitors for programs: listed, added, switched on and off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from cid.domain.ids import MonitorId
from cid.domain.monitor import MOST_HOURS, MOST_MONITORS, USUAL_THRESHOLD, Monitor
from cid.domain.run import Period, Platform, Tlp, Wish
from cid.flows import monitors as flow
from cid.flows.monitors import Watch
from cid.store import monitors
from cid.web.api.analysis_shapes import TargetAsked
from cid.web.api.shapes import about, number

if TYPE_CHECKING:
    from cid.web.api.endpoint import Asked, Nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorAsked(TargetAsked):
    """An outlet to be watched."""

    every_hours: int = number("Between two runs.", least=1, most=MOST_HOURS, default=24)
    threshold: int = number("Changes of this size and larger are mailed.", least=0, most=100, default=USUAL_THRESHOLD)
    tlp: Tlp = about("How far its briefings may be shared.", default=Tlp.AMBER)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorSwitch:
    active: bool = about("True: a run starts within a minute. False: what it saw is kept.")


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorShown:
    id: UUID
    outlet: str
    country: str = about("ISO 3166-1 alpha-2, XK for Kosovo; empty: nobody said.")
    url: str
    platform: Platform
    period: Period
    wanted: int = about("How many items each run asks for.")
    asked: tuple[str, ...] = about("Which sources may be asked, the first first.")
    substitute: bool
    tlp: Tlp
    every_hours: int
    threshold: int
    active: bool
    next_at: datetime | None = about("When its next run is due; null: it is off.")
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorsShown:
    """All of them: a tenant has a limited number."""

    items: tuple[MonitorShown, ...]


async def listed(asked: Asked[Nothing, Nothing]) -> MonitorsShown:
    tenant = asked.actor.tenant.id
    async with asked.sv.db.read(tenant) as tx:
        found = await monitors.listed(tx, tenant, MOST_MONITORS)
    return MonitorsShown(items=tuple(map(_shown, found)))


async def one(asked: Asked[Nothing, Nothing]) -> MonitorShown:
    return _shown(await flow.one(asked.sv, asked.actor.tenant.id, MonitorId(asked.ids["monitor"])))


async def add(asked: Asked[Nothing, MonitorAsked]) -> MonitorShown:
    said = asked.body
    wish = Wish(
        outlet=said.outlet,
        country=said.country,
        url=said.url,
        platform=said.platform,
        period=said.period,
        items=str(said.items),
        sources=said.sources,
        substitute=said.substitute,
    )
    watch = Watch(every_hours=str(said.every_hours), threshold=str(said.threshold), tlp=said.tlp)
    made = await flow.add(asked.sv, asked.actor, wish, watch)
    return _shown(await flow.one(asked.sv, asked.actor.tenant.id, made))


async def switch(asked: Asked[Nothing, MonitorSwitch]) -> MonitorShown:
    monitor = MonitorId(asked.ids["monitor"])
    await flow.switch(asked.sv, asked.actor, monitor, on=asked.body.active)
    return _shown(await flow.one(asked.sv, asked.actor.tenant.id, monitor))


def _shown(found: Monitor) -> MonitorShown:
    return MonitorShown(
        id=found.id,
        outlet=found.outlet,
        country=found.country,
        url=found.url,
        platform=found.platform,
        period=found.period,
        wanted=found.items,
        asked=tuple(found.sources),
        substitute=found.substitute,
        tlp=found.tlp,
        every_hours=found.every_hours,
        threshold=found.threshold,
        active=found.active,
        next_at=found.next_at if found.active else None,
        created_at=found.created_at,
        changed_at=found.changed_at,
    )
