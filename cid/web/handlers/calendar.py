"""What goes out when, by the tenant's own clock; moved by a form, and read along by calendar programs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from aiohttp import web

from cid.domain.errors import NotFound, Refused
from cid.domain.ids import DraftId
from cid.domain.publication import PublicationState
from cid.flows import calendar as flow
from cid.render import ical
from cid.store import calendar, policies
from cid.text import zones
from cid.text.tokens import token_hash
from cid.web.calendar_views import (
    APART,
    STATES,
    CalendarView,
    Day,
    Span,
    cells,
    crowded,
    days_of,
    stepped,
    tray,
)
from cid.web.forms import Nothing, text
from cid.web.keys import actor, services
from cid.web.render import page
from cid.web.words import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cid.store.calendar import Entry, Feed
    from cid.web.calendar_views import Cell

MOST = 2000
"""Publications on one page; a plan of more is told to be more."""
TRAY = 50
BEHIND, AHEAD = timedelta(days=90), timedelta(days=400)
"""What calendar programs are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    day: str = text(default="", longest=20)
    hour: str = text(default="", longest=20)
    span: str = text(default="month", longest=10)


async def shown(request: web.Request) -> web.StreamResponse:
    who = actor(request)
    today = zones.day_of(services(request).clock.now(), who.tenant.zone)
    span = Span.WEEK if request.query.get("span") == Span.WEEK else Span.MONTH
    day = _day(request.query.get("day", "")) or today
    return await _shown(request, span, day, moving=request.query.get("move", "")[:40])


async def _shown(
    request: web.Request,
    span: Span,
    day: date,
    *,
    moving: str = "",
    form: Move | None = None,
    problem: str = "",
    feed: str = "",
) -> web.Response:
    who, sv = actor(request), services(request)
    tenant, zone, now = who.tenant.id, who.tenant.zone, sv.clock.now()
    days = days_of(span, day)
    since, until = zones.midnight(days[0], zone), zones.midnight(days[-1] + timedelta(days=1), zone)
    async with sv.db.read(tenant) as tx:
        policy = await policies.of(tx, tenant, sv.policy)
        around = await calendar.between(tx, tenant, min(since, now) - APART, max(until, now) + APART, MOST + 1)
        waiting = await calendar.tray(tx, tenant, TRAY)
        made = await calendar.feed_of(tx, tenant, who.user.id)
    waits = await flow.crowding(sv, tenant, around)
    entries = [entry for entry in around if since <= entry.at < until]
    by_day = cells(entries, zone, now, around, waits)
    today = zones.day_of(now, zone)
    grid = [_drawn(one, day, today, by_day.get(one, []), policy.drafting.per_day) for one in days]
    if span is Span.WEEK:
        grid = [_drawn(one.day, one.day, today, one.cells, policy.drafting.per_day) for one in grid]
    found = next((cell for one in grid for cell in one.cells if cell.draft == moving and cell.movable), None)
    view = CalendarView(
        span=span,
        title=_title(span, days, day),
        zone=zone,
        weeks=[grid[n : n + 7] for n in range(0, len(grid), 7)],
        tray=tray(waiting, around, now),
        before=_link(span, stepped(span, day, -1)) if day.year > 1971 else "",
        after=_link(span, stepped(span, day, 1)) if day.year < 9000 else "",
        this=_link(span, today),
        other=_link(Span.WEEK if span is Span.MONTH else Span.MONTH, day),
        trouble=sum(bool(one.conflict) + sum(map(len, (cell.conflicts for cell in one.cells))) for one in grid),
        more=len(around) > MOST,
        move=found,
        problem=problem,
        typed_day=form.day if form else found.day if found else "",
        typed_hour=form.hour if form else found.clock if found else "",
        today=today.isoformat(),
        feed_since=made,
        feed=feed,
    )
    return page(request, "calendar.html", view, 422 if problem else 200)


def _drawn(one: date, month: date, today: date, some: Sequence[Cell], per_day: int) -> Day:
    return Day(
        day=one,
        here=(one.year, one.month) == (month.year, month.month),
        today=one == today,
        past=one < today,
        cells=some,
        conflict=crowded(some, per_day),
    )


def _title(span: Span, days: Sequence[date], day: date) -> str:
    if span is Span.MONTH:
        return f"{day:%B %Y}"
    return _("Week of {day}").format(day=f"{days[0].day} {days[0]:%B %Y}")


def _link(span: Span, day: date) -> str:
    return urlencode({"span": span, "day": day.isoformat()})


async def move(request: web.Request, form: Move) -> web.StreamResponse:
    who = actor(request)
    draft = DraftId(UUID(request.match_info["draft"]))
    day = _day(form.day)
    span = Span.WEEK if form.span == Span.WEEK else Span.MONTH
    try:
        planned = _typed(form)
        moment = await flow.reschedule(services(request), who, draft, *planned)
    except NotFound:
        raise
    except Refused as refused:
        at = day or zones.day_of(services(request).clock.now(), who.tenant.zone)
        return await _shown(request, span, at, moving=str(draft), form=form, problem=refused.public)
    said = "moved_twice" if moment.twice else "moved"
    there = f"{_link(span, planned[0])}&said={said}#d-{planned[0].isoformat()}"
    raise web.HTTPSeeOther(f"/t/{who.tenant.slug}/calendar?{there}")


async def make_feed(request: web.Request, _form: Nothing) -> web.StreamResponse:
    """The page itself answers: an address that is shown once must not stand in another one."""
    who, sv = actor(request), services(request)
    token = await flow.make_feed(sv, who)
    today = zones.day_of(sv.clock.now(), who.tenant.zone)
    return await _shown(request, Span.MONTH, today, feed=f"{sv.base_url}/calendar/{token}.ics")


async def end_feed(request: web.Request, _form: Nothing) -> web.StreamResponse:
    who = actor(request)
    await flow.end_feed(services(request), who)
    raise web.HTTPSeeOther(f"/t/{who.tenant.slug}/calendar?said=feed_ended")


async def feed(request: web.Request) -> web.StreamResponse:
    """For programs, by a secret address. An address that leads nowhere is told like any other."""
    sv = services(request)
    async with sv.platform.read() as tx:
        found = await calendar.feed(tx, token_hash(request.match_info["token"]))
    if found is None:
        raise NotFound
    now = sv.clock.now()
    async with sv.db.read(found.id) as tx:
        entries = await calendar.between(tx, found.id, now - BEHIND, now + AHEAD, MOST)
        gone = await calendar.taken_back(tx, found.id, now - BEHIND, now + AHEAD, MOST)
    shown = {entry.id: entry for entry in (*entries, *gone)}
    body = ical.calendar(found.name, found.zone, [_occasion(sv.base_url, found, one) for one in shown.values()])
    tag = hashlib.sha256(body).hexdigest()[:32]
    headers = {"ETag": f'"{tag}"', "Cache-Control": "private, max-age=300"}
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, content_type="text/calendar", charset="utf-8", headers=headers)


def _occasion(base_url: str, found: Feed, entry: Entry) -> ical.Occasion:
    gone = entry.state is PublicationState.RETRACTED
    state = "live" if entry.live_at and not gone else STATES.get(str(entry.state), (_("scheduled"), ""))[0]
    here = f"{base_url}/t/{found.slug}/drafts/{entry.draft_id}"
    return ical.Occasion(
        uid=f"{entry.id}@{urlsplit(base_url).hostname or 'desk'}",
        at=entry.at,
        title=f"{entry.title} ({entry.channel})",
        text=f"{state}\n{here}" + (f"\n{entry.url}" if entry.url else ""),
        url=entry.url or here,
        cancelled=gone,
        tentative=entry.state is PublicationState.PLANNED,
        planned_at=entry.planned_at,
        changed_at=entry.changed_at,
    )


def _typed(form: Move) -> tuple[date, time]:
    """Raises Refused."""
    day, hour = _day(form.day), _hour(form.hour)
    if day is None or hour is None:
        raise Refused(_("Give a day as 2026-11-30 and a time as 14:30."))
    return day, hour


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        return None
    return day if 1971 <= day.year <= 9000 else None


def _hour(text: str) -> time | None:
    try:
        parsed = datetime.strptime(text.strip(), "%H:%M")  # noqa: DTZ007 - a time of day has no zone
    except ValueError:
        return None
    return parsed.time()
