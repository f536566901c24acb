"""What did not go out, or nobody knows of, with what a person can do; and the switch that stops publishing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn
from uuid import UUID

from aiohttp import web

from cid.domain.channel_kinds import KINDS
from cid.domain.errors import Conflict
from cid.domain.ids import PublicationId
from cid.domain.publication import PublicationState
from cid.flows import halt, publish
from cid.store import governors, troubles
from cid.web.forms import Nothing, text
from cid.web.keys import actor, services
from cid.web.render import page
from cid.web.words import _

LIMIT = 200
DAYS = (1, 2, 7, 30)
MEANS = {
    PublicationState.FAILED: _("It was refused and is not there. Mend what the sentence names, then try again."),
    PublicationState.UNKNOWN: _("It may or may not be there. Trying again looks for it first and sends nothing twice."),
    PublicationState.PLANNED: _("It has not been sent."),
    PublicationState.SENDING: _("It was being sent when something broke; it is looked for next."),
    PublicationState.LIVE: _("What is there is an older version: the newer one was refused."),
    PublicationState.UPDATING: _("A newer version was being sent; what is there is compared next."),
    PublicationState.RETRACTING: _("It is to be taken back and is still there, as far as is known."),
}
UNWANTED = {
    PublicationState.LIVE: _(
        "It was to be taken back, that was refused, and it is still there. Mend what the sentence names, or take it "
        "down at the channel yourself; then try again."
    ),
    PublicationState.UNKNOWN: _(
        "It was to be taken back, and that was refused; whether it is there is not known. Mend what the sentence "
        "names. Trying again takes back what is there and sends nothing."
    ),
}
ORPHAN = _(
    "It waits for its original on {original}, which did not go out. Try that one again; or let this one be the "
    "original: the others then point at it, and so will {original} if it goes out later."
)
ORPHAN_POINTS = _(
    "It waits for its original on {original}, which did not go out. Try that one again, let another channel have the "
    "original, or give this one up."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Which:
    publication: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Because:
    publication: UUID
    reason: str = text(longest=2000, default="", lines=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """`days` says since when, where something is taken back."""

    reason: str = text(longest=2000, default="", lines=True)
    days: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    row: troubles.Stuck

    @property
    def waits(self) -> bool:
        """For a place, its original, or its turn in the queue: nothing is wrong with it."""
        return self.row.state is PublicationState.PLANNED and not self.row.gave_up

    @property
    def means(self) -> str:
        if self.row.original:
            said = ORPHAN if self.may_stand_in else ORPHAN_POINTS
            return said.format(original=self.row.original)
        return (UNWANTED if self.row.unwanted else MEANS).get(self.row.state, "")

    @property
    def may_stand_in(self) -> bool:
        return bool(self.row.original) and KINDS[self.row.kind].may_be_canonical


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemsView:
    rows: Sequence[Line]
    mails: Sequence[troubles.LostMail]
    stopped: governors.Stopped | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackView:
    days: int
    choices: Sequence[int]
    rows: Sequence[governors.Out]
    full: bool
    stopped: governors.Stopped | None


async def listed(request: web.Request) -> web.StreamResponse:
    who = actor(request)
    async with services(request).db.read(who.tenant.id) as tx:
        rows = await troubles.publications(tx, who.tenant.id, limit=LIMIT)
        mails = await troubles.mails(tx, who.tenant.id, limit=LIMIT)
        stopped = await governors.stopped(tx, who.tenant.id)
    lines = [Line(row=row) for row in rows]
    return page(request, "problems.html", ProblemsView(rows=lines, mails=mails, stopped=stopped))


async def again(request: web.Request, form: Which) -> web.StreamResponse:
    await publish.again(services(request), actor(request), PublicationId(form.publication))
    _back(request, "problems", "problem_again")


async def give_up(request: web.Request, form: Because) -> web.StreamResponse:
    await publish.retract(services(request), actor(request), PublicationId(form.publication), form.reason)
    _back(request, "problems", "problem_given_up")


async def hurry(request: web.Request, form: Because) -> web.StreamResponse:
    await halt.hurry(services(request), actor(request), PublicationId(form.publication), form.reason)
    _back(request, "problems", "problem_hurried")


async def stand_in(request: web.Request, form: Because) -> web.StreamResponse:
    await halt.stand_in(services(request), actor(request), PublicationId(form.publication), form.reason)
    _back(request, "problems", "problem_stands_in")


async def stop(request: web.Request, form: Stop) -> web.StreamResponse:
    who = actor(request)
    await halt.stop(services(request), who.tenant.id, form.reason, actor=who)
    _back(request, "channels", "publishing_stopped")


async def resume(request: web.Request, _form: Nothing) -> web.StreamResponse:
    who = actor(request)
    await halt.resume(services(request), who.tenant.id, actor=who)
    _back(request, "channels", "publishing_resumed")


async def since(request: web.Request) -> web.StreamResponse:
    """What taking back would take, before anything is."""
    who, asked = actor(request), request.query.get("days", "")
    days = next((days for days in DAYS if str(days) == asked), DAYS[0])
    rows = await halt.out_since(services(request), who, _moment(request, days))
    async with services(request).db.read(who.tenant.id) as tx:
        stopped = await governors.stopped(tx, who.tenant.id)
    view = BackView(days=days, choices=DAYS, rows=rows, full=len(rows) >= halt.LISTED, stopped=stopped)
    return page(request, "publishing_back.html", view)


async def take_back(request: web.Request, form: Stop) -> web.StreamResponse:
    """One after the other: cut off in between, what is left is on the list again."""
    sv, who = services(request), actor(request)
    days = form.days if form.days in DAYS else DAYS[0]
    for out in await halt.out_since(sv, who, _moment(request, days)):
        try:
            await publish.retract(sv, who, out.id, form.reason)
        except Conflict:
            continue  # somebody took it back already, or it is in hand and stays on the list
    _back(request, "problems", "publishing_back")


def _moment(request: web.Request, days: int) -> datetime:
    return services(request).clock.now() - timedelta(days=days)


def _back(request: web.Request, part: str, said: str) -> NoReturn:
    raise web.HTTPSeeOther(f"/t/{actor(request).tenant.slug}/{part}?said={said}")
