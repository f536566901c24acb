"""Runs on a schedule: people say what is watched, and a look every minute starts what is due.

A turn is taken by a compare-and-set of the moment it was due at, in the transaction that adds the run: twins start one.
Turns that nobody was there to take are one run, late. A monitor whose last run is still going waits, as does one whose
tenant rests or has as many runs under way as it may.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cid.briefing.targets import first_job, outlet_key, target
from cid.domain.errors import NotFound, Refused
from cid.domain.ids import MonitorId, RunId, TenantId, uuid7
from cid.domain.jobs import Job
from cid.domain.monitor import MOST_HOURS, MOST_MONITORS, USUAL_THRESHOLD, Monitor
from cid.domain.run import Tlp, Wish
from cid.domain.tenants import Actor, Desk, Permission
from cid.queue import jobs as queue
from cid.services import Services
from cid.store import audit, monitors, runs, tenants

if TYPE_CHECKING:
    from cid.ports import Tx
    from cid.store.monitors import Due

BATCH = 100
MOST_A_LOOK = 500
"""Runs that one look starts: what is left waits a minute, and a downtime does not come back as a flood."""
OFF = "The analysis desk is off here: whoever runs this desk switches it on with `cid tenants desks`."
NONE = "There is no such monitor."


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How often, and what is done with what changed: as somebody typed it."""

    every_hours: str = "24"
    threshold: str = str(USUAL_THRESHOLD)
    tlp: str = Tlp.AMBER


async def look(sv: Services, jobs: Sequence[Job]) -> None:
    """Job kind `monitors`: starts what is due."""
    after: Due | None = None
    started = 0
    while started < MOST_A_LOOK:
        async with sv.platform.read() as tx:
            found = await monitors.due(tx, after, BATCH)
        for one in found:
            started += await _turn(sv, one)
        if len(found) < BATCH:
            break
        after = found[-1]
    async with sv.platform.tx() as tx:
        await queue.done(tx, *jobs)


async def _turn(sv: Services, one: Due) -> bool:
    """False: nothing was started. Where the tenant has no room the turn stays due."""
    now = sv.clock.now()
    async with sv.db.tx(one.tenant_id) as tx:
        monitor = await monitors.lock(tx, one.id)
        if monitor is None or await runs.room(tx, sv.analysis.open_most) < 1:
            return False
        if not await monitors.take(tx, one, following(one.next_at, monitor.every_hours, now)):
            return False
        tenant = await tenants.by_id(tx, one.tenant_id)
        run = RunId(uuid7(now))
        await runs.add(
            tx,
            run,
            monitor.target,
            outlet_key=monitor.outlet_key,
            tlp=monitor.tlp,
            by=None,
            monitor=monitor.id,
            sample=bool(tenant and tenant.sample),
        )
        await queue.enqueue(tx, first_job(one.tenant_id, run, monitor.target))
    return True


def following(due: datetime, every_hours: int, now: datetime) -> datetime:
    """The next turn after `now` on the grid that `due` lies on: a late run does not shift those that follow."""
    every = timedelta(hours=every_hours)
    return due + every * max(1, (now - due) // every + 1)


async def add(sv: Services, actor: Actor, wish: Wish, watch: Watch) -> MonitorId:
    """On from now, its first run at once. Raises Refused: a sentence of what is wrong."""
    _may(actor)
    hours, threshold, tlp = _numbers(watch)
    wanted = await asyncio.to_thread(target, wish, available=sv.ways, local=sv.policy.polling.local)
    now = sv.clock.now()
    monitor = Monitor(
        id=MonitorId(uuid7(now)),
        tenant_id=actor.tenant.id,
        outlet=wanted.outlet,
        outlet_key=outlet_key(wanted),
        country=wanted.country,
        url=wanted.url,
        platform=wanted.platform,
        period=wanted.period,
        items=wanted.items,
        sources=wanted.sources,
        substitute=wanted.substitute,
        tlp=tlp,
        every_hours=hours,
        threshold=threshold,
        active=True,
        next_at=now,
        made_by=actor.user.id,
        created_at=now,
        changed_at=now,
    )
    async with sv.db.tx(actor.tenant.id) as tx:
        if Desk.ANALYSIS not in await tenants.desks(tx, tx.tenant):
            raise Refused(OFF)
        if await monitors.room(tx, MOST_MONITORS) < 1:
            raise Refused(f"There are {MOST_MONITORS} monitors already: change one of those that are off.")
        await monitors.add(tx, monitor)
        detail = {"outlet": monitor.outlet, "every_hours": hours, "threshold": threshold}
        await audit.add(tx, now, actor.user.id, "monitor.added", target=f"monitor:{monitor.id}", detail=detail)
    return monitor.id


async def change(sv: Services, actor: Actor, monitor_id: MonitorId, wish: Wish, watch: Watch) -> None:
    """Everything but the outlet and its platform. Raises Refused, NotFound."""
    _may(actor)
    hours, threshold, tlp = _numbers(watch)
    was = await one(sv, actor.tenant.id, monitor_id)
    wish = replace(wish, outlet=was.outlet, platform=was.platform)
    wanted = await asyncio.to_thread(target, wish, available=sv.ways, local=sv.policy.polling.local)
    now = sv.clock.now()
    async with sv.db.tx(actor.tenant.id) as tx:
        held = await monitors.lock(tx, monitor_id)
        if held is None:
            raise NotFound(NONE)
        if outlet_key(wanted) != held.outlet_key:
            raise Refused("Another country or account makes it another outlet: add a monitor for it.")
        new = replace(
            held,
            url=wanted.url,
            period=wanted.period,
            items=wanted.items,
            sources=wanted.sources,
            substitute=wanted.substitute,
            tlp=tlp,
            every_hours=hours,
            threshold=threshold,
            next_at=min(held.next_at, now + timedelta(hours=hours)),
        )
        if new == held:
            return
        await monitors.change(tx, new)
        await _said(sv, actor, tx, held, new)


async def switch(sv: Services, actor: Actor, monitor_id: MonitorId, *, on: bool) -> None:
    """Off keeps all that was seen; on again looks at once. Raises Refused, NotFound."""
    _may(actor)
    async with sv.db.tx(actor.tenant.id) as tx:
        held = await monitors.lock(tx, monitor_id)
        if held is None:
            raise NotFound(NONE)
        if held.active is on:
            return
        new = replace(held, active=on, next_at=sv.clock.now() if on else held.next_at)
        await monitors.change(tx, new)
        await _said(sv, actor, tx, held, new)


async def one(sv: Services, tenant: TenantId, monitor_id: MonitorId) -> Monitor:
    """Raises NotFound."""
    async with sv.db.read(tenant) as tx:
        found = await monitors.by_id(tx, tenant, monitor_id)
    if found is None:
        raise NotFound(NONE)
    return found


def _may(actor: Actor) -> None:
    if not actor.may(Permission.ANALYSE):
        raise Refused(f"As {actor.role} you may read what monitors saw, not keep any.")


def _numbers(watch: Watch) -> tuple[int, int, Tlp]:
    """Raises Refused."""
    hours = _between(watch.every_hours, 1, MOST_HOURS, "hours between two runs")
    threshold = _between(watch.threshold, 0, 100, "size from which a change is mailed")
    try:
        return hours, threshold, Tlp(watch.tlp.strip().casefold().removeprefix("tlp:"))
    except ValueError:
        raise Refused(f"TLP is one of {', '.join(Tlp)}.") from None


def _between(text: str, least: int, most: int, what: str) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and least <= int(text) <= most):
        raise Refused(f"The {what}: a whole number from {least} to {most}.")
    return int(text)


async def _said(sv: Services, actor: Actor, tx: Tx, was: Monitor, now: Monitor) -> None:
    action = "monitor.changed"
    if was.active is not now.active:
        action = "monitor.on" if now.active else "monitor.off"
    names = ("url", "period", "items", "sources", "substitute", "tlp", "every_hours", "threshold", "active")
    moved = [name for name in names if getattr(was, name) != getattr(now, name)]
    detail = {
        "outlet": now.outlet,
        "was": {name: _plain(getattr(was, name)) for name in moved},
        "is": {name: _plain(getattr(now, name)) for name in moved},
    }
    await audit.add(tx, sv.clock.now(), actor.user.id, action, target=f"monitor:{now.id}", detail=detail)


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
