"""The analysis desk: runs, the form that starts them, a run's page, runs side by side, and what readers say of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlencode
from uuid import UUID, uuid4

from aiohttp import web

from cid.domain.dossier import About, Feeling
from cid.domain.errors import NotFound
from cid.domain.ids import RunBatchId, RunId
from cid.domain.run import RUN, Period, Platform, RunState, Tlp, Wish, fold
from cid.domain.scorecard import Rating
from cid.domain.tenants import Desk, Permission
from cid.flows import feedback as said_flow
from cid.flows import runs as flow
from cid.store import audit, people, run_pages, runs, tenants
from cid.text import countries, outlets
from cid.text.words import first_found, phrases, words
from cid.web import run_views, run_words
from cid.web.briefing_views import briefing_view
from cid.web.forms import Nothing, clean, text
from cid.web.keys import actor, services
from cid.web.render import long_page, page
from cid.web.run_compare import batch_view, compare
from cid.web.run_views import OPEN, SPANS, RunsView
from cid.web.words import _

if TYPE_CHECKING:
    from collections.abc import Collection

    from cid.domain.dossier import Dossier
    from cid.domain.ids import TenantId
    from cid.ports import Tx
    from cid.store.run_pages import Found, Outlet

PAGE = 50
BATCHES = 5
PEOPLE = 50
"""Whom a briefing can be mailed to: those who come first by name."""
FILTERS = ("outlet", "state", "platform", "country", "rating", "tlp", "period")


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    tlp: Tlp


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    about: About
    feeling: Feeling
    ref: str = text(default="", longest=40)
    note: str = text(default="", longest=4000, lines=True)


async def listed(request: web.Request) -> web.StreamResponse:
    who, sv = actor(request), services(request)
    tenant, before, now = who.tenant.id, _place(request.query.get("before", "")), sv.clock.now()
    known = await asyncio.to_thread(countries.codes)  # the first time reads a table
    chosen = _chosen(request, known)
    state = chosen["state"]
    async with sv.db.read(tenant) as tx:
        named = await run_pages.outlets(tx, tenant)
        found = await run_pages.listed(
            tx,
            tenant,
            outlets=await _keys(tx, tenant, chosen["outlet"], named) if chosen["outlet"] else None,
            states=[one for one in RunState if one not in RUN.ends()] if state == OPEN else _one(RunState, state),
            platform=chosen["platform"] or None,
            country=chosen["country"] or None,
            rating=chosen["rating"] or None,
            tlp=chosen["tlp"] or None,
            since=now - SPANS[Period(chosen["period"])] if chosen["period"] else None,
            before=before,
            limit=PAGE + 1,
        )
        batches = [] if before or any(chosen.values()) else await run_pages.batches(tx, tenant, BATCHES)
        on = Desk.ANALYSIS in await tenants.desks(tx, tenant)
    end = _end(found)
    mark = f"{end[0].isoformat()}~{end[1]}" if end else ""
    view = RunsView(
        rows=[run_views.line(run) for run in found.runs[:PAGE]],
        batches=[run_views.summary(one) for one in batches],
        outlets=sorted({one.name for one in named}),
        choices=run_views.choices(named, chosen["country"]),
        chosen=chosen,
        on=on,
        may=who.may(Permission.ANALYSE),
        first=_list(request, chosen) if before else "",
        next=_list(request, {**chosen, "before": mark}) if end else "",
        looked=end[0] if end and len(found.runs) <= PAGE else None,
    )
    return page(request, "runs.html", view)


def _end(found: Found) -> tuple[datetime, UUID] | None:
    """Where the next page begins: behind the last run of this one, or as far as was looked. None: there is none."""
    if len(found.runs) > PAGE:
        last = found.runs[PAGE - 1]
        return last.created_at, last.id
    return found.upto


async def one(request: web.Request) -> web.StreamResponse:
    who, sv = actor(request), services(request)
    async with sv.db.read(who.tenant.id) as tx:
        dossier = await _dossier(tx, who.tenant.id, _run(request))
        before = await runs.before(tx, dossier.run) if dossier.briefing else None
        ids = {one.user_id for one in dossier.feedback} | {one.verdict_by for one in dossier.matches}
        ids.add(dossier.run.requested_by)
        names = await audit.names(tx, {one for one in ids if one})
    # Cutting up the texts of twenty articles may take longer than others should wait.
    briefing = await asyncio.to_thread(briefing_view, dossier, names, request.query.get("whole", ""))
    may = who.may(Permission.ANALYSE)
    readers = []
    if may and dossier.briefing and dossier.run.over and dossier.run.tlp is not Tlp.RED:
        async with sv.platform.read() as tx:
            readers = await people.reachable(tx, who.tenant.id, limit=PEOPLE)
    view = run_views.run_view(
        dossier,
        now=sv.clock.now(),
        who=names.get(dossier.run.requested_by, "") if dossier.run.requested_by else "",
        before=before,
        may=may,
        briefing=briefing,
        readers=readers,
        nonce=uuid4(),
    )
    return await long_page(request, "run.html", view)


async def cancel(request: web.Request, _form: Nothing) -> web.StreamResponse:
    stopped = await flow.cancel(services(request), actor(request), _run(request))
    _back(request, "run_cancelled" if stopped else "run_too_late")


async def share(request: web.Request, form: Share) -> web.StreamResponse:
    await flow.share(services(request), actor(request), _run(request), form.tlp)
    _back(request, "run_shared")


async def again(request: web.Request, _form: Nothing) -> web.StreamResponse:
    """The same wish as a new run."""
    who, sv = actor(request), services(request)
    async with sv.db.read(who.tenant.id) as tx:
        run = await runs.by_id(tx, who.tenant.id, _run(request))
    if run is None:
        raise NotFound(_("There is no such run."))
    wish = Wish(
        outlet=run.outlet,
        country=run.country,
        url=run.url,
        platform=run.platform,
        period=run.period,
        items=str(run.items),
        sources=run.sources,
        substitute=run.substitute,
    )
    made = await flow.start(sv, who, wish, tlp=run.tlp)
    raise web.HTTPSeeOther(f"/t/{who.tenant.slug}/runs/{made}?said=run_started")


async def remark(request: web.Request, form: Remark) -> web.StreamResponse:
    await said_flow.say(
        services(request),
        actor(request),
        _run(request),
        about=form.about,
        ref=form.ref,
        feeling=form.feeling,
        note=form.note,
    )
    _back(request, "run_feedback")


async def compared(request: web.Request) -> web.StreamResponse:
    """Beside the run that is named, or the one before it."""
    who, sv = actor(request), services(request)
    async with sv.db.read(who.tenant.id) as tx:
        later = await _dossier(tx, who.tenant.id, _run(request))
        other = request.query.get("with", "")
        if other:
            earlier = await _dossier(tx, who.tenant.id, _id(other))
        else:
            before = await runs.before(tx, later.run)
            if before is None:
                raise NotFound(_("There is no earlier run of this outlet with a briefing."))
            earlier = await _dossier(tx, who.tenant.id, before.id)
    pair = earlier.run.outlet_key == later.run.outlet_key
    both = [earlier, later] if earlier.run.created_at <= later.run.created_at else [later, earlier]
    view = await asyncio.to_thread(compare, both if pair else [later, earlier], pair=pair)
    return await long_page(request, "run_compare.html", view)


async def batch(request: web.Request) -> web.StreamResponse:
    who, sv = actor(request), services(request)
    async with sv.db.read(who.tenant.id) as tx:
        found = await runs.batch(tx, who.tenant.id, RunBatchId(UUID(request.match_info["id"])))
        if found is None or not found.runs:
            raise NotFound(_("There is no such batch."))
        dossiers = [await _dossier(tx, who.tenant.id, run.id) for run in found.runs]
    state = fold(run.state for run in found.runs)
    waits = not all(run.over for run in found.runs)
    fresh = waits and sv.clock.now() - found.created_at < run_views.LOOKED_AT
    view = await asyncio.to_thread(batch_view, found, dossiers, run_words.BATCHES[state], fresh=fresh)
    return await long_page(request, "run_batch.html", view)


async def _dossier(tx: Tx, tenant: TenantId, run: RunId) -> Dossier:
    found = await runs.dossier(tx, tenant, run)
    if found is None:
        raise NotFound(_("There is no such run."))
    return found


def _chosen(request: web.Request, known: Collection[str]) -> dict[str, str]:
    """The filters of the address; what is no word of ours counts as not given."""
    allowed: dict[str, set[str]] = {
        "state": {OPEN, *RunState},
        "platform": set(Platform),
        "country": set(known),
        "rating": set(Rating),
        "tlp": set(Tlp),
        "period": set(SPANS),
    }
    chosen = {name: request.query.get(name, "") for name in FILTERS}
    kept = {name: value if name not in allowed or value in allowed[name] else "" for name, value in chosen.items()}
    outlet = kept["outlet"].strip()
    return {**kept, "outlet": outlet if clean(outlet) and len(outlet) <= 200 else ""}


async def _keys(tx: Tx, tenant: TenantId, typed: str, known: list[Outlet]) -> list[str]:
    """Of the outlets in whose names the typed words stand side by side, and of any that is called so; none, and nothing
    is shown."""
    wanted = phrases([typed])
    part = [one.key for one in known if one.name == typed or (wanted and first_found(wanted, words(one.name)))]
    return [*part, *await run_pages.called(tx, tenant, outlets.keys(typed))]


def _one(kind: type[RunState], said: str) -> list[RunState] | None:
    return [kind(said)] if said else None


def _list(request: web.Request, query: dict[str, str]) -> str:
    chosen = urlencode({name: value for name, value in query.items() if value})
    return f"/t/{actor(request).tenant.slug}/runs" + (f"?{chosen}" if chosen else "")


def _run(request: web.Request) -> RunId:
    return RunId(UUID(request.match_info["id"]))


def _id(said: str) -> RunId:
    try:
        return RunId(UUID(said))
    except ValueError:
        raise NotFound(_("There is no such run.")) from None


def _back(request: web.Request, said: str) -> NoReturn:
    raise web.HTTPSeeOther(f"/t/{actor(request).tenant.slug}/runs/{_run(request)}?said={said}")


def _place(mark: str) -> tuple[datetime, UUID] | None:
    """A mark that we did not make leads to the start."""
    at, _sep, row = mark.partition("~")
    try:
        moment = datetime.fromisoformat(at)
        return (moment, UUID(row)) if moment.tzinfo else None
    except ValueError:
        return None
