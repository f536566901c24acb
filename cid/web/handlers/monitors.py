"""Monitors: all at a glance, the form that adds one, and a monitor's own page."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from aiohttp import web

from cid.domain.errors import NotFound, Refused
from cid.domain.ids import MonitorId
from cid.domain.monitor import MOST_MONITORS, Monitor
from cid.domain.run import Wish
from cid.domain.tenants import Desk, Permission
from cid.flows import monitors as flow
from cid.flows.monitors import Watch
from cid.store import monitors, tenants
from cid.web import monitor_views
from cid.web.forms import text
from cid.web.keys import actor, services
from cid.web.monitor_views import FormView, MonitorsView, Typed
from cid.web.render import page
from cid.web.words import _

LAST = 20
"""Runs and changes on a monitor's page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    url: str = text(default="", longest=2000)
    period: str = text(default="w", longest=10)
    items: str = text(default="10", longest=10)
    substitute: bool = False
    every_hours: str = text(default="24", longest=10)
    threshold: str = text(default="50", longest=10)
    tlp: str = text(default="amber", longest=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    outlet: str = text(default="", longest=2000)
    country: str = text(default="", longest=200)
    platform: str = text(default="news", longest=40)
    url: str = text(default="", longest=2000)
    period: str = text(default="w", longest=10)
    items: str = text(default="10", longest=10)
    substitute: bool = False
    every_hours: str = text(default="24", longest=10)
    threshold: str = text(default="50", longest=10)
    tlp: str = text(default="amber", longest=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    on: bool = False


async def listed(request: web.Request) -> web.StreamResponse:
    who, sv = actor(request), services(request)
    async with sv.db.read(who.tenant.id) as tx:
        found = await monitors.listed(tx, who.tenant.id, MOST_MONITORS)
        boards = await monitors.boards(tx, who.tenant.id, [one.id for one in found])
        on = Desk.ANALYSIS in await tenants.desks(tx, who.tenant.id)
    rows = [monitor_views.line(one, boards.get(one.id) or monitor_views.empty(one)) for one in found]
    return page(request, "monitors.html", MonitorsView(rows=rows, on=on, may=who.may(Permission.ANALYSE)))


async def form(request: web.Request) -> web.StreamResponse:
    return page(request, "monitor_new.html", monitor_views.form(Typed()))


async def add(request: web.Request, form: New) -> web.StreamResponse:
    """What cannot be watched comes back with every word that was typed."""
    who, given = actor(request), Typed(**{name: getattr(form, name) for name in New.__dataclass_fields__})
    try:
        made = await flow.add(services(request), who, _wish(given), _watch(given))
    except NotFound:
        raise
    except Refused as refused:
        return page(request, "monitor_new.html", monitor_views.form(given, refused.public), 422)
    raise web.HTTPSeeOther(f"/t/{who.tenant.slug}/monitors/{made}?said=monitor_added")


async def one(request: web.Request) -> web.StreamResponse:
    monitor = await _monitor(request)
    return await _shown(request, monitor, monitor_views.form(monitor_views.typed(monitor)))


async def change(request: web.Request, form: Change) -> web.StreamResponse:
    who, monitor = actor(request), await _monitor(request)
    given = Typed(**{name: getattr(form, name) for name in Change.__dataclass_fields__})
    given = monitor_views.refused(given, monitor)
    try:
        await flow.change(services(request), who, monitor.id, _wish(given, monitor.sources), _watch(given))
    except NotFound:
        raise
    except Refused as refused:
        return await _shown(request, monitor, monitor_views.form(given, refused.public), 422)
    raise web.HTTPSeeOther(f"/t/{who.tenant.slug}/monitors/{monitor.id}?said=monitor_changed")


async def switch(request: web.Request, form: Switch) -> web.StreamResponse:
    who, monitor = actor(request), await _monitor(request)
    await flow.switch(services(request), who, monitor.id, on=form.on)
    said = "monitor_on" if form.on else "monitor_off"
    raise web.HTTPSeeOther(f"/t/{who.tenant.slug}/monitors/{monitor.id}?said={said}")


async def _shown(request: web.Request, monitor: Monitor, given: FormView, status: int = 200) -> web.StreamResponse:
    who, sv = actor(request), services(request)
    async with sv.db.read(who.tenant.id) as tx:
        boards = await monitors.boards(tx, who.tenant.id, [monitor.id])
        last = await monitors.runs(tx, who.tenant.id, monitor.id, LAST)
        changes = await monitors.changes(tx, who.tenant.id, monitor.id, LAST)
    board = boards.get(monitor.id) or monitor_views.empty(monitor)
    may = who.may(Permission.ANALYSE)
    view = monitor_views.MonitorView(
        line=monitor_views.line(monitor, board),
        form=given,
        runs=monitor_views.runs(last),
        changes=monitor_views.changes(monitor, changes),
        may=may,
    )
    return page(request, "monitor.html", view, status)


async def _monitor(request: web.Request) -> Monitor:
    try:
        of = MonitorId(UUID(request.match_info["id"]))
        return await flow.one(services(request), actor(request).tenant.id, of)
    except NotFound:
        raise NotFound(_("There is no such monitor.")) from None


def _wish(given: Typed, sources: tuple[str, ...] = ()) -> Wish:
    return Wish(
        outlet=given.outlet,
        country=given.country,
        url=given.url,
        platform=given.platform,
        period=given.period,
        items=given.items,
        sources=sources,
        substitute=given.substitute,
    )


def _watch(given: Typed) -> Watch:
    return Watch(every_hours=given.every_hours, threshold=given.threshold, tlp=given.tlp)
