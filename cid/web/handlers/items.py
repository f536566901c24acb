"""Items, and why each stands where it stands."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from uuid import UUID

from aiohttp import web

from cid.domain.angles import Competition
from cid.domain.errors import NotFound
from cid.domain.ids import ItemId, ScreeningId
from cid.domain.llm import Json
from cid.domain.screening import FIRST, ScreeningState
from cid.domain.tenants import Desk
from cid.domain.verdicts import GATE_NUMBER, Gate, Reason
from cid.store import competition, pages, telling, texts
from cid.text.spread import spread
from cid.web import again_views, trace_words, words
from cid.web.forms import clean
from cid.web.keys import actor, services
from cid.web.render import page
from cid.web.views import ItemLine, ItemsView, ItemView, LineView, ReadingView, RivalsView, Standing
from cid.web.words import _

if TYPE_CHECKING:
    from cid.domain.tenants import Actor
    from cid.ports import Tx

PAGE = 50
STATES = (
    ("", _("all judged")),
    ("dropped", _("dropped")),
    *((state.value, words.SCREENING_STATES[state]) for state in ScreeningState if state is not ScreeningState.DROPPED),
)
DESKS = (("", _("any")), *((desk.value, words.DESKS[desk]) for desk in FIRST))
DROPS = (
    Reason.TOO_SHORT,
    Reason.LOW_TRUST,
    Reason.STALE,
    Reason.EXCLUDED_TOPIC,
    Reason.NO_KEYWORD,
    Reason.LOW_RELEVANCE,
    Reason.PREFILTERED,
    Reason.LOW_SIGNAL,
    Reason.WRONG_AUDIENCE,
    Reason.NOT_AFFECTED,
    Reason.MERGED,
    Reason.OUTAGE,
)
TONES = {
    ScreeningState.OPEN: "live",
    ScreeningState.WAITING: "warn",
    ScreeningState.PASSED: "good",
    ScreeningState.DROPPED: "plain",
    ScreeningState.FAILED: "bad",
}


async def listed(request: web.Request) -> web.StreamResponse:
    who = actor(request)
    chosen = _chosen(request)
    before = _place(request.query.get("before", ""))
    async with services(request).db.read(who.tenant.id) as tx:
        if chosen["q"].startswith(("http://", "https://")):
            found = await pages.by_url(tx, chosen["q"])
            if found:
                raise web.HTTPSeeOther(f"/t/{who.tenant.slug}/items/{found}")
        rows = await _rows(tx, who, chosen, before)
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    view = ItemsView(
        rows=[ItemLine(row=row, standing=_standing_of_row(row), at=row.place_at) for row in rows[:PAGE]],
        words=chosen["q"],
        state=chosen["state"],
        gate=chosen["gate"],
        outcome=chosen["outcome"],
        reason=chosen["reason"],
        desk=chosen["desk"],
        desks=DESKS,
        gates=[(gate.value, f"{GATE_NUMBER[gate]} {words.GATES[gate]}") for gate in Gate],
        states=STATES,
        reasons=(("", _("any reason")), *((reason.value, words.REASONS[reason]) for reason in DROPS)),
        first=_address(who, chosen) if before else "",
        next=_address(who, {**chosen, "before": f"{last.place_at.isoformat()}~{last.place_id}"}) if last else "",
    )
    return page(request, "items.html", view)


def _chosen(request: web.Request) -> dict[str, str]:
    """The filters of the address; what is no word of ours counts as not given."""
    query = request.query
    state, gate, reason, said = (query.get(name, "").strip() for name in ("state", "gate", "reason", "q"))
    if reason in set(DROPS):
        state = "dropped"
    elif gate and state != "dropped":
        state = ""
    return {
        "state": state if state in dict(STATES) else "",
        "gate": gate if gate in set(Gate) else "",
        "reason": reason if reason in set(Reason) else "",
        "desk": query.get("desk", "") if query.get("desk") in dict(DESKS) else "",
        "outcome": query.get("outcome", "") if query.get("outcome") in {"pass", "drop"} else "",
        "q": said[:200] if clean(said) else "",
    }


async def _rows(tx: Tx, who: Actor, chosen: dict[str, str], before: pages.Place | None) -> list[pages.ItemRow]:
    """A reason, a gate or words look through verdicts; a state of work looks through screenings."""
    state, reason, gate, outcome = chosen["state"], chosen["reason"], chosen["gate"], chosen["outcome"]
    words_, desk = chosen["q"] or None, Desk(chosen["desk"]) if chosen["desk"] else None
    if state not in {"", "dropped"}:
        as_state = ScreeningState(state)
        return await pages.screened(tx, who.tenant.id, as_state, words=words_, before=before, limit=PAGE + 1, desk=desk)
    if state == "dropped":
        outcome = "drop"
    if not (gate or reason or outcome):
        gate = Gate.RULES
    return await pages.judged(
        tx,
        who.tenant.id,
        gate=Gate(gate) if gate else None,
        outcome=outcome or None,
        reason=Reason(reason) if reason else None,
        words=words_,
        before=before,
        limit=PAGE + 1,
        desk=desk,
    )


async def one(request: web.Request) -> web.StreamResponse:
    who, item = actor(request), ItemId(UUID(request.match_info["id"]))
    async with services(request).db.read(who.tenant.id) as tx:
        found = await pages.item(tx, who.tenant.id, item)
        if found is None:
            raise NotFound
        lines = await pages.trace(tx, who.tenant.id, item, found.screening_id)
        seen = await pages.sightings(tx, who.tenant.id, item)
        text = await texts.of_item(tx, item)
        others = await pages.told_with(tx, found.story_id, item) if found.story_id else []
        told = await telling.reports(tx, who.tenant.id, found.story_id) if found.story_id else []
        kin = await telling.kin(tx, found.story_id) if found.story_id else []
        rivals = await _rivals(tx, who, found)
    # the last of them: a person may have had it judged again
    own = next((line for line in reversed(lines) if line.of_item and line.desk is Desk.PUBLISHING), None)
    view = ItemView(
        item=found,
        standing=_standing(own.outcome if own else None, own.reason if own else None, found),
        lines=[_line(line) for line in lines],
        sightings=seen,
        others=others,
        next_step=_next_step(found, own),
        spread=await asyncio.to_thread(spread, told),
        kin=kin,
        rivals=rivals,
        gates=again_views.gates(),
        reading=ReadingView(row=text, text=words.TEXT_STATES[text.state][0], tone=words.TEXT_STATES[text.state][1])
        if text
        else None,
    )
    return page(request, "item.html", view)


async def _rivals(tx: Tx, who: Actor, item: pages.ItemPage) -> RivalsView:
    """As gate 3 or the draft looked at them last, and what competitors wrote since."""
    known, wrote = Competition(), []
    if item.screening_id:
        known = await competition.of(tx, who.tenant.id, item.screening_id)
    if item.story_id:
        wrote = await competition.articles(tx, who.tenant.id, item.story_id)
    seen = {one.url for one in known.taken}
    since = [one for one in wrote if one.url not in seen]
    return RivalsView(known=known, since=since, followed=await competition.followed(tx, who.tenant.id))


def _standing_of_row(row: pages.ItemRow) -> Standing:
    if row.outcome == "drop" and row.gate and row.reason:
        return _dropped(row.gate, row.reason)
    return _by_state(row.state, row.waiting_for and words.WAITS[row.waiting_for], row.dropped_at, row.dropped_for)


def _standing(outcome: str | None, reason: Reason | None, item: pages.ItemPage) -> Standing:
    """An item that gate 1 dropped has its own end, whatever became of its story through others."""
    if outcome is None:
        return Standing(text=_("not judged yet"), tone="plain")
    if outcome == "drop" and reason:
        return _dropped(Gate.RULES, reason)
    return _by_state(item.state, item.waiting_for and words.WAITS[item.waiting_for], item.dropped_at, item.dropped_for)


def _by_state(state: ScreeningState | None, waits: str | None, gate: Gate | None, reason: Reason | None) -> Standing:
    if state is None:
        return Standing(text=_("passed gate 1"), tone="live")
    if state is ScreeningState.DROPPED and gate and reason:
        return _dropped(gate, reason)
    return Standing(text=words.SCREENING_STATES[state], tone=TONES[state], detail=waits or "")


def _dropped(gate: Gate, reason: Reason) -> Standing:
    return Standing(
        text=_("dropped at gate {n}").format(n=GATE_NUMBER[gate]), tone="plain", detail=words.REASONS[reason]
    )


def _line(line: pages.Line) -> LineView:
    return LineView(
        line=line,
        number=GATE_NUMBER[line.gate],
        title=words.GATES[line.gate],
        passed=line.outcome == "pass",
        reason=words.REASONS[line.reason],
        offline=line.provider == "offline",
        signals=[(trace_words.signal(name), _told(value)) for name, value in line.signals.items()],
    )


def _told(value: Json) -> str:
    if value is None:
        return _("missing")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(map(str, value)) or _("none")
    return f"{value:g}" if isinstance(value, float) else str(value) or _("nothing")


def _next_step(item: pages.ItemPage, own: pages.Line | None) -> str:
    if own is None:
        return _("Gate 1 has not judged it yet.")
    if own.outcome == "drop":
        return ""
    match item.state:
        case ScreeningState.OPEN if item.stage:
            return _("Its story is in progress: {what}.").format(what=words.STAGES[item.stage])
        case ScreeningState.FAILED:
            return _("Its story failed: {why}").format(why=item.failure)
        case _:
            return ""


def _address(who: Actor, query: dict[str, str]) -> str:
    chosen = urlencode({name: value for name, value in query.items() if value})
    return f"/t/{who.tenant.slug}/items" + (f"?{chosen}" if chosen else "")


def _place(mark: str) -> pages.Place | None:
    """A mark that we did not make leads to the start."""
    at, _sep, row = mark.partition("~")
    try:
        moment = datetime.fromisoformat(at)
        return pages.Place(at=moment, id=ScreeningId(UUID(row))) if moment.tzinfo else None
    except ValueError:
        return None
