"""What the doubles of the batch APIs have in common: batches that a test ends as it likes, and requests that fail."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias

from aiohttp import web

from cid.domain.llm import Usage
from tests.vendor import Body, Double, Failed, Said, Speech

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]
Fault: TypeAlias = Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@dataclass
class Made:
    """One batch as the vendor has it."""

    id: str
    key: str
    """The mark that was sent along, where there is a place for one."""
    model: str
    requests: dict[str, Body]
    """By our ids, in the order of the request."""
    replies: dict[str, tuple[dict[str, Any], Usage]]
    """What each of them gets when all goes well, and what it is told to have used."""
    created: datetime = NOW
    state: str = "running"
    """running, cancelling, ended, failed, expired or cancelled."""


@dataclass
class Vendor:
    counts: Double
    """Counts tokens, and has the vendor's wire of a request asked alone."""
    prefix: str = ""
    """Of its batches' ids."""
    url: str = ""
    made: list[Made] = field(default_factory=list)
    """Oldest first."""
    outcomes: dict[str, str] = field(default_factory=dict)
    """By our id: errored, refused, expired, cancelled or garbled; what is not named is answered well."""
    left_out: set[str] = field(default_factory=set)
    also: list[str] = field(default_factory=list)
    """Ids whose results are told once more, be they of this batch or of nobody's."""
    script: list[Fault | None] = field(default_factory=list)
    """What the next requests get, in order; None and what comes after it are answered well."""
    asked: list[str] = field(default_factory=list)
    """Method and path, in order."""
    wrong: list[str] = field(default_factory=list)
    """What of a request the API would have refused, and what of a reply the SDK's own types refuse."""
    page: int = 1000
    """How many batches a listing shows at once."""
    now: datetime = NOW
    silent: bool = False
    """Whether results come without our ids, where the vendor is known to forget them: then in the requests' order."""

    @property
    def speech(self) -> Speech:
        return self.counts.speech

    def add(self, request: web.Request, key: str, model: str, requests: dict[str, Body]) -> Made:
        replies = {}
        for call, body in requests.items():
            self.wrong += self.speech.wrong(request, body)
            text = json.dumps({"answers": self.speech.rows(body)})
            usage = self.counts.count(body, text)
            replies[call] = (self.speech.reply(body, Said(text=text), usage), usage)
            self.speech.judge(replies[call][0])
        batch = Made(f"{self.prefix}batch-{len(self.made) + 1}", key, model, requests, replies, self.now)
        self.made.append(batch)
        return batch

    def get(self, id_: str) -> Made | None:
        return next((batch for batch in self.made if batch.id == self.prefix + id_), None)

    def told(self, batch: Made) -> list[str]:
        """Whose results are told, and in what order: never that of the requests."""
        order = list(batch.requests) if self.silent else list(reversed(batch.requests))
        return [call for call in order if call not in self.left_out] + self.also

    def outcome(self, batch: Made, call: str) -> str:
        """A batch that was given up has answered its first request only."""
        given_up = batch.state in {"expired", "cancelled"} and call != next(iter(batch.requests))
        return self.outcomes.get(call, batch.state if given_up else "done")

    def reply(self, batch: Made, call: str) -> dict[str, Any]:
        if self.outcome(batch, call) == "garbled":
            return {"ok": True}
        return batch.replies.get(call, next(iter(batch.replies.values())))[0]

    def used(self) -> list[tuple[Body, Usage]]:
        """What the vendor bills: every request that it answered."""
        return [
            (batch.requests[call], usage)
            for batch in self.made
            for call, (_, usage) in batch.replies.items()
            if batch.state not in {"running", "failed"} and self.outcome(batch, call) in {"done", "garbled"}
        ]

    def posts(self) -> int:
        return sum(line.startswith("POST ") for line in self.asked)

    def answer(self, status: int, *, wait_s: float | None = None) -> web.Response:
        told = self.speech.error(Failed(status=status, kind="spent" if status == 402 else "", wait_s=wait_s))
        return web.json_response(told.body, status=told.status, headers=told.headers)

    def refused(self, status: int, *, wait_s: float | None = None) -> Fault:
        """Nothing is done, and the answer says so."""

        async def fault(_request: web.Request, _handler: Handler) -> web.StreamResponse:
            return self.answer(status, wait_s=wait_s)

        return fault


@asynccontextmanager
async def serve(vendor: Vendor, routes: list[web.RouteDef]) -> AsyncIterator[Vendor]:
    @web.middleware
    async def faulty(request: web.Request, handler: Handler) -> web.StreamResponse:
        vendor.asked.append(f"{request.method} {request.path}")
        fault = vendor.script.pop(0) if vendor.script else None
        return await (fault(request, handler) if fault else handler(request))

    app = web.Application(middlewares=[faulty], client_max_size=50_000_000)
    app.add_routes(routes)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    vendor.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield vendor
    finally:
        await runner.cleanup()


# ------------------------------------------------------------------------------------------------------------- faults


async def lost(request: web.Request, handler: Handler) -> web.StreamResponse:
    """It is done, and the answer never arrives."""
    await handler(request)
    _hang_up(request)
    return web.Response()


async def stumbled(request: web.Request, handler: Handler) -> web.StreamResponse:
    """It is done, and the answer says that something went wrong."""
    await handler(request)
    return web.json_response({"error": {"message": "no", "type": "api_error", "code": 500}}, status=500)


async def page(request: web.Request, handler: Handler) -> web.StreamResponse:
    """It is done, and a proxy's page arrives."""
    await handler(request)
    return web.Response(text="<html>Sign in</html>", content_type="text/html")


async def other(request: web.Request, handler: Handler) -> web.StreamResponse:
    """It is done, and what arrives is JSON, but of another shape."""
    await handler(request)
    return web.json_response({"ok": True})


async def halved(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The connection breaks in the middle of the answer."""
    whole = await handler(request)
    assert isinstance(whole, web.Response) and isinstance(whole.body, bytes)
    part = web.StreamResponse(headers={"content-type": whole.content_type, "content-length": str(len(whole.body))})
    await part.prepare(request)
    await part.write(whole.body[: len(whole.body) * 2 // 3])
    _hang_up(request)
    return part


def _hang_up(request: web.Request) -> None:
    assert request.transport
    request.transport.abort()
