"""A run as a file, by a plain link."""

from __future__ import annotations

from uuid import UUID

from aiohttp import web

from cid.domain.ids import RunId
from cid.flows import briefing_export
from cid.web.downloads import download
from cid.web.keys import actor, services


async def file(request: web.Request) -> web.StreamResponse:
    who, run = actor(request), RunId(UUID(request.match_info["run"]))
    form = request.query.get("format", "json")
    return download(await briefing_export.export(services(request), who.tenant, run, form, by=who.user.id))
