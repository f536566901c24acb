"""Every newsroom, for those who run the desk."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from cid.domain.errors import NotFound, Refused
from cid.domain.ids import HOUSE
from cid.domain.tenants import Tenant
from cid.flows import tenant as flow
from cid.services import Services
from cid.store import tenants
from cid.web.forms import text
from cid.web.keys import admin, services
from cid.web.render import page
from cid.web.tenant_views import PlatformTenantsView


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    tenant: str = text(longest=40)
    reason: str = text(default="", longest=1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    tenant: str = text(longest=40)


async def listed(request: web.Request) -> web.StreamResponse:
    return await _listed(request)


async def _listed(request: web.Request, problem: str = "") -> web.Response:
    async with services(request).platform.read() as tx:
        rows = await tenants.standing(tx)
    return page(
        request, "platform_tenants.html", PlatformTenantsView(rows=rows, problem=problem), 422 if problem else 200
    )


async def pause(request: web.Request, form: Pause) -> web.StreamResponse:
    sv = services(request)
    try:
        await flow.pause(sv, await _tenant(sv, form.tenant), admin(request).id, form.reason)
    except NotFound:
        raise
    except Refused as refused:
        return await _listed(request, refused.public)
    raise web.HTTPSeeOther("/platform/tenants?said=tenant_paused")


async def resume(request: web.Request, form: Resume) -> web.StreamResponse:
    sv = services(request)
    try:
        await flow.resume(sv, await _tenant(sv, form.tenant), admin(request).id)
    except NotFound:
        raise
    except Refused as refused:
        return await _listed(request, refused.public)
    raise web.HTTPSeeOther("/platform/tenants?said=tenant_resumed")


async def _tenant(sv: Services, slug: str) -> Tenant:
    """Raises NotFound."""
    async with sv.platform.read() as tx:
        found = await tenants.by_slug(tx, slug)
    if found is None or found.id == HOUSE:
        raise NotFound
    return found
