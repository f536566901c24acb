"""Calls of models: the list, and everything about one."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from uuid import UUID

from aiohttp import web

from cid.domain.errors import NotFound
from cid.domain.ids import CallId
from cid.domain.paid import READS
from cid.flows import calls as flow
from cid.store import calls
from cid.store.calls import CallState
from cid.web import trace_words, words
from cid.web.call_views import CallLine, CallsView, CallView, Chip, SubjectLine
from cid.web.forms import clean
from cid.web.keys import actor, services
from cid.web.render import page
from cid.web.words import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cid.domain.llm import Json
    from cid.domain.tenants import Actor
    from cid.store.calls import About, Call, CallRow, Kept, Kind

PAGE = 50
OFFLINE = "offline"
SPANS = {
    "": (_("any time"), None),
    "1h": (_("the last hour"), timedelta(hours=1)),
    "24h": (_("the last 24 hours"), timedelta(hours=24)),
    "7d": (_("the last 7 days"), timedelta(days=7)),
}


async def listed(request: web.Request) -> web.StreamResponse:
    who, sv = actor(request), services(request)
    chosen = _chosen(request)
    before = _mark(request.query.get("before", ""))
    span = SPANS[chosen["since"]][1]
    async with sv.db.read(who.tenant.id) as tx:
        rows = await calls.listed(
            tx,
            who.tenant.id,
            stage=chosen["stage"] or None,
            model=chosen["model"] or None,
            state=CallState(chosen["state"]) if chosen["state"] else None,
            since=sv.clock.now() - span if span else None,
            before=before,
            limit=PAGE + 1,
        )
        kinds = await calls.kinds(tx, who.tenant.id)
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    view = CallsView(
        rows=[_line(row) for row in rows[:PAGE]],
        stages=[
            ("", _("any")),
            *((stage, trace_words.stage(stage)) for stage in sorted({kind.stage for kind in kinds})),
        ],
        models=[("", _("any")), *((model, model) for model in sorted({kind.model for kind in kinds}))],
        states=[("", _("any")), *((state, text) for state, (text, _tone, _means) in words.CALL_STATES.items())],
        spans=[(key, text) for key, (text, _length) in SPANS.items()],
        stage=_known(chosen["stage"], kinds, "stage"),
        model=_known(chosen["model"], kinds, "model"),
        state=chosen["state"],
        since=chosen["since"],
        filtered=any(chosen.values()),
        first=_address(who, chosen) if before else "",
        next=_address(who, {**chosen, "before": f"{last.sent_at.isoformat()}~{last.id}"}) if last else "",
    )
    return page(request, "calls.html", view)


async def one(request: web.Request) -> web.StreamResponse:
    who, sv = actor(request), services(request)
    id_ = CallId(UUID(request.match_info["id"]))
    async with sv.db.read(who.tenant.id) as tx:
        call = await calls.one(tx, who.tenant.id, id_)
        if call is None:
            raise NotFound(_("There is no such call."))
        kept = await calls.kept(tx, who.tenant.id, id_)
        about = await calls.about(tx, who.tenant.id, [key for _id, key, _hash in call.subjects])
        followed = await calls.followed(tx, who.tenant.id, call)
    again = flow.compared(who.tenant.id, call, kept) if call.reply is not None and call.stage not in READS else None
    view = CallView(
        call=call,
        chip=_chip(call.state),
        stage=trace_words.stage(call.stage),
        stop=words.CALL_STOPS.get(call.stop, call.stop),
        reading=words.READINGS.get(call.reading, call.reading),
        offline=call.provider == OFFLINE,
        paid_read=call.stage in READS,
        tokens=list(call.units.items()) if call.stage in READS else _tokens(call),
        subjects=_subjects(call, kept, about),
        followed=followed,
        passed=call.instead_of.split("; ") if call.instead_of else [],
        shared=_pretty(call.request.get("shared", {})),
        schema=_pretty(call.request.get("schema", {})),
        differences=again.differences if again else (),
        notes=again.notes if again else (),
        read_again=again is not None,
    )
    return page(request, "call.html", view)


def _chosen(request: web.Request) -> dict[str, str]:
    """The filters of the address; what is no word of ours counts as not given."""
    query = {name: request.query.get(name, "").strip()[:200] for name in ("stage", "model", "state", "since")}
    return {
        "stage": query["stage"] if clean(query["stage"]) else "",
        "model": query["model"] if clean(query["model"]) else "",
        "state": query["state"] if query["state"] in set(CallState) else "",
        "since": query["since"] if query["since"] in SPANS else "",
    }


def _known(value: str, kinds: Sequence[Kind], name: str) -> str:
    return value if any(getattr(kind, name) == value for kind in kinds) else ""


def _line(row: CallRow) -> CallLine:
    return CallLine(
        row=row,
        chip=_chip(row.state),
        stage=trace_words.stage(row.stage),
        stop=words.CALL_STOPS.get(row.stop, row.stop),
        offline=row.provider == OFFLINE,
    )


def _chip(state: CallState) -> Chip:
    text, tone, means = words.CALL_STATES[state]
    return Chip(text=text, tone=tone, means=means)


def _tokens(call: Call) -> list[tuple[str, int]]:
    return [
        (_("Input"), call.input),
        (_("Read from a cache"), call.cache_read),
        (_("Written to a cache"), call.cache_write),
        (_("Written to a cache for an hour"), call.cache_write_1h),
        (_("Output"), call.output),
        (_("of it thinking"), call.thinking),
    ]


def _subjects(call: Call, kept: Sequence[Kept], about: Mapping[str, About]) -> list[SubjectLine]:
    stored = {row.id: row for row in kept}
    inputs = call.request.get("inputs", {})
    return [
        SubjectLine(
            id=id_,
            key=key,
            about=about.get(key),
            answer=_pretty(stored[id_].answer) if id_ in stored else "",
            others=stored[id_].call_id if id_ in stored and stored[id_].call_id != call.id else None,
            asked=_pretty(inputs[id_]) if id_ in inputs else "",
        )
        for id_, key, _hash in call.subjects
    ]


def _pretty(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) if value else ""


def _address(who: Actor, query: Mapping[str, str]) -> str:
    chosen = urlencode({name: value for name, value in query.items() if value})
    return f"/t/{who.tenant.slug}/calls" + (f"?{chosen}" if chosen else "")


def _mark(text: str) -> calls.Mark | None:
    """A mark that we did not make leads to the start."""
    at, _sep, key = text.partition("~")
    try:
        moment = datetime.fromisoformat(at)
        return calls.Mark(moment, CallId(UUID(key))) if moment.tzinfo else None
    except ValueError:
        return None
