"""Which models answer for a tenant, and what that costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from cid.domain.errors import Refused
from cid.flows import choices
from cid.store import money
from cid.web.keys import actor, services
from cid.web.money_views import Chain, CostsView, day_bars, gauges, models_view
from cid.web.render import page

if TYPE_CHECKING:
    from cid.domain.tenants import Actor

DRAFTS, TROUBLED = 20, 20


async def shown(request: web.Request) -> web.StreamResponse:
    return await _shown(request)


async def _shown(request: web.Request, problem: str = "", status: int = 200) -> web.Response:
    tenant = actor(request).tenant
    found = await choices.standing(services(request), tenant)
    return page(request, "models.html", models_view(found, problem=problem, sample=tenant.sample), status)


async def chain(request: web.Request, form: Chain) -> web.StreamResponse:
    who: Actor = actor(request)
    try:
        await choices.choose(services(request), who.user.id, who.tenant, form.tier, form.names)
    except Refused as refused:
        return await _shown(request, refused.public, 422)
    raise web.HTTPSeeOther(f"/t/{who.tenant.slug}/models?said=models_chosen")


async def costs(request: web.Request) -> web.StreamResponse:
    sv, tenant = services(request), actor(request).tenant
    found = await choices.standing(sv, tenant)
    async with sv.db.read(tenant.id) as tx:
        days = await money.by_day(tx, tenant.id)
        bars, most = day_bars(days)
        view = CostsView(
            gauges=gauges(found.gauges),
            notices=found.notices,
            held=found.held,
            bars=bars,
            most=most,
            total=sum((day.spent for day in days), start=most * 0),
            stages=await money.by_stage(tx, tenant.id),
            models=await money.by_model(tx, tenant.id),
            drafts=await money.by_draft(tx, tenant.id, DRAFTS),
            troubled=await money.troubled(tx, tenant.id, TROUBLED),
        )
    return page(request, "costs.html", view)
