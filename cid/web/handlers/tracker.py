"""The tracker desk: what came in for it, what is on it, and what people decide about that."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlencode
from uuid import UUID

from aiohttp import web

from cid.domain.errors import Conflict, NotFound, Refused
from cid.domain.ids import EntryId, ScreeningId
from cid.domain.tracker import ApprovalRule, EntryDecision, EntryState, Progress, Tags
from cid.flows import trackers as flow
from cid.store import entries, track_pages, trackers
from cid.web import words
from cid.web.doors import posted
from cid.web.forms import text
from cid.web.keys import actor, services
from cid.web.render import page
from cid.web.tracker_views import EntryView, LineView, ReportView, TrackerView, Typed
from cid.web.words import _

if TYPE_CHECKING:
    from cid.domain.tracker import Entry, Tracker

PAGE = 50
VIA = "page"
DAYS, HOURS = 14, 48
CHOSEN, CATEGORY = "e-", "c-"
"""What names of checkboxes begin with: entries by their id, categories by their number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decide:
    """The entries come as checkboxes beside these."""

    kind: EntryDecision
    reason: str = text(default="", lines=True)
    back: str = text(default="", longest=500)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    category: str
    regions: str = text(default="")
    summary: str = text(default="", lines=True)
    seen: str = text(longest=5000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Empty: everything that failed."""

    screening: str = text(default="", longest=40)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Categories come as checkboxes beside these; none is any."""

    min_score: int = 80
    off: bool = False


async def listed(request: web.Request) -> web.StreamResponse:
    tenant, query = actor(request).tenant.id, request.query
    before = _place(query.get("before", ""))
    async with services(request).db.read(tenant) as tx:
        tracker = await trackers.of(tx, tenant)
        chosen = _chosen(request, tracker)
        state, category, region = chosen["state"], chosen["category"], chosen["region"]
        if category or region or state in set(EntryState):
            states = [EntryState(state)] if state in set(EntryState) else list(EntryState)
            rows = await track_pages.entries(
                tx, tenant, states, category=category or None, region=region or None, before=before, limit=PAGE + 1
            )
        else:
            rows = await track_pages.stories(
                tx, tenant, Progress(state) if state else None, before=before, limit=PAGE + 1
            )
        waiting = await track_pages.waiting(tx, tenant)
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    mark = f"{last.place_at.isoformat()}~{last.place_id}" if last else ""
    states_ = [*((p, words.PROGRESS[p][0]) for p in Progress), *((s, words.ENTRY_STATES[s][0]) for s in EntryState)]
    view = TrackerView(
        tracker=tracker,
        rows=[_line(row) for row in rows[:PAGE]],
        waiting=waiting,
        states=[("", _("any")), *((str(key), name) for key, name in states_)],
        categories=[("", _("any")), *((name, name) for name in tracker.category_names)] if tracker else [],
        regions=[("", _("any")), *tracker.places.items()] if tracker else [],
        state=state,
        category=category,
        region=region,
        first=_address(request, chosen) if before else "",
        next=_address(request, {**chosen, "before": mark}) if last else "",
        here=urlencode({name: value for name, value in chosen.items() if value}),
    )
    return page(request, "tracker.html", view)


async def report(request: web.Request) -> web.StreamResponse:
    tenant, now = actor(request).tenant.id, services(request).clock.now()
    since = now - timedelta(days=DAYS)
    async with services(request).db.read(tenant) as tx:
        view = ReportView(
            tracker=await trackers.of(tx, tenant),
            days=await track_pages.report(tx, tenant, "day", since),
            hours=await track_pages.report(tx, tenant, "hour", now - timedelta(hours=HOURS)),
            standing=await trackers.rule(tx, tenant),
            since=since,
        )
    return page(request, "tracker_report.html", view)


async def one(request: web.Request) -> web.StreamResponse:
    return await _one(request)


async def decide(request: web.Request, form: Decide) -> web.StreamResponse:
    """Whichever are ticked."""
    said = await posted(request)
    ids = [EntryId(found) for name in said if name.startswith(CHOSEN) and (found := _uuid(name[len(CHOSEN) :]))]
    await _decide(request, form, ids)
    raise web.HTTPSeeOther(_address(request, {"said": f"entries_{form.kind}"}) + (f"&{form.back}" if form.back else ""))


async def decide_one(request: web.Request, form: Decide) -> web.StreamResponse:
    await _decide(request, form, [_entry(request)])
    _back(request, f"entry_{form.kind}")


async def _decide(request: web.Request, form: Decide, ids: list[EntryId]) -> None:
    if form.kind is EntryDecision.EDIT:
        raise Refused(_("An edit is made on the entry's own page."))
    await flow.decide(services(request), actor(request), form.kind, ids, reason=form.reason, via=VIA)


async def edit(request: web.Request, form: Edit) -> web.StreamResponse:
    """What cannot be stored comes back with every word that was typed."""
    typed = Typed(category=form.category, regions=form.regions, summary=form.summary)
    try:
        await flow.edit(
            services(request),
            actor(request),
            _entry(request),
            category=form.category,
            regions=form.regions.replace(",", " ").split(),
            summary=form.summary,
            seen=_seen(form.seen),
            via=VIA,
        )
    except NotFound:
        raise
    except Conflict as conflict:
        return await _one(request, typed, conflict.public, 409)
    except Refused as refused:
        return await _one(request, typed, refused.public, 422)
    return _back(request, "entry_edit")


async def retry(request: web.Request, form: Retry) -> web.StreamResponse:
    who, one_ = actor(request), _uuid(form.screening)
    if form.screening and not one_:
        raise NotFound
    await flow.retry(services(request), who.tenant.id, who, [ScreeningId(one_)] if one_ else None)
    raise web.HTTPSeeOther(_address(request, {"said": "tracker_retry"}))


async def rule(request: web.Request, form: Rule) -> web.StreamResponse:
    said = await posted(request)
    names = tuple(str(value) for name, value in said.items() if name.startswith(CATEGORY))
    wanted = None if form.off else ApprovalRule(min_score=form.min_score, categories=names)
    await flow.set_rule(services(request), actor(request), wanted)
    said_ = "tracker_rule_off" if form.off else "tracker_rule"
    raise web.HTTPSeeOther(f"/t/{actor(request).tenant.slug}/tracker/report?said={said_}")


async def _one(
    request: web.Request, typed: Typed | None = None, problem: str = "", status: int = 200
) -> web.StreamResponse:
    tenant = actor(request).tenant.id
    async with services(request).db.read(tenant) as tx:
        entry, tracker = await entries.by_id(tx, tenant, _entry(request)), await trackers.of(tx, tenant)
        if entry is None or tracker is None:
            raise NotFound(_("There is no such entry."))
        made = await entries.decisions(tx, tenant, entry.id)
        reported = await entries.reports(tx, entry.story_id)
    stands = _typed(entry)
    state, tone = words.ENTRY_STATES[entry.state]
    view = EntryView(
        entry=entry,
        tracker=tracker,
        text=state,
        tone=tone,
        reported=reported,
        made=made,
        typed=typed or stands,
        seen=stands,
        problem=problem,
        offline=entry.provider.startswith("offline"),
    )
    return page(request, "tracker_entry.html", view, status)


def _typed(entry: Entry) -> Typed:
    return Typed(category=entry.category, regions=" ".join(entry.regions), summary=entry.summary)


def _seen(said: str) -> Tags:
    """What the form began with, as its hidden field has it. Raises Conflict: then it is not what stands there."""
    try:
        value = json.loads(said)
        return Tags(category=value["category"], regions=tuple(value["regions"].split()), summary=value["summary"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Conflict(_("The form is not whole. Load the page again.")) from error


def _line(row: track_pages.Line) -> LineView:
    if row.entry_state:
        name, tone = words.ENTRY_STATES[row.entry_state]
    else:
        name, tone = words.PROGRESS[row.progress]
    detail = words.WAITS[row.waiting_for] if row.waiting_for else ""
    offline = (row.provider or "").startswith("offline")
    return LineView(line=row, text=name, tone=tone, detail=detail, offline=offline)


def _chosen(request: web.Request, tracker: Tracker | None) -> dict[str, str]:
    """The filters of the address; what is no word of ours counts as not given."""
    state, category, region = (request.query.get(name, "") for name in ("state", "category", "region"))
    return {
        "state": state if state in {*Progress, *EntryState} else "",
        "category": category if tracker and category in tracker.category_names else "",
        "region": region if tracker and region in tracker.places else "",
    }


def _address(request: web.Request, query: dict[str, str]) -> str:
    chosen = urlencode({name: value for name, value in query.items() if value})
    return f"/t/{actor(request).tenant.slug}/tracker" + (f"?{chosen}" if chosen else "")


def _back(request: web.Request, said: str) -> NoReturn:
    raise web.HTTPSeeOther(f"/t/{actor(request).tenant.slug}/tracker/entries/{_entry(request)}?said={said}")


def _entry(request: web.Request) -> EntryId:
    return EntryId(UUID(request.match_info["id"]))


def _uuid(said: str) -> UUID | None:
    try:
        return UUID(said)
    except ValueError:
        return None


def _place(mark: str) -> tuple[datetime, UUID] | None:
    """A mark that we did not make leads to the start."""
    at, _sep, row = mark.partition("~")
    try:
        moment = datetime.fromisoformat(at)
        return (moment, UUID(row)) if moment.tzinfo else None
    except ValueError:
        return None
