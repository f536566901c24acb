"""The outside world, which is never killed: a press that publishes, fails and loses answers, and notes who asked what.

Its notes are the truth that a run is held against. Times are of the machine's one clock (`time.time`), so that they can
be compared with the harness's kills and the database's rows.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import Counter
from typing import Any

import aiohttp
from aiohttp import web

from cid.domain.errors import Upstream

BUSY, LOST = 0.02, 0.05
"""How often the press answers 503, and how often it does what it was asked and the answer gets lost."""


class Press:
    """`refuse` the first so many requests for each work."""

    def __init__(self, *, seed: int, busy: float = BUSY, lost: float = LOST, refuse: int = 0) -> None:
        self._random = random.Random(seed)
        self._busy = busy
        self._lost = lost
        self._refuse = refuse
        self._asked: Counter[str] = Counter()
        self.posts: list[dict[str, Any]] = []
        self.by_key: dict[str, int] = {}
        self.notes: list[dict[str, Any]] = []

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/posts/{key}", self.find)
        app.router.add_post("/posts", self.create)
        app.router.add_post("/notes", self.note)
        app.router.add_get("/truth", self.truth)
        return app

    async def find(self, request: web.Request) -> web.Response:
        self._note("find", **request.query, work=request.match_info["key"])
        self._fail(request.match_info["key"])
        place = self.by_key.get(request.match_info["key"])
        return web.json_response({"place": place})

    async def create(self, request: web.Request) -> web.StreamResponse:
        """With a key: once, and the same place for whoever comes second. Without: a new one for everybody."""
        asked = await request.json()
        self._note("create", pid=asked["pid"], attempt=asked["attempt"], work=asked["work"])
        self._fail(asked["work"])
        place = self.by_key.get(asked["key"])
        if place is None:
            place = len(self.posts)
            self.posts.append(asked)
            if asked["key"]:
                self.by_key[asked["key"]] = place
        if self._random.random() < self._lost:
            assert request.transport
            request.transport.abort()
        return web.json_response({"place": place})

    async def note(self, request: web.Request) -> web.Response:
        self._note(**await request.json())
        return web.json_response({})

    async def truth(self, _request: web.Request) -> web.Response:
        return web.json_response({"posts": self.posts, "notes": self.notes})

    def _note(self, what: str, **said: Any) -> None:
        self.notes.append({"at": time.time(), "what": what, **said})

    def _fail(self, work: str) -> None:
        self._asked[work] += 1
        if self._asked[work] <= self._refuse or self._random.random() < self._busy:
            raise web.HTTPServiceUnavailable


class Line:
    """A client's line to the press. Raises Upstream for what a flow tries again."""

    def __init__(self, socket: str) -> None:
        self._socket = socket
        self._session: aiohttp.ClientSession | None = None

    async def find(self, work: str, **who: int) -> int | None:
        place: int | None = (await self._ask("GET", f"/posts/{work}", params=who))["place"]
        return place

    async def create(self, work: str, *, key: str | None, **who: int) -> int:
        return int((await self._ask("POST", "/posts", json={"work": work, "key": key, **who}))["place"])

    async def note(self, what: str, **said: Any) -> None:
        await self._ask("POST", "/notes", json={"what": what, **said})

    async def truth(self) -> Any:
        return await self._ask("GET", "/truth")

    async def posts(self) -> Counter[str]:
        """How often each work was posted."""
        return Counter(post["work"] for post in (await self.truth())["posts"])

    async def close(self) -> None:
        if self._session:
            await self._session.close()

    async def _ask(self, method: str, path: str, **given: Any) -> Any:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                "http://press",
                connector=aiohttp.UnixConnector(self._socket),
                timeout=aiohttp.ClientTimeout(total=10),
            )
        try:
            async with self._session.request(method, path, **given) as answer:
                if answer.status != 200:
                    raise Upstream(f"the press answers {answer.status}")
                return await answer.json()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Upstream(f"the press: {error!r}") from error


def ledger(orders: dict[str, Any]) -> None:
    """The role: serves on the Unix socket `socket` until it is killed."""
    socket = orders.pop("socket")

    async def serve() -> None:
        runner = web.AppRunner(Press(**orders).app(), access_log=None)
        await runner.setup()
        await web.UnixSite(runner, f"{socket}.new").start()
        os.rename(f"{socket}.new", socket)  # noqa: PTH104 - it is there only once it answers
        await asyncio.Event().wait()

    asyncio.run(serve())
