"""A process that publishes: the product's own flow and adapter, to a WordPress on loopback, real or not."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from cid.cli.up import signals
from cid.domain.jobs import JobKind
from cid.domain.publication import ChannelKind
from cid.flows import publish
from cid.outside.clock import SystemClock
from cid.outside.http import GuardedHttp
from cid.pg.pool import AppDb, WorkerDb, open_pool
from cid.queue import backoff
from cid.services import Outside
from cid.workers.main import Crew, Process
from cid.workers.table import Handler
from tests.chaos.worker import Orders
from tests.make import services
from tests.wordpress import posts


@dataclass(frozen=True, kw_only=True)
class Told(Orders):
    """`press` is the site's `host:port`."""

    request_s: float = 2.0
    whole_s: float = 4.0


def publisher(orders: dict[str, Any]) -> None:
    """The role: until it is killed, or SIGTERM."""
    told = Told(**orders)
    backoff.FIRST = timedelta(seconds=told.first_retry_s)
    asyncio.run(_publish(told))


async def _publish(told: Told) -> None:
    clock = SystemClock()
    app = await open_pool(told.app, size=told.slots, clock=clock)
    platform = await open_pool(told.worker, size=3, clock=clock)
    async with GuardedHttp(allow_local=[told.press]) as http:
        adapter = posts.publisher(http, request_s=told.request_s, whole_s=told.whole_s)
        outside = Outside(
            http=http,
            children=posts.CHILDREN,
            sources={},
            channels={ChannelKind.WORDPRESS: adapter},
        )
        sv = replace(services(AppDb(app), WorkerDb(platform), outside=outside), clock=clock, vault=posts.VAULT)
        handler = Handler(flow=publish.publish, tries=told.tries, deadline=timedelta(seconds=30), slots=told.slots)
        crew = Crew(services=sv, dsn=told.worker, tuning=told.tuning(), table={JobKind.PUBLISH: handler})
        try:
            await Process(crew).serve(*signals())
        finally:
            for pool in (app, platform):
                pool.terminate()
