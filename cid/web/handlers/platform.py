"""What holds for all tenants, for those who run the desk."""

from __future__ import annotations

from aiohttp import web

from cid.web.render import page


async def home(_request: web.Request) -> web.StreamResponse:
    """To the first page of the platform."""
    raise web.HTTPSeeOther("/platform/models")


async def models(request: web.Request) -> web.StreamResponse:
    return page(request, "platform_models.html")
