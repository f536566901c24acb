"""For machines: whether the desk lives, whether it can serve, and the files that pages need."""

from __future__ import annotations

from aiohttp import web

from cid.domain.errors import NotFound, Upstream
from cid.pg.migrate import migrations
from cid.store import pages
from cid.web.keys import ASSETS, services


async def livez(_request: web.Request) -> web.StreamResponse:
    """The process answers. Says nothing about the database, or an outage there would get us killed for nothing."""
    return web.Response(text="ok\n")


async def readyz(request: web.Request) -> web.StreamResponse:
    """Ready: the database answers and has the migrations of this program.

    Silent workers are told and do not count: taking the pages away would hide the page that says so.
    """
    try:
        async with services(request).platform.read() as tx:
            number = await pages.migrated(tx)
            alive = sum(not process.silent for process in await pages.processes(tx))
    except Upstream:
        return web.json_response({"database": "unreachable"}, status=503)
    wanted = max(migration.number for migration in migrations())
    fits = number >= wanted
    told = {
        "database": "ok",
        "migrations": "ok" if fits else f"at {number}, this program needs {wanted}",
        "workers": alive,
    }
    return web.json_response(told, status=200 if fits else 503)


async def static(request: web.Request) -> web.StreamResponse:
    asset = request.app[ASSETS].get(request.match_info["name"])
    if asset is None:
        raise NotFound
    forever = request.query.get("v") == asset.version
    return web.Response(
        body=asset.body,
        content_type=asset.content_type,
        charset=None if asset.content_type.startswith("image/") else "utf-8",
        headers={"Cache-Control": "public, max-age=31536000, immutable" if forever else "no-cache"},
    )
