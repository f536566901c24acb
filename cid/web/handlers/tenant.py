"""A tenant's settings: its profile, its name, zone and desks, its rest, and its end."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from cid.domain.errors import Refused
from cid.domain.tenants import Desk
from cid.flows import exports
from cid.flows import tenant as flow
from cid.store import audit, tenants
from cid.store.audit import Which
from cid.text import zones
from cid.web import audit_words
from cid.web.forms import Nothing, text
from cid.web.keys import actor, services
from cid.web.render import page
from cid.web.tenant_views import GROUPS, LISTS, GeneralView, ProfileView, profile_of, spelled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cid.domain.tenants import Profile

HISTORY = 10
STALLED_S = 60.0
"""How long the reader of an export may take for what was read for it at once."""
LIST = 20_000
"""Characters of a posted list: more than fits into a profile, so that the sentence about it can say how much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileForm:
    """Lists have an entry a line."""

    industry: str = text(default="")
    language: str = text(default="")
    geography: str = text(default="", lines=True, longest=LIST)
    keywords: str = text(default="", lines=True, longest=LIST)
    excluded: str = text(default="", lines=True, longest=LIST)
    primary_audience: str = text(default="", lines=True, longest=LIST)
    secondary_audience: str = text(default="", lines=True, longest=LIST)
    pain_points: str = text(default="", lines=True, longest=LIST)
    business_goal: str = text(default="", lines=True, longest=LIST)
    preferred_angles: str = text(default="", lines=True, longest=LIST)
    avoided_angles: str = text(default="", lines=True, longest=LIST)
    voice: str = text(default="", lines=True, longest=LIST)


@dataclass(frozen=True, slots=True, kw_only=True)
class General:
    name: str = text(default="", longest=300)
    zone: str = text(default="", longest=100)
    publishing: bool = False
    tracker: bool = False
    analysis: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    reason: str = text(default="", longest=1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    typed: str = text(default="", longest=100)


async def profile(request: web.Request) -> web.StreamResponse:
    return await _profile(request)


async def _profile(
    request: web.Request,
    typed: Mapping[str, str] | None = None,
    refused: Refused | None = None,
) -> web.Response:
    tenant, sv = actor(request).tenant.id, services(request)
    async with sv.db.read(tenant) as tx:
        stands = await tenants.profile(tx, tenant)
        lines = await audit.found(tx, Which(tenant=tenant, action="tenant.profile"), HISTORY)
        names = await audit.names(tx, {line.user_id for line in lines if line.user_id})
    view = ProfileView(
        groups=GROUPS,
        values=typed or spelled(stands),
        wrong=refused.wrong if isinstance(refused, flow.Unfit) else {},
        problem=refused.public if refused else "",
        history=[audit_words.view(line, names) for line in lines],
        lists=_lists(stands),
    )
    return page(request, "tenant.html", view, 422 if refused else 200)


def _lists(profile: Profile) -> dict[str, tuple[str, ...]]:
    return {name: getattr(profile, name) for name in LISTS}


async def set_profile(request: web.Request, form: ProfileForm) -> web.StreamResponse:
    who, typed = actor(request), asdict(form)
    try:
        changed = await flow.set_profile(services(request), who, profile_of(typed))
    except Refused as refused:
        return await _profile(request, typed, refused)
    raise web.HTTPSeeOther(f"/t/{who.tenant.slug}/tenant?said={'saved' if changed else 'same'}")


async def general(request: web.Request) -> web.StreamResponse:
    return await _general(request)


async def _general(request: web.Request, form: General | None = None, problem: str = "") -> web.Response:
    who, sv = actor(request), services(request)
    tenant = who.tenant.id
    async with sv.db.read(tenant) as tx:
        desks = await tenants.desks(tx, tenant)
        held = await tenants.held_back(tx, tenant) if who.tenant.paused_at else {}
        wish = await tenants.deletion(tx, tenant)
        live = await tenants.live_by_channel(tx, tenant)
        paused = await audit.found(tx, Which(tenant=tenant, action="tenant.paused"), 1) if who.tenant.paused_at else []
        people = {line.user_id for line in paused if line.user_id} | ({wish.by} if wish and wish.by else set())
        names = await audit.names(tx, people)
    view = GeneralView(
        name=form.name if form else who.tenant.name,
        zone=form.zone if form else who.tenant.zone,
        desks=[desk for desk in Desk if getattr(form, desk)] if form else desks,
        zones=zones.names(),
        problem=problem,
        held=sorted(held.items()),
        paused_by=names.get(paused[0].user_id, "") if paused and paused[0].user_id else "",
        deletion=wish,
        deletion_by=names.get(wish.by, "") if wish and wish.by else "",
        live=live,
    )
    return page(request, "tenant_general.html", view, 422 if problem else 200)


async def set_general(request: web.Request, form: General) -> web.StreamResponse:
    who = actor(request)
    desks = [desk for desk in Desk if getattr(form, desk)]
    try:
        changed = await flow.set_general(services(request), who, name=form.name, zone=form.zone, desks=desks)
    except Refused as refused:
        return await _general(request, form, refused.public)
    raise web.HTTPSeeOther(f"/t/{who.tenant.slug}/general?said={'saved' if changed else 'same'}")


async def pause(request: web.Request, form: Pause) -> web.StreamResponse:
    who = actor(request)
    try:
        await flow.pause(services(request), who.tenant, who.user.id, form.reason)
    except Refused as refused:
        return await _general(request, None, refused.public)
    raise web.HTTPSeeOther(f"/t/{who.tenant.slug}/general?said=tenant_paused")


async def resume(request: web.Request, _: Nothing) -> web.StreamResponse:
    who = actor(request)
    await flow.resume(services(request), who.tenant, who.user.id)
    raise web.HTTPSeeOther(f"/t/{who.tenant.slug}/general?said=tenant_resumed")


async def ask_deletion(request: web.Request, form: Deletion) -> web.StreamResponse:
    who = actor(request)
    try:
        await flow.ask_deletion(services(request), who, form.typed)
    except Refused as refused:
        return await _general(request, None, refused.public)
    raise web.HTTPSeeOther(f"/t/{who.tenant.slug}/general?said=deletion_asked")


async def withdraw_deletion(request: web.Request, _: Nothing) -> web.StreamResponse:
    who = actor(request)
    await flow.withdraw_deletion(services(request), who)
    raise web.HTTPSeeOther(f"/t/{who.tenant.slug}/general?said=deletion_withdrawn")


async def _given(response: web.StreamResponse, data: bytes) -> None:
    """Raises TimeoutError: whoever reads has stopped."""
    async with asyncio.timeout(STALLED_S):
        await response.write(data)


async def export(request: web.Request, _: Nothing) -> web.StreamResponse:
    """Written as it is read: a tenant of a million rows takes as much room here as one of a hundred."""
    who = actor(request)
    async with aclosing(exports.archive(services(request), who.tenant, who.user.id)) as parts:
        first = await anext(parts)  # what refuses it is a page, not half a file
        response = web.StreamResponse(headers={"Content-Disposition": f'attachment; filename="{who.tenant.slug}.zip"'})
        response.content_type = "application/zip"
        await response.prepare(request)
        try:
            await _given(response, first)
            async for data in parts:
                await _given(response, data)
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()  # half a file that ends in an error, and not as if it were whole
            return response
        await response.write_eof()
    return response
