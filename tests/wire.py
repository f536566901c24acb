"""A server on loopback that answers as it is told, address by address, and remembers what it was asked."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

Behaviour = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Asked:
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass
class Wire:
    port: int = 0
    answers: dict[str, bytes | web.Response | Behaviour] = field(default_factory=dict)
    """By path; what is not there is a 404."""
    instead: Behaviour | None = None
    """Of every path, while it is set."""
    asked: list[Asked] = field(default_factory=list)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(Asked(request.path, dict(request.query), dict(request.headers)))
        if self.instead:
            return await self.instead(request)
        answer = self.answers.get(request.path)
        match answer:
            case None:
                return web.Response(status=404)
            case bytes():
                return web.Response(body=answer)
            case web.Response():
                return web.Response(status=answer.status, body=answer.body, headers=answer.headers)
        return await answer(request)


@asynccontextmanager
async def wire() -> AsyncIterator[Wire]:
    told = Wire()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", told.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    told.port = runner.addresses[0][1]
    try:
        yield told
    finally:
        await runner.cleanup()


async def bad_gateway(_: web.Request) -> web.StreamResponse:
    return web.Response(status=502, text="bad gateway")


async def silence(_: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


async def page(_: web.Request) -> web.StreamResponse:
    return web.Response(text="<!doctype html><html><title>Welcome</title></html>", content_type="text/html")


async def nothing(_: web.Request) -> web.StreamResponse:
    return web.Response(body=b"")


async def cut_short(request: web.Request) -> web.StreamResponse:
    """Half of what it promised."""
    answer = web.StreamResponse(headers={"Content-Length": "5000"})
    await answer.prepare(request)
    with contextlib.suppress(ConnectionError):
        await answer.write(b'{"half": [')
    assert request.transport
    request.transport.abort()
    return answer
