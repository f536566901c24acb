"""The settings of disclosure, and of links in mails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from cid.domain.errors import Refused
from cid.domain.publication import Disclosure
from cid.flows import disclosures as flow
from cid.render.disclosure import phrases
from cid.store import disclosures, tenants
from cid.store.disclosures import Own
from cid.web import doors
from cid.web.forms import text
from cid.web.keys import actor, services
from cid.web.render import page


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Modes of channels come beside these, as `channel-ID`."""

    mode: Disclosure
    responsible: str = text(default="", longest=200)
    review_seconds: int = 60
    link_hours: int = 72


@dataclass(frozen=True, slots=True, kw_only=True)
class DisclosureView:
    terms: disclosures.Terms
    channels: Sequence[Own]
    discloses: str
    """The sentence that readers see, in the tenant's language."""
    answers: str
    problem: str


async def shown(request: web.Request) -> web.StreamResponse:
    return await _page(request)


async def change(request: web.Request, form: Terms) -> web.StreamResponse:
    who, posted = actor(request), await doors.posted(request)
    terms = disclosures.Terms(
        disclosure=form.mode,
        responsible=form.responsible,
        review_seconds=form.review_seconds,
        link_hours=form.link_hours,
    )
    async with services(request).db.read(who.tenant.id) as tx:
        there = await disclosures.of_channels(tx, tx.tenant)
    known = {str(mode): mode for mode in Disclosure}
    own = {channel.id: known.get(str(posted[name])) for channel in there if (name := f"channel-{channel.id}") in posted}
    try:
        await flow.change(services(request), who, terms, own)
    except Refused as refused:
        return await _page(request, terms, refused.public, 422)
    raise web.HTTPSeeOther(f"/t/{who.tenant.slug}/disclosure?said=disclosure")


async def _page(
    request: web.Request, typed: disclosures.Terms | None = None, problem: str = "", status: int = 200
) -> web.Response:
    who = actor(request)
    async with services(request).db.read(who.tenant.id) as tx:
        terms = await disclosures.terms(tx, tx.tenant)
        channels = await disclosures.of_channels(tx, tx.tenant)
        said = phrases((await tenants.profile(tx, tx.tenant)).language)
    view = DisclosureView(
        terms=typed or terms,
        channels=channels,
        discloses=f"{said['model'].format(model='…', basis=said['listed'])} "
        f"{said['approved'].format(site=who.tenant.name)}",
        answers=said["responsible"].format(responsible=(typed or terms).responsible or "…"),
        problem=problem,
    )
    return page(request, "disclosure.html", view, status)
