"""A server that misbehaves in every way feeds do: one path per way. Real sockets, this machine only."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import io
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

FEED = (
    b'<?xml version="1.0"?><rss version="2.0"><channel><title>Harbour Post</title><link>http://www.post.test/</link>'
    b"<item><title>Ferry back in service</title><link>http://www.post.test/ferry</link><guid>1</guid></item>"
    b"</channel></rss>"
)
PAGE = b"<!doctype html><html><head><title>Welcome</title></head><body>Nothing to see</body></html>"
JSON_FEED = (
    b'{"version": "https://jsonfeed.org/version/1.1", "title": "J",'
    b' "items": [{"id": "1", "url": "http://j.test/1", "title": "One"}]}'
)

Writer = asyncio.StreamWriter
Answer = Callable[["Hostile", Writer], Awaitable[None]]


@dataclass
class Hostile:
    port: int = 0
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """Path and headers of every request."""

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/{path}"

    async def handle(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.rstrip("\r\n").split("\r\n")
            path = first.split(" ")[1].lstrip("/").partition("?")[0]
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            self.asked.append((path, headers))
            await self.answer(path, headers, writer)
            await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    async def answer(self, path: str, headers: dict[str, str], writer: Writer) -> None:
        if path.startswith("chain"):
            writer.write(_answer("302 Found", headers=[f"Location: /chain{int(path[5:] or 0) + 1}"]))
        elif path == "conditional" and headers.get("if-none-match") == '"v1"':
            writer.write(_answer("304 Not Modified", headers=['ETag: "v1"'], kind=""))
        elif path == "secret" and headers.get("authorization") != "Basic bWU6cGFzcw==":
            writer.write(_answer("401 Unauthorized", b"no"))
        elif path == "elsewhere":
            writer.write(_answer("302 Found", headers=[f"Location: http://localhost:{self.port}/echo"]))
        elif path in STEADY:
            writer.write(STEADY[path])
        else:
            await LIVELY[path](self, writer)


def _answer(
    status: str = "200 OK", body: bytes = b"", *, headers: list[str] | None = None, kind: str = "application/rss+xml"
) -> bytes:
    lines = [f"HTTP/1.1 {status}", "Connection: close", f"Content-Length: {len(body)}", *(headers or [])]
    if kind:
        lines.append(f"Content-Type: {kind}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def _zeros(megabytes: int) -> bytes:
    made = io.BytesIO()
    with gzip.GzipFile(fileobj=made, mode="wb", mtime=0) as file:
        for _ in range(megabytes):
            file.write(bytes(1 << 20))
    return made.getvalue()


def _deflated(body: bytes, window: int) -> bytes:
    packer = zlib.compressobj(wbits=window)
    return packer.compress(body) + packer.flush()


_GZIP = ["Content-Encoding: gzip"]
_BIG = gzip.compress(FEED * 50)

STEADY: dict[str, bytes] = {
    "good": _answer(body=FEED, headers=['ETag: "a"', "Last-Modified: Wed, 01 Jan 2025 00:00:00 GMT"]),
    "conditional": _answer(body=FEED, headers=['ETag: "v1"']),
    "secret": _answer(body=FEED),
    "json-as-html": _answer(body=JSON_FEED, kind="text/html"),
    "no-entries": _answer(body=b"<rss version='2.0'><channel><title>Quiet</title></channel></rss>"),
    "304-bare": _answer("304 Not Modified", kind=""),
    "304-unasked": _answer("304 Not Modified", headers=['ETag: "z"'], kind=""),
    "204": b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
    "200-empty": _answer(),
    "html": _answer(body=PAGE, kind="text/html"),
    "challenge": _answer(body=b"<html><title>Just a moment...</title></html>", kind="text/html"),
    "cf403": _answer("403 Forbidden", b"<html>challenge</html>", headers=["cf-mitigated: challenge"], kind="text/html"),
    "403": _answer("403 Forbidden", b"no"),
    "401": _answer("401 Unauthorized", b"no"),
    "451": _answer("451 Unavailable For Legal Reasons", b"no"),
    "503-page": _answer("503 Service Unavailable", PAGE, kind="text/html"),
    "503-retry": _answer("503 Service Unavailable", b"x", headers=["Retry-After: 86400"]),
    "503-plain": _answer("503 Service Unavailable", b"x", kind="text/plain"),
    "500": _answer("500 Internal Server Error", b"no"),
    "429-seconds": _answer("429 Too Many Requests", b"x", headers=["Retry-After: 120"]),
    "429-date": _answer("429 Too Many Requests", b"x", headers=["Retry-After: Wed, 21 Oct 2099 07:28:00 GMT"]),
    "429-negative": _answer("429 Too Many Requests", b"x", headers=["Retry-After: -5"]),
    "429-silent": _answer("429 Too Many Requests", b"x"),
    "404": _answer("404 Not Found", b"no"),
    "410": _answer("410 Gone", b"no"),
    "400": _answer("400 Bad Request", b"no"),
    "301": _answer("301 Moved Permanently", headers=["Location: /good"]),
    "308": _answer("308 Permanent Redirect", headers=["Location: /good"]),
    "302": _answer("302 Found", headers=["Location: /good"]),
    "301-302": _answer("301 Moved Permanently", headers=["Location: /302"]),
    "loop": _answer("301 Moved Permanently", headers=["Location: /loop"]),
    "to-file": _answer("302 Found", headers=["Location: file:///etc/passwd"]),
    "to-nowhere": _answer("302 Found"),
    "to-page": _answer("301 Moved Permanently", headers=["Location: /html"]),
    "to-metadata": _answer("302 Found", headers=["Location: http://169.254.169.254/latest"]),
    "to-mapped": _answer("302 Found", headers=["Location: http://[::ffff:10.0.0.1]/"]),
    "to-password": _answer("302 Found", headers=["Location: http://me:secret@example.com/"]),
    "bomb": _answer(body=_zeros(64), headers=_GZIP),
    "gzip": _answer(body=gzip.compress(FEED), headers=_GZIP),
    "gzip-members": _answer(body=gzip.compress(FEED[:99]) + gzip.compress(FEED[99:]), headers=_GZIP),
    "gzip-lie": _answer(body=FEED, headers=_GZIP),
    "gzip-undeclared": _answer(body=gzip.compress(FEED)),
    "gzip-double": _answer(body=gzip.compress(gzip.compress(FEED)), headers=_GZIP),
    "gzip-cut": _answer(body=_BIG[: len(_BIG) // 2], headers=_GZIP),
    "gzip-damaged": _answer(body=_BIG[:30] + b"\xff" * 20 + _BIG[50:], headers=_GZIP),
    "deflate": _answer(body=_deflated(FEED, 15), headers=["Content-Encoding: deflate"]),
    "deflate-raw": _answer(body=_deflated(FEED, -15), headers=["Content-Encoding: deflate"]),
    "brotli": _answer(body=b"\x0b\x02\x80", headers=["Content-Encoding: br"]),
    "short-body": b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\nConnection: close\r\n\r\n" + FEED[:80],
    "many-headers": _answer(body=FEED, headers=[f"X-H{number}: v" for number in range(300)]),
    "big-header": _answer(body=FEED, headers=["Set-Cookie: " + "c" * 12_000]),
    "bad-header": _answer(body=FEED, headers=["Bad Header Name: x"]),
    "two-lengths": _answer(body=FEED, headers=[f"Content-Length: {len(FEED) + 1}"]),
    "length-twice": _answer(body=FEED, headers=[f"Content-Length: {len(FEED)}"]),
    "latin-header": _answer(body=FEED, headers=["ETag: caf\xe9"]),
    "charset-lie": _answer(
        body=FEED.replace(b'"1.0"', b'"1.0" encoding="utf-8"').replace(b"Harbour", b"Caf\xe9"),
        kind="text/xml; charset=utf-8",
    ),
    "http09": FEED,
    "entities": _answer(
        body=b'<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">'
        + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
        + b'<!ENTITY f SYSTEM "file:///etc/passwd">]><rss><channel><title>&j;&f;</title>'
        b"<item><title>Fine &j;&f;</title><link>http://a.test/</link></item></channel></rss>"
    ),
    "huge": _answer(
        body=b"<rss><channel><title>Huge</title>"
        + b"".join(
            b"<item><title>Report %d of the harbour</title><link>http://www.post.test/%d</link>"
            b"<description>%s</description></item>" % (n, n, b"Words that say no more than they have to.")
            for n in range(10_000)
        )
        + b"</channel></rss>"
    ),
    "giant-tag": _answer(body=b"<rss " + b"".join(b'a%d="" ' % n for n in range(5000)) + b"><channel/></rss>"),
}


async def _endless(_: Hostile, writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + b" " * 65_536 + b"\r\n")
        await writer.drain()


async def _drip(_: Hostile, writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        writer.write(b"<")
        await writer.drain()
        await asyncio.sleep(0.02)


async def _slow_head(_: Hostile, writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-A: b\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)


async def _silent(_: Hostile, __: Writer) -> None:
    await asyncio.Event().wait()


async def _reset(_: Hostile, writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + FEED[:50])
    await writer.drain()
    writer.transport.abort()


async def _echo(hostile: Hostile, writer: Writer) -> None:
    headers = hostile.asked[-1][1]
    writer.write(_answer(body="\n".join(f"{name}: {value}" for name, value in headers.items()).encode()))


LIVELY: dict[str, Answer] = {
    "endless": _endless,
    "drip": _drip,
    "slow-head": _slow_head,
    "silent": _silent,
    "reset": _reset,
    "echo": _echo,
}


@asynccontextmanager
async def hostile_server() -> AsyncIterator[Hostile]:
    hostile = Hostile()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: Writer) -> None:
        task = asyncio.current_task()
        assert task
        tasks.add(task)
        try:
            await hostile.handle(reader, writer)
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    hostile.port = server.sockets[0].getsockname()[1]
    try:
        yield hostile
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
