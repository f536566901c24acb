"""Figures for Prometheus. The platform's, never a tenant's."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from aiohttp import web
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from cid.domain.errors import NotFound, Upstream
from cid.domain.jobs import JobKind
from cid.store import metrics as store
from cid.web.keys import services
from cid.web.measured import MEASURED, exposition

if TYPE_CHECKING:
    from datetime import datetime

    from cid.store.metrics import Figures

WINDOW = timedelta(hours=1)


async def shown(request: web.Request) -> web.StreamResponse:
    """Raises NotFound for everybody who may not see them, which is all that they learn."""
    if not _may(request):
        raise NotFound
    measured, sv = request.app[MEASURED], services(request)
    async with measured.busy:  # many who scrape at once ask the database once
        if not measured.fresh():
            figures = await _figures(request)
            measured.text = await asyncio.to_thread(exposition, figures, measured, sv.db, sv.platform)
            measured.made = asyncio.get_running_loop().time()
    return web.Response(body=measured.text, headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})


async def _figures(request: web.Request) -> Figures | None:
    sv = services(request)
    try:
        async with sv.platform.read() as tx:
            return await store.figures(tx, [kind.value for kind in JobKind], _first_id(sv.clock.now() - WINDOW))
    except Upstream:
        return None


def _first_id(at: datetime) -> UUID:
    """The least UUIDv7 of that moment."""
    return UUID(int=int(at.timestamp() * 1000) << 80)


def _may(request: web.Request) -> bool:
    """By a token where one is set; without one only from this very machine, and past no proxy."""
    token = services(request).metrics_token
    if token:
        said = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        return hmac.compare_digest(said, f"Bearer {token}".encode())
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    try:
        return ipaddress.ip_address(request.remote or "").is_loopback
    except ValueError:
        return False
