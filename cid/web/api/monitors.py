"""Monitors for programs: listed, added, changed, switched on and off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from cid.domain.ids import MonitorId
from cid.domain.monitor import MOST_HOURS, MOST_MONITORS, USUAL_THRESHOLD, Monitor
from cid.domain.run import FEWEST_ITEMS, MOST_ITEMS, Period, Platform, Tlp, Wish
from cid.flows import monitors as flow
from cid.flows.monitors import Watch
from cid.store import monitors
from cid.web.api.analysis_shapes import TargetAsked
from cid.web.api.shapes import about, number, text
from cid.web.api.shapes import items as several

if TYPE_CHECKING:
    from cid.web.api.endpoint import Asked, Nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorAsked(TargetAsked):
    """An outlet to be watched."""

    every_hours: int = number("Between two runs.", least=1, most=MOST_HOURS, default=24)
    threshold: int = number("Changes of this size and larger are mailed.", least=0, most=100, default=USUAL_THRESHOLD)
    tlp: Tlp = about("How far its briefings may be shared.", default=Tlp.AMBER)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorChange:
    """What is not said, or null, stays as it is. Another outlet, country or platform is another monitor."""

    url: str | None = text("Of its site or account.", longest=2000, default=None)
    period: Period | None = about("How far back each run looks.", default=None)
    items: int | None = number("How many items at most.", least=FEWEST_ITEMS, most=MOST_ITEMS, default=None)
    sources: tuple[str, ...] | None = several(
        "Those that may be asked, the first first.", most=6, each=40, default=None
    )
    substitute: bool | None = about("Whether the next source may be asked where one fails.", default=None)
    every_hours: int | None = number("Between two runs.", least=1, most=MOST_HOURS, default=None)
    threshold: int | None = number("Changes of this size and larger are mailed.", least=0, most=100, default=None)
    tlp: Tlp | None = about("How far its briefings may be shared, from its next run on.", default=None)

    def of(self, held: Monitor) -> tuple[Wish, Watch]:
        """As it is from now on."""

        def one(name: str) -> Any:
            said = getattr(self, name)
            return getattr(held, name) if said is None else said

        wish = Wish(
            outlet=held.outlet,
            country=held.country,
            url=one("url"),
            platform=held.platform,
            period=one("period"),
            items=str(one("items")),
            sources=tuple(one("sources")),
            substitute=one("substitute"),
        )
        return wish, Watch(every_hours=str(one("every_hours")), threshold=str(one("threshold")), tlp=one("tlp"))


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
    watch = Watch(every_hours=str(said.every_hours), threshold=str(said.threshold), tlp=said.tlp)
    made = await flow.add(asked.sv, asked.actor, said.wish(), watch)
    return _shown(await flow.one(asked.sv, asked.actor.tenant.id, made))


async def change(asked: Asked[Nothing, MonitorChange]) -> MonitorShown:
    tenant = asked.actor.tenant.id
    held = await flow.one(asked.sv, tenant, MonitorId(asked.ids["monitor"]))
    await flow.change(asked.sv, asked.actor, held.id, *asked.body.of(held))
    return _shown(await flow.one(asked.sv, tenant, held.id))


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
