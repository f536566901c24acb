"""What every reader of accounts, channels and pages promises, whatever stands at the other end of the wire: an outcome
with a name, nothing invented, no secret told, and a cursor that goes on from where it was."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from cid.domain.ids import CallId, TenantId
from cid.domain.news import PollOutcome, Source, SourceKind
from cid.domain.paid import Opened, Order, Outcome
from cid.outside.children import ChildPool
from cid.outside.http import GuardedHttp
from cid.outside.pages import PageReader
from cid.ports import Children, Http, SourceReader
from cid.sources import page, telegram, telegram_bot, x
from tests import make
from tests.fakes import FrozenClock
from tests.hostile import STEADY

SECRET = "4815162342:AAF-secret-that-nobody-may-see"


class OpenPurse:
    """Money is no matter here."""

    async def open(self, order: Order) -> Opened:
        return Opened(call=CallId(uuid4()))

    async def close(self, order: Order, call: CallId, outcome: Outcome) -> None:
        assert outcome.units == {}, "nothing came that could be charged"


@dataclass
class Wire:
    """Answers every request with the same bytes; None: nothing, and the connection is reset."""

    said: bytes | None = b""
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            if self.said is None:
                writer.transport.abort()
            else:
                writer.write(self.said)
                await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@asynccontextmanager
async def a_wire() -> AsyncIterator[Wire]:
    wire = Wire()
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()
        await server.wait_closed()


def _x(http: Http, _children: Children, at: str) -> SourceReader:
    return x.XReader(http, FrozenClock(), OpenPurse(), token=SECRET, api=at)


def _telegram(http: Http, children: Children, at: str) -> SourceReader:
    return telegram.TelegramReader(http, children, FrozenClock(), place=at)


def _bot(http: Http, _children: Children, at: str) -> SourceReader:
    return telegram_bot.TelegramBotReader(http, FrozenClock(), token=SECRET, api=at)


def _page(http: Http, children: Children, _at: str) -> SourceReader:
    clock = FrozenClock()
    return page.ListReader(http, children, clock, PageReader(http, children, clock))


READERS: dict[SourceKind, tuple[Callable[[Http, Children, str], SourceReader], dict[str, Any], str]] = {
    SourceKind.X: (_x, {"account": "harbour"}, '{"user": "11", "since": "12", "call": ""}'),
    SourceKind.TELEGRAM: (_telegram, {"channel": "harbour"}, "12"),
    SourceKind.TELEGRAM_BOT: (_bot, {"bot": "harbourbot"}, '{"bot": "harbourbot", "offset": 12}'),
    SourceKind.PAGE: (_page, {"item": "article"}, "12"),
}
ANSWERS: dict[str, bytes | None] = {
    **{name: STEADY[name] for name in ("500", "503-page", "401", "403", "404", "410", "429-date", "400", "204")},
    **{name: STEADY[name] for name in ("html", "to-metadata", "bomb", "gzip-cut", "short-body", "http09")},
    **{name: STEADY[name] for name in ("giant-tag", "200-empty")},
    "deep": b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"[" * 200_000,
    "other": b'HTTP/1.1 200 OK\r\nContent-Length: 36\r\n\r\n{"ok": true, "data": 1, "result": 7}',
    "list": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
    "nul": b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\0\0\0\0",
    "reset": None,
}  # fmt: skip


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    async with a_wire() as made:
        yield made


def source(kind: SourceKind, wire: Wire, config: dict[str, Any], cursor: str) -> Source:
    url = f"http://127.0.0.1:{wire.port}/news" if kind is SourceKind.PAGE else "https://there.test/"
    return make.polled_source(url, kind=kind, config=config, cursor=cursor, tenant_id=TenantId(uuid4()))


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("kind", READERS)
async def test_whatever_comes_is_an_outcome_with_a_name(wire: Wire, kind: SourceKind, answer: str) -> None:
    make_reader, config, cursor = READERS[kind]
    wire.said = ANSWERS[answer]
    at = f"http://127.0.0.1:{wire.port}"
    async with GuardedHttp(allow_local=[f"127.0.0.1:{wire.port}"]) as http, ChildPool(size=1) as children:
        polled = await make_reader(http, children, at).poll(source(kind, wire, config, cursor))
    assert polled.entries == ()
    assert polled.outcome not in {PollOutcome.NEW, PollOutcome.EMPTY}
    assert polled.cause is not None
    assert polled.detail
    assert polled.cursor is None or "12" in polled.cursor, "what was not read is read the next time"
    assert SECRET not in repr(polled)
    assert "127.0.0.1" not in polled.detail


@pytest.mark.parametrize("kind", READERS)
async def test_settings_that_cannot_be_are_named_before_anything_is_sent(wire: Wire, kind: SourceKind) -> None:
    make_reader, _config, _cursor = READERS[kind]
    async with GuardedHttp() as http, ChildPool(size=1) as children:
        reader = make_reader(http, children, f"http://127.0.0.1:{wire.port}")
        polled = await reader.poll(source(kind, wire, {"nonsense": 1}, ""))
    assert (polled.outcome, str(polled.cause)) == (PollOutcome.BROKEN, "config")


@pytest.mark.parametrize("cursor", ["", "nonsense", "[]", '{"user": 1, "since": [], "offset": "x"}', "9" * 400, "²"])
@pytest.mark.parametrize("kind", READERS)
async def test_a_cursor_that_is_none_of_ours_is_a_beginning(wire: Wire, kind: SourceKind, cursor: str) -> None:
    make_reader, config, _cursor = READERS[kind]
    wire.said = STEADY["500"]
    async with GuardedHttp(allow_local=[f"127.0.0.1:{wire.port}"]) as http, ChildPool(size=1) as children:
        reader = make_reader(http, children, f"http://127.0.0.1:{wire.port}")
        polled = await reader.poll(source(kind, wire, config, cursor))
    assert polled.outcome is PollOutcome.UNREACHABLE
