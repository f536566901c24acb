"""Ten thousand feeds from one small process: just enough HTTP/1.1 that the desk, and not the server, is measured.

    python -m bench.farm        prints its port, serves until its standard input ends

`/set/MODE` says what the feeds answer from then on:

    first   20 entries, 21 kB
    mix     of ten feeds six say 304, three send the same bytes or only another build date, one has a new entry
    all     every feed has a new entry
"""

from __future__ import annotations

import asyncio
import re
import sys
from email.utils import formatdate

ENTRIES = 20
FILLER = "The report goes on with what was said at the meeting, by whom, and why it matters to the town. " * 10
_REQUEST = re.compile(rb"GET (\S+) HTTP/1\.1\r\n")
_TAG = re.compile(rb"\r\nif-none-match: ([^\r]+)\r\n", re.IGNORECASE)
START = 1_760_000_000


class Farm:
    def __init__(self) -> None:
        self.mode = "first"
        self.round = 0
        self.asked = 0

    def answer(self, path: str, tag: str) -> bytes:
        if path.startswith("/set/"):
            self.mode, self.round, self.asked = path.removeprefix("/set/"), self.round + 1, 0
            return _reply("200 OK", b"")
        self.asked += 1
        feed = int(path.removeprefix("/feed/"))
        kind = "changed" if self.mode == "all" else "first" if self.mode == "first" else _kind(feed)
        fresh = self.round if kind == "changed" else 0
        if kind == "304" and tag:
            return _reply("304 Not Modified", b"", f'"{feed}-0"')
        build = self.round if kind == "rebuilt" else 0
        return _reply("200 OK", _rss(feed, fresh, build), f'"{feed}-{fresh or self.round * (kind != "304")}"')


def _kind(feed: int) -> str:
    place = feed % 10
    return "304" if place < 6 else "same" if place < 8 else "rebuilt" if place == 8 else "changed"


def _rss(feed: int, fresh: int, build: int) -> bytes:
    numbers = ([ENTRIES + fresh] if fresh else []) + list(range(ENTRIES, 0, -1))
    items = "".join(
        f"<item><title>Report {number} of the town council {feed} on its harbour</title>"
        f"<link>https://paper-{feed}.example/report/{number}</link><guid>https://paper-{feed}.example/{number}</guid>"
        f"<pubDate>{formatdate(START + number * 4000)}</pubDate><description>{FILLER}</description></item>"
        for number in numbers[:ENTRIES]
    )
    return (
        f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>Paper {feed}</title>'
        f"<link>https://paper-{feed}.example/</link><description>-</description>"
        f"<lastBuildDate>{formatdate(START + build)}</lastBuildDate>{items}</channel></rss>"
    ).encode()


def _reply(status: str, body: bytes, tag: str = "") -> bytes:
    tagged = f"ETag: {tag}\r\n" if tag else ""
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/rss+xml\r\n{tagged}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class _Wire(asyncio.Protocol):
    def __init__(self, farm: Farm) -> None:
        self._farm = farm
        self._held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._held += data
        while b"\r\n\r\n" in self._held:
            request, self._held = self._held.split(b"\r\n\r\n", 1)
            found, tag = _REQUEST.match(request), _TAG.search(request + b"\r\n")
            assert found
            assert isinstance(self._transport, asyncio.Transport)
            self._transport.write(self._farm.answer(found[1].decode(), tag[1].decode() if tag else ""))


async def main() -> None:
    loop = asyncio.get_running_loop()
    farm = Farm()
    server = await loop.create_server(lambda: _Wire(farm), "127.0.0.1", 0, backlog=1000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
