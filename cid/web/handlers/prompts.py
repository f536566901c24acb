"""Versions of prompts, for those who run the desk: which is live, what came of each, and what another would answer.

Of a trial they see sums. What was asked and answered belongs to the tenant, and is shown on its own pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from uuid import UUID

from aiohttp import web

from cid.domain.errors import NotFound
from cid.flows import prompts as flow
from cid.flows import trial as trying
from cid.store import tenants, trials
from cid.web import trace_words, words
from cid.web.forms import text
from cid.web.keys import admin, services
from cid.web.prompt_views import PromptsView, PromptView, ShelfView, TrialLine, VersionLine
from cid.web.render import page
from cid.web.words import _

if TYPE_CHECKING:
    from cid.domain.tenants import Tenant
    from cid.flows.prompts import Shelf, Version
    from cid.services import Services

HERE = "/platform/prompts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    name: str = text(longest=60)
    version: str = text(longest=20)
    was: str = text(longest=20, default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    name: str = text(longest=60)
    was: str = text(longest=20, default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    name: str = text(longest=60)
    version: str = text(longest=20)
    tenant: str = text(longest=100)
    last: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    tenant: str = text(longest=100)
    trial: UUID


async def listed(request: web.Request) -> web.StreamResponse:
    sv = services(request)
    span = flow.LONG if request.query.get("days") == str(flow.LONG.days) else flow.WEEK
    shelves = await flow.shelves(sv, span)
    view = PromptsView(
        shelves=[
            ShelfView(shelf=shelf, title=_title(shelf.name), lines=[_line(shelf, one) for one in shelf.versions])
            for shelf in shelves
        ],
        changes=await flow.changes(sv),
        days=span.days,
        other_days=(flow.LONG if span is flow.WEEK else flow.WEEK).days,
    )
    return page(request, "prompts.html", view)


async def one(request: web.Request) -> web.StreamResponse:
    """A version: its text, what changed since another one, and its trials."""
    sv, name, wanted = services(request), request.match_info["name"], request.match_info["version"]
    new = flow.version(sv, name, wanted)
    shelf = next(shelf for shelf in await flow.shelves(sv, flow.WEEK) if shelf.name == name)
    others = [one.version for one in shelf.versions if one.version != wanted]
    old = request.query.get("with", "")
    if old not in others:
        old = shelf.live if shelf.live in others else next(iter(others), "")
    async with sv.platform.read() as tx:
        every = await tenants.listed(tx)
        found = await trials.listed(tx, None, prompt=name, limit=50)
    view = PromptView(
        shelf=shelf,
        title=_title(name),
        line=next(_line(shelf, one) for one in shelf.versions if one.version == wanted),
        old=old,
        fields=flow.compared(flow.version(sv, name, old), new) if old else (),
        others=[(other, other) for other in others],
        tenants=[(tenant.slug, tenant.name) for tenant in every],
        trials=[trial_line(trial) for trial in found if trial.version == wanted],
    )
    return page(request, "prompt.html", view)


async def make_live(request: web.Request, form: Live) -> web.StreamResponse:
    await flow.make_live(services(request), admin(request).id, form.name, form.version, was=form.was)
    raise _to("prompt_live")


async def unpin(request: web.Request, form: Back) -> web.StreamResponse:
    await flow.unpin(services(request), admin(request).id, form.name, was=form.was)
    raise _to("prompt_back")


async def try_(request: web.Request, form: Try) -> web.StreamResponse:
    sv = services(request)
    of = await _tenant(sv, form.tenant)
    await trying.start(sv, of.id, form.name, form.version, last=form.last, user=admin(request).id, queued=True)
    raise _to("trial_started", f"/{form.name}/versions/{form.version}")


async def stop(request: web.Request, form: Stop) -> web.StreamResponse:
    sv = services(request)
    of = await _tenant(sv, form.tenant)
    found = await trying.shown(sv, of.id, form.trial)
    await trying.stop(sv, of.id, form.trial, admin(request).id)
    raise _to("trial_stopped", f"/{found.prompt}/versions/{found.version}")


def trial_line(trial: trials.Trial) -> TrialLine:
    text_, tone = words.TRIAL_STATES[trial.state]
    return TrialLine(trial=trial, chip=text_, tone=tone)


async def _tenant(sv: Services, slug: str) -> Tenant:
    async with sv.platform.read() as tx:
        found = await tenants.by_slug(tx, slug)
    if found is None:
        raise NotFound(_("There is no such tenant."))
    return found


def _to(said: str, path: str = "") -> web.HTTPSeeOther:
    return web.HTTPSeeOther(f"{HERE}{path}?{urlencode({'said': said})}")


def _title(name: str) -> str:
    return trace_words.stage(name)


def _line(shelf: Shelf, one: Version) -> VersionLine:
    chip, tone = _("older"), "plain"
    if one.live:
        chip, tone = (_("live, pinned") if shelf.pinned else _("live")), "good"
    elif one.candidate:
        chip, tone = _("candidate"), "live"
    elif one.version == shelf.newest:
        chip, tone = _("newest"), "warn"
    figure = one.figure
    return VersionLine(
        of=one,
        chip=chip,
        tone=tone,
        repaired=f"{figure.repairs / figure.calls:.1%}" if figure else "",
        refused=f"{figure.refused / figure.calls:.1%}" if figure else "",
    )
