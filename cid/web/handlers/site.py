"""The sites that the desk publishes, read by anybody."""

from __future__ import annotations

from aiohttp import web

from cid.domain.errors import NotFound
from cid.domain.images import ENDINGS
from cid.domain.publication import ChannelKind
from cid.ports import Projection
from cid.render.page import POLICY
from cid.web.keys import services

TYPES = {"html": "text/html", "xml": "application/rss+xml"} | {ending: mime for mime, ending in ENDINGS.items()}


async def bare(request: web.Request) -> web.StreamResponse:
    raise web.HTTPMovedPermanently(f"/site/{request.match_info['tenant']}/")


async def file(request: web.Request) -> web.StreamResponse:
    name = request.match_info["path"] or "index.html"
    place = services(request).outside.channels.get(ChannelKind.SITE)
    if not isinstance(place, Projection):
        raise NotFound
    body = await place.read(request.match_info["tenant"], name)
    if body is None:
        raise NotFound
    kind = TYPES[name.rpartition(".")[2]]
    return web.Response(
        body=body,
        content_type=kind,
        charset=None if kind in ENDINGS else "utf-8",
        headers={
            "Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'",
            "Cache-Control": "public, max-age=60",
            "Referrer-Policy": "strict-origin-when-cross-origin",
        },
    )
