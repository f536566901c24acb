"""What the gates go by: the platform's numbers, and what the tenant turned of them."""

from __future__ import annotations

from aiohttp import web

from cid.domain.errors import Refused
from cid.flows import turning
from cid.web.gate_views import Back, Turn, gates_view
from cid.web.keys import actor, services
from cid.web.render import page


async def shown(request: web.Request) -> web.StreamResponse:
    found = await turning.standing(services(request), actor(request).tenant.id)
    return page(request, "gates.html", gates_view(found))


async def turn(request: web.Request, form: Turn) -> web.StreamResponse:
    who = actor(request)
    try:
        await turning.turn(services(request), who, form.section, form.name, form.value)
    except Refused as refused:
        found = await turning.standing(services(request), who.tenant.id)
        return page(request, "gates.html", gates_view(found, form, refused.public), 422)
    raise web.HTTPSeeOther(f"/t/{who.tenant.slug}/gates?said=gates_turned#{form.section}-{form.name}")


async def reset(request: web.Request, form: Back) -> web.StreamResponse:
    """Twice is once: whoever comes second finds it as the platform has it."""
    who = actor(request)
    await turning.reset(services(request), who, form.section, form.name)
    raise web.HTTPSeeOther(f"/t/{who.tenant.slug}/gates?said=gates_reset#{form.section}-{form.name}")
