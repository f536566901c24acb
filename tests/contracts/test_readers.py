"""Whatever the other side does to a reader of sources is an outcome with a name, and never an empty success."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import web

from cid.domain.ids import TenantId
from cid.domain.news import Cause, PollOutcome, Source, SourceKind
from cid.outside.children import ChildPool
from cid.outside.http import GuardedHttp
from cid.ports import SourceReader
from cid.sources import kinds
from cid.sources.gdelt import GdeltReader, GdeltSearch
from cid.sources.gdelt_files import GdeltFiles
from cid.sources.google_news import GoogleNewsReader
from cid.sources.pace import Pace
from cid.sources.rss import RssReader
from cid.sources.serpapi import SerpApiReader
from cid.sources.telegram import TelegramReader
from cid.sources.telegram_bot import TelegramBotReader
from cid.sources.x import XReader
from tests import make
from tests.fakes import FrozenClock
from tests.press_wires import FreePurse
from tests.wire import Behaviour, Wire, bad_gateway, cut_short, nothing, page, silence, wire

UNREACHABLE, BROKEN, LIMITED, BLOCKED = (
    PollOutcome.UNREACHABLE,
    PollOutcome.BROKEN,
    PollOutcome.RATE_LIMITED,
    PollOutcome.BLOCKED,
)
SECRET = "s3cr3t-k3y"


@dataclass(frozen=True)
class World:
    http: GuardedHttp
    children: ChildPool
    folder: Path
    base: str

    def pace(self) -> Pace:
        return Pace(FrozenClock(), "it", every_s=0)


def _gdelt(world: World) -> SourceReader:
    clock = FrozenClock()
    files = GdeltFiles(world.http, world.children, clock, world.folder, world.base)
    return GdeltReader(files, world.children, GdeltSearch(world.http, world.children, clock, world.pace(), world.base))


READERS: dict[str, tuple[SourceKind, dict[str, Any], Callable[[World], SourceReader]]] = {
    "rss": (SourceKind.RSS, {}, lambda w: RssReader(w.http, w.children, FrozenClock())),
    "google_news": (
        SourceKind.GOOGLE_NEWS,
        {"query": "ferry"},
        lambda w: GoogleNewsReader(w.http, w.children, FrozenClock(), w.pace(), w.base),
    ),
    "gdelt": (SourceKind.GDELT, {"query": "ferry"}, _gdelt),
    "gdelt search": (SourceKind.GDELT, {"query": "ferry", "fallback": "doc"}, _gdelt),
    "serpapi": (
        SourceKind.SERPAPI,
        {"query": "ferry"},
        lambda w: SerpApiReader(w.http, w.children, FrozenClock(), FreePurse(), key=SECRET, base=w.base),
    ),
    "x": (
        SourceKind.X,
        {"account": "post"},
        lambda w: XReader(w.http, FrozenClock(), FreePurse(), token=SECRET, api=w.base),
    ),
    "telegram": (
        SourceKind.TELEGRAM,
        {"channel": "harbour"},
        lambda w: TelegramReader(w.http, w.children, FrozenClock(), place=w.base),
    ),
    "telegram_bot": (
        SourceKind.TELEGRAM_BOT,
        {"bot": "harbour_bot"},
        lambda w: TelegramBotReader(w.http, FrozenClock(), token=SECRET, api=w.base),
    ),
}


async def _busy(_: web.Request) -> web.StreamResponse:
    return web.Response(status=429, text="slow down", headers={"Retry-After": "120"})


async def _forbidden(_: web.Request) -> web.StreamResponse:
    return web.Response(status=403, text="no")


MISDEEDS: dict[str, tuple[Behaviour, set[PollOutcome]]] = {
    "bad gateway": (bad_gateway, {UNREACHABLE}),
    "silence": (silence, {UNREACHABLE}),
    "a web page": (page, {BROKEN, BLOCKED}),
    "nothing": (nothing, {BROKEN}),
    "cut short": (cut_short, {BROKEN}),
    "too many requests": (_busy, {LIMITED}),
    "forbidden": (_forbidden, {BLOCKED}),
}


@pytest.fixture
async def server() -> AsyncIterator[Wire]:
    async with wire() as told:
        yield told


@pytest.fixture
async def world(server: Wire, tmp_path: Path) -> AsyncIterator[World]:
    allowed = [f"127.0.0.1:{server.port}", "127.0.0.1:1"]
    async with GuardedHttp(allow_local=allowed, read_s=0.3) as http, ChildPool(size=1) as children:
        yield World(http, children, tmp_path, server.base)


def source(name: str, base: str) -> Source:
    kind, config, _ = READERS[name]
    url = f"{base}/feed" if kind is SourceKind.RSS else f"{kind}:x"
    return make.polled_source(url, kind=kind, config=config, tenant_id=TenantId(uuid4()))


@pytest.mark.parametrize("misdeed", MISDEEDS)
@pytest.mark.parametrize("name", READERS)
async def test_each_misdeed_has_its_outcome_and_its_cause(world: World, server: Wire, name: str, misdeed: str) -> None:
    server.instead, outcomes = MISDEEDS[misdeed]
    polled = await READERS[name][2](world).poll(source(name, world.base))
    assert polled.outcome in outcomes, polled
    assert polled.detail
    assert polled.entries == ()
    assert (polled.etag, polled.body_sha) == ("", None)
    assert "127.0.0.1" not in polled.detail
    assert SECRET not in polled.detail
    if name != "rss":
        assert polled.cause not in {None, Cause.INTERNAL, Cause.NEW}
    assert server.asked


@pytest.mark.parametrize("name", READERS)
async def test_nobody_there_is_unreachable(world: World, name: str) -> None:
    nowhere = World(world.http, world.children, world.folder, "http://127.0.0.1:1")
    polled = await READERS[name][2](nowhere).poll(source(name, nowhere.base))
    assert (polled.outcome, polled.entries) == (UNREACHABLE, ())


@pytest.mark.parametrize("name", [name for name, (kind, _, _) in READERS.items() if kind is not SourceKind.RSS])
async def test_settings_of_another_time_are_said_and_nothing_is_asked(world: World, server: Wire, name: str) -> None:
    kind, _, reader = READERS[name]
    stale = make.polled_source(f"{kind}:x", kind=kind, config={"gone": "by"}, tenant_id=TenantId(uuid4()))
    polled = await reader(world).poll(stale)
    assert (polled.outcome, polled.cause, server.asked) == (BROKEN, Cause.CONFIG, [])


def test_every_kind_that_can_be_added_is_in_this_suite() -> None:
    told = {kind for kind, _, _ in READERS.values()}
    assert set(kinds.OFFERED) - told <= {SourceKind.PAGE}, "pages have a suite of their own"
