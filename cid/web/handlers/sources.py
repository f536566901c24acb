"""The sources of a tenant."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from uuid import UUID

from aiohttp import web

from cid.domain.errors import Refused
from cid.domain.ids import SourceId
from cid.domain.news import PollOutcome, SourceKind
from cid.flows import sources
from cid.sources.kinds import OFFERED, Takes
from cid.sources.options import specs
from cid.store import pages
from cid.web import words
from cid.web.attention import attended
from cid.web.doors import posted
from cid.web.forms import clean, text
from cid.web.keys import actor, services
from cid.web.render import page
from cid.web.views import SourceForm, SourceLine, SourcesView, Tested

if TYPE_CHECKING:
    from cid.domain.news import Polled
    from cid.domain.tenants import Actor
    from cid.sources.discover import Found

PAGE = 50
SET = "set-"
"""What the fields of a kind's own settings begin with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Add:
    """What the kind is told comes beside it, in fields that begin with SET."""

    url: str = text(default="")
    kind: SourceKind = SourceKind.RSS
    trust: float = 0.7
    role: str = text(longest=20, default="news")
    private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Active:
    wanted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    trust: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Every:
    seconds: int = 0
    """0: as the source's rhythm has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """What the form shows again: entered by somebody, or asked for by a link."""

    kind: SourceKind = SourceKind.RSS
    url: str = ""
    told: Mapping[str, str] = field(default_factory=dict)
    trust: str = "0.70"
    role: str = "news"
    private: bool = False
    problem: str = ""
    tested: Tested | None = None


async def listed(request: web.Request) -> web.StreamResponse:
    kind = request.query.get("kind", "")
    return await _listed(request, Entered(kind=SourceKind(kind) if kind in OFFERED else SourceKind.RSS))


async def _listed(request: web.Request, entered: Entered, status: int = 200) -> web.Response:
    who = actor(request)
    word, part = request.query.get("word", ""), request.query.get("q", "").strip()
    word = word if word in words.SOURCE_WORDS else ""
    part = part if clean(part) else ""
    async with services(request).db.read(who.tenant.id) as tx:
        counts = await pages.sources_by_word(tx, who.tenant.id)
        rows = await pages.sources(
            tx,
            who.tenant.id,
            word=word or None,
            part=part or None,
            after=_place(request.query.get("after")),
            limit=PAGE + 1,
        )
        attention = await attended(tx, who.tenant.id)
    chosen = {"word": word, "q": part}
    view = SourcesView(
        intervals=words.INTERVALS,
        rows=[_line(row) for row in rows[:PAGE]],
        attention=attention,
        choices=[(c.word, f"{words.SOURCE_WORDS[c.word][0]} ({c.sources})") for c in counts],
        total=sum(c.sources for c in counts),
        word=word,
        part=part,
        entered=_form(entered),
        tested=entered.tested,
        first=_address(who, chosen) if "after" in request.query else "",
        next=_address(who, {**chosen, "after": _mark(rows[PAGE - 1])}) if len(rows) > PAGE else "",
    )
    return page(request, "sources.html", view, status)


async def add(request: web.Request, form: Add) -> web.StreamResponse:
    who = actor(request)
    wish = _wish(form, told := _told(await posted(request)))
    try:
        await sources.add(services(request), who.tenant.id, wish, who)
    except Refused as refused:
        return await _listed(request, replace(_entered(wish, told), problem=refused.public), 422)
    raise web.HTTPSeeOther(_address(who, {"said": "source_added"}))


async def test(request: web.Request, form: Add) -> web.StreamResponse:
    """What was chosen stays chosen: whoever adds it next must not lose that it is to be theirs alone."""
    wish = _wish(form, told := _told(await posted(request)))
    entered = _entered(wish, told)
    try:
        polled = await sources.test(services(request), wish, actor(request).tenant.id)
    except Refused as refused:
        return await _listed(request, replace(entered, problem=refused.public), 422)
    found = await _found(request, form) if polled.outcome is PollOutcome.BROKEN else None
    return await _listed(request, replace(entered, tested=replace(_tested(form.url, polled), found=found)))


async def _found(request: web.Request, form: Add) -> list[Found] | None:
    """What people paste is often the page and not its feed. None: it was not looked, or could not be."""
    if form.kind is not SourceKind.RSS:
        return None
    try:
        return await sources.feeds_at(services(request), form.url)
    except Refused:
        return None


def _told(fields: Mapping[str, object]) -> dict[str, str]:
    """The kind's own fields, those that were filled in."""
    own = {name.removeprefix(SET): value for name, value in fields.items() if name.startswith(SET)}
    return {name: value for name, value in own.items() if isinstance(value, str) and value.strip()}


def _wish(form: Add, told: Mapping[str, str]) -> sources.Wish:
    return sources.Wish(
        url=form.url, kind=form.kind, config=told, trust=form.trust, role=form.role, private=form.private
    )


def _entered(wish: sources.Wish, told: Mapping[str, str]) -> Entered:
    return Entered(
        kind=wish.kind, url=wish.url, told=told, trust=f"{wish.trust:.2f}", role=wish.role, private=wish.private
    )


def _form(entered: Entered) -> SourceForm:
    about = OFFERED.get(entered.kind, OFFERED[SourceKind.RSS])
    return SourceForm(
        kind=entered.kind,
        kinds=[(kind, offered.label) for kind, offered in OFFERED.items()],
        hint=about.hint,
        takes_address=about.takes is Takes.ADDRESS,
        private=about.private,
        fields=[
            (spec, entered.told.get(spec.name, "" if spec.secret else spec.default)) for spec in specs(about.settings)
        ],
        url=entered.url,
        trust=entered.trust,
        role=entered.role,
        keep_private=entered.private,
        problem=entered.problem,
    )


async def set_active(request: web.Request, form: Active) -> web.StreamResponse:
    who = actor(request)
    await sources.set_active(services(request), who.tenant.id, _source(request), wanted=form.wanted, actor=who)
    raise web.HTTPSeeOther(_address(who, {"said": "source_on" if form.wanted else "source_off"}))


async def set_trust(request: web.Request, form: Trust) -> web.StreamResponse:
    who = actor(request)
    await sources.set_trust(services(request), who.tenant.id, _source(request), form.trust, who)
    raise web.HTTPSeeOther(_address(who, {"said": "source_trust"}))


async def set_full_text(request: web.Request, form: Active) -> web.StreamResponse:
    who = actor(request)
    await sources.set_full_text(services(request), who.tenant.id, _source(request), wanted=form.wanted, actor=who)
    raise web.HTTPSeeOther(_address(who, {"said": "source_text_on" if form.wanted else "source_text_off"}))


async def set_interval(request: web.Request, form: Every) -> web.StreamResponse:
    who = actor(request)
    every = timedelta(seconds=min(form.seconds, 10**9)) if form.seconds else None
    await sources.set_interval(services(request), who.tenant.id, _source(request), every, who)
    raise web.HTTPSeeOther(_address(who, {"said": "source_interval"}))


def _line(row: pages.SourceRow) -> SourceLine:
    text_, tone, means = words.SOURCE_WORDS[row.word]
    return SourceLine(row=row, text=text_, tone=tone, means=means)


def _tested(url: str, polled: Polled) -> Tested:
    text_, tone, means = words.SOURCE_WORDS[polled.outcome]
    return Tested(url=url, polled=polled, text=text_, tone=tone, means=means)


def _source(request: web.Request) -> SourceId:
    return SourceId(UUID(request.match_info["id"]))


def _address(who: Actor, query: dict[str, str]) -> str:
    chosen = urlencode({name: value for name, value in query.items() if value})
    return f"/t/{who.tenant.slug}/sources" + (f"?{chosen}" if chosen else "")


def _mark(row: pages.SourceRow) -> str:
    """The place of a row in the list, for an address."""
    return base64.urlsafe_b64encode(f"{row.id}{row.place}".encode()).decode()


def _place(mark: str | None) -> tuple[str, SourceId] | None:
    """A mark that we did not make leads to the start."""
    try:
        told = base64.urlsafe_b64decode(mark or "").decode()
        return (told[36:], SourceId(UUID(told[:36]))) if clean(told) else None
    except (ValueError, binascii.Error):
        return None
