"""A double of the Messages API that counts: three bytes are a token (four on older tokenizers, which count three tokens
where the current ones count four), a marked prefix of 512 tokens or more is cached for five minutes, and what an answer
says is as long as such answers are.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from aiohttp import web

from cid.domain.llm import Price, Usage, cost
from tests.claude import Claude
from tests.vendor import Said

SPEECH = Claude()

BYTES_PER_TOKEN = 3
SMALLEST_PREFIX = 512
CACHED_S = 300.0
SUMMARY = "a sentence of about this length says what happened, where, to whom and since when, and no more than that. "


@dataclass
class Meter:
    price: Callable[[str, int], Price]
    """Model and tokens of a prompt → its price."""
    thinks_s: float = 0.0
    """The longest that it takes for an answer."""
    url: str = ""
    requests: int = 0
    used: Usage = field(default_factory=Usage)
    dollars: Decimal = Decimal(0)
    _cached: dict[tuple[str, str], float] = field(default_factory=dict)
    _chance: random.Random = field(default_factory=lambda: random.Random(7))

    async def messages(self, request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        text = json.dumps({"answers": [_filled(one) for one in SPEECH.rows(body)]}, separators=(",", ":"))
        usage = self._count(body, text)
        self.requests += 1
        self.used = _sum(self.used, usage)
        self.dollars += cost(self.price(body["model"], usage.prompt), usage)
        if self.thinks_s:
            await asyncio.sleep(self._chance.random() * self.thinks_s)
        return web.json_response(SPEECH.reply(body, Said(text=text), usage))

    def _count(self, body: Mapping[str, Any], reply: str) -> Usage:
        """Prefixes end at marked blocks; the longest one alive is read, the rest up to the last is written."""
        prefix, ends = _text(body["tools"]), []
        for block in body["system"]:
            prefix += block["text"]
            if "cache_control" in block and _tokens(prefix) >= SMALLEST_PREFIX:
                ends.append(prefix)
        now = time.monotonic()
        alive = [end for end in ends if now - self._cached.get((body["model"], end), -CACHED_S) < CACHED_S]
        read = _tokens(alive[-1]) if alive else 0
        cacheable = _tokens(ends[-1]) if ends else 0
        for end in ends:
            self._cached[body["model"], end] = now
        rest = _tokens(prefix + _text(body["messages"]) + _text(body["output_config"]))
        return Usage(
            input=rest - cacheable, cache_read=read, cache_write=cacheable - read, output=max(1, _tokens(reply))
        )


def _tokens(text: str) -> int:
    return len(text.encode()) // BYTES_PER_TOKEN


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _filled(answer: dict[str, Any]) -> dict[str, Any]:
    """A smallest answer is shorter than any real one."""
    return {**answer, **({"summary": SUMMARY * 2} if "summary" in answer else {})}


def _sum(one: Usage, two: Usage) -> Usage:
    names = ("input", "cache_read", "cache_write", "cache_write_1h", "output", "thinking")
    return Usage(**{name: getattr(one, name) + getattr(two, name) for name in names})


@asynccontextmanager
async def metered(price: Callable[[str, int], Price], *, thinks_s: float = 0.0) -> AsyncIterator[Meter]:
    meter = Meter(price, thinks_s)
    app = web.Application()
    app.router.add_post("/v1/messages", meter.messages)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    meter.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield meter
    finally:
        await runner.cleanup()
