"""The one client for addresses that people and strangers name: feeds, pages, images, hooks.

The boundary is the socket factory: it sees the address about to be connected to, after names, redirects and rebinding.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from cid.domain.outside import HttpFailure, HttpTrouble
from cid.outside.addresses import is_public
from cid.outside.inflate import too_large, unpacked
from cid.ports import Response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PORTS = frozenset({80, 443, *range(8000, 9000)})
REDIRECTS = 5
_MOVED = frozenset({301, 302, 303, 307, 308})
_FOR_GOOD = frozenset({301, 308})
_PRIVATE = frozenset({"authorization", "api-key", "cookie", "proxy-authorization", "webhook-signature"})
_NO_FURTHER = "The address leads into a private network and was refused."


class _Blocked(OSError):
    """An OSError, so that the connector tries the host's next address."""


class GuardedHttp:
    """Satisfies `ports.Http`. `allow_local` holds exact `host:port` pairs that may be private; they are also free of
    the port list and of the pause between requests to one host. Use it as a context manager."""

    def __init__(
        self,
        *,
        allow_local: Iterable[str] = (),
        user_agent: str = "ContentIntelligenceDesk/0.1 (news reader)",
        spacing_s: float = 1.0,
        per_host: int = 2,
        ports: frozenset[int] = PORTS,
        connect_s: float = 5.0,
        read_s: float = 10.0,
    ) -> None:
        self._local = _Local(allow_local)
        self._ports = ports
        self._hosts = _Hosts(spacing_s, per_host)
        self._agent = user_agent
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=connect_s, sock_read=read_s)
        self._names = ThreadPoolExecutor(32, thread_name_prefix="cid-dns")
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(
            resolver=_Resolver(self._names, self._local),
            socket_factory=self._local.socket,
            ssl=ssl.create_default_context(),  # 18 ms: made once
            limit=300,
            ttl_dns_cache=600,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,  # a proxy would make the connection, out of the guard's sight
            auto_decompress=False,  # aiohttp takes a truncated gzip stream for a whole one
            timeout=self._timeout,
            max_line_size=32_768,
            max_field_size=32_768,
            max_headers=1000,
            headers={"User-Agent": self._agent},
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session:
            await self._session.close()
        self._names.shutdown(wait=False, cancel_futures=True)

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        max_bytes: int = 5_000_000,
        timeout_s: float = 30.0,
    ) -> Response:
        """Redirects of reads are followed, at most five, each as if it had been asked for. Raises HttpFailure."""
        sent = {"Accept-Encoding": "gzip, deflate", **(headers or {})}
        target, hops = self._checked(url), set[int]()
        for _ in range(REDIRECTS + 1):
            answer = await self._once(method, target, headers=sent, body=body, limit=max_bytes, timeout_s=timeout_s)
            if answer.status not in _MOVED:
                return replace(answer, moved=True) if hops and hops <= _FOR_GOOD else answer
            hops.add(answer.status)
            if method not in {"GET", "HEAD"}:
                raise HttpFailure(HttpTrouble.REDIRECTS, "The address answers a write with a redirect.")
            following = self._checked(_joined(target, answer.headers.get("location", "")))
            if following.origin() != target.origin():
                sent = {name: value for name, value in sent.items() if name.lower() not in _PRIVATE}
            target = following
        raise HttpFailure(HttpTrouble.REDIRECTS, f"The address redirects more than {REDIRECTS} times.")

    def _checked(self, text: str) -> URL:
        try:
            url = URL(text)
            port = url.port
        except ValueError:
            raise HttpFailure(HttpTrouble.ADDRESS, "The address cannot be read.") from None
        if url.scheme not in {"http", "https"} or not url.host:
            raise HttpFailure(HttpTrouble.ADDRESS, "Only http and https addresses are fetched.")
        if url.user is not None or url.password is not None:
            raise HttpFailure(HttpTrouble.ADDRESS, "The address holds a user or password.")
        if port not in self._ports and not self._local.names(url.host, port):
            raise HttpFailure(HttpTrouble.ADDRESS, f"Port {port} is not one that feeds and pages are served on.")
        return url

    async def _once(
        self, method: str, url: URL, *, headers: Mapping[str, str], body: bytes | None, limit: int, timeout_s: float
    ) -> Response:
        assert self._session, "use it as a context manager"
        exempt = self._local.names(url.host or "", url.port)
        async with self._hosts.turn("" if exempt else url.host or ""):
            try:
                async with (
                    asyncio.timeout(timeout_s),
                    self._session.request(method, url, headers=headers, data=body, allow_redirects=False) as answer,
                ):
                    raw = b"" if answer.status in _MOVED else await _read(answer, limit)
            except (TimeoutError, aiohttp.ClientError, ValueError, OSError) as error:
                raise _failure(error) from error
        names = {name.lower(): value for name, value in answer.headers.items()}
        whole = unpacked(raw, names.get("content-encoding", ""), limit)
        return Response(status=answer.status, url=str(url), headers=names, body=whole)


async def _read(answer: aiohttp.ClientResponse, limit: int) -> bytes:
    """Raises HttpFailure TOO_LARGE. Counted as it comes: what the answer says about its length may be wrong."""
    if (answer.content_length or 0) > limit:
        answer.close()
        raise too_large(limit)
    read = bytearray()
    async for chunk in answer.content.iter_chunked(1 << 16):
        read += chunk
        if len(read) > limit:
            answer.close()
            raise too_large(limit)
    return bytes(read)


def _joined(url: URL, location: str) -> str:
    if not location:
        raise HttpFailure(HttpTrouble.REDIRECTS, "The address redirects, but does not say where to.")
    try:
        return str(url.join(URL(location)))
    except ValueError:
        raise HttpFailure(HttpTrouble.REDIRECTS, "The address redirects to something that is no address.") from None


def _failure(error: Exception) -> HttpFailure:
    """Named, in words that give away nothing about our network."""
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, _Blocked):
        return HttpFailure(HttpTrouble.ADDRESS, _NO_FURTHER)
    for kinds, trouble, public in _TROUBLES:
        if isinstance(error, kinds):
            return HttpFailure(trouble, public)
    return HttpFailure(HttpTrouble.PROTOCOL, "The answer is not proper HTTP.")


_TROUBLES: tuple[tuple[tuple[type[Exception], ...], HttpTrouble, str], ...] = (
    ((_Blocked,), HttpTrouble.ADDRESS, _NO_FURTHER),
    ((TimeoutError,), HttpTrouble.TIMEOUT, "The server did not answer in time."),
    ((aiohttp.ClientConnectorDNSError,), HttpTrouble.DNS, "The server's name could not be found."),
    (
        (aiohttp.ClientSSLError, ssl.SSLError),
        HttpTrouble.TLS,
        "The server's certificate or encryption is not accepted.",
    ),
    ((aiohttp.ClientConnectorError,), HttpTrouble.CONNECT, "The server could not be connected to."),
    ((aiohttp.InvalidURL,), HttpTrouble.ADDRESS, "The address cannot be read."),
    ((aiohttp.ClientPayloadError, aiohttp.ClientOSError), HttpTrouble.PROTOCOL, "The answer was cut short."),
    ((aiohttp.ServerDisconnectedError,), HttpTrouble.PROTOCOL, "The server hung up without an answer."),
)


class _Local:
    """The private `host:port` pairs that the operator allowed."""

    def __init__(self, pairs: Iterable[str]) -> None:
        self._pairs = frozenset(_pair(text) for text in pairs)
        self._resolved: set[tuple[str, int]] = set(self._pairs)

    def names(self, host: str, port: int | None) -> bool:
        return (host.lower(), port) in self._pairs

    def resolved(self, host: str, port: int, addresses: Iterable[str]) -> None:
        """An allowed name's addresses are allowed with it."""
        if self.names(host, port):
            self._resolved.update((address, port) for address in addresses)

    def socket(self, info: tuple[Any, ...]) -> socket.socket:
        """Called by the connector with the address it is about to connect to."""
        family, kind, protocol, _, address = info
        if not is_public(address[0]) and (address[0], address[1]) not in self._resolved:
            raise _Blocked("a private or reserved address")
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)  # noqa: FBT003 - its only argument
        return made


def _pair(text: str) -> tuple[str, int]:
    host, _, port = text.strip().rpartition(":")
    if not host or not port.isdigit():
        raise ValueError(f"{text!r} is not host:port")
    return host.strip("[]").lower(), int(port)


class _Resolver(AbstractResolver):
    """Names → addresses in threads of their own, where a few dead name servers hold up nobody else.

    Also gives the readable error; it is not the boundary, because literal addresses never come here.
    """

    def __init__(self, pool: ThreadPoolExecutor, local: _Local) -> None:
        self._pool = pool
        self._local = local

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._pool, _look_up, host, port, family)
        self._local.resolved(host, port, [entry["host"] for entry in found])
        allowed = [entry for entry in found if is_public(entry["host"]) or self._local.names(host, port)]
        if found and not allowed:
            raise _Blocked("a private or reserved address")
        return allowed

    async def close(self) -> None:
        """The pool belongs to whoever made it."""


def _look_up(host: str, port: int, family: socket.AddressFamily) -> list[ResolveResult]:
    return [
        ResolveResult(hostname=host, host=str(address[0]), port=port, family=kind, proto=protocol, flags=0)
        for kind, _, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family)
    ]


class _Hosts:
    """A few requests to one host at a time, with a pause between their starts."""

    def __init__(self, spacing_s: float, at_once: int) -> None:
        self._spacing = spacing_s
        self._at_once = at_once
        self._turns: dict[str, asyncio.Semaphore] = {}
        self._using: dict[str, int] = {}
        self._next: dict[str, float] = {}

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """The empty host needs no turn."""
        if not host:
            yield
            return
        turns = self._turns.setdefault(host, asyncio.Semaphore(self._at_once))
        self._using[host] = self._using.get(host, 0) + 1
        try:
            async with turns:
                await asyncio.sleep(self._pause(host))
                yield
        finally:
            self._using[host] -= 1
            if not self._using[host]:
                del self._using[host], self._turns[host]

    def _pause(self, host: str) -> float:
        now = asyncio.get_running_loop().time()
        start = max(now, self._next.get(host, now))
        if len(self._next) > 10_000:
            self._next = {name: at for name, at in self._next.items() if at > now}
        self._next[host] = start + self._spacing
        return start - now
