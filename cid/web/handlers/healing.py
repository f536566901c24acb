"""What people do about sources that failed: restore them, or take what was found to replace them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn
from uuid import UUID

from aiohttp import web

from cid.domain.ids import SourceId
from cid.flows import heal
from cid.web.forms import Nothing
from cid.web.keys import actor, services


@dataclass(frozen=True, slots=True, kw_only=True)
class Itself:
    """Whether tested replacements are taken without asking."""

    wanted: bool = False


async def restore(request: web.Request, _: Nothing) -> web.StreamResponse:
    who = actor(request)
    await heal.restore(services(request), who.tenant.id, SourceId(_id(request)), who)
    _back(request, "source_restored")


async def itself(request: web.Request, form: Itself) -> web.StreamResponse:
    who = actor(request)
    await heal.set_itself(services(request), who.tenant.id, SourceId(_id(request)), who, wanted=form.wanted)
    _back(request, "source_itself_on" if form.wanted else "source_itself_off")


async def themselves(request: web.Request, form: Itself) -> web.StreamResponse:
    who = actor(request)
    await heal.set_itself(services(request), who.tenant.id, None, who, wanted=form.wanted)
    _back(request, "sources_itself_on" if form.wanted else "sources_itself_off")


async def take(request: web.Request, _: Nothing) -> web.StreamResponse:
    who = actor(request)
    await heal.take(services(request), who.tenant.id, _id(request), who)
    _back(request, "proposal_taken")


async def reject(request: web.Request, _: Nothing) -> web.StreamResponse:
    who = actor(request)
    await heal.reject(services(request), who.tenant.id, _id(request), who)
    _back(request, "proposal_rejected")


def _id(request: web.Request) -> UUID:
    return UUID(request.match_info["id"])


def _back(request: web.Request, said: str) -> NoReturn:
    raise web.HTTPSeeOther(f"/t/{actor(request).tenant.slug}/sources?said={said}")
