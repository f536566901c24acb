"""What a poll learns beside its entries: the same body, where the feed went, how long it stays good, and the cause."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest

from cid.domain.llm import Json
from cid.domain.news import Cause, Hints, PollOutcome
from cid.outside.http import GuardedHttp
from cid.sources import rss
from cid.sources.feed.read import parse_feed
from cid.sources.rss import RssReader
from tests import make
from tests.fakes import FrozenClock
from tests.hostile import hostile_server

FEED = (
    '<rss version="2.0" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"><channel><title>Post</title>{head}'
    "<item><title>Ferry back</title><link>http://www.post.test/ferry</link></item></channel></rss>"
)
OK, GOOD, BETTER = "200 OK", "301 Moved Permanently", "308 Permanent Redirect"
Answer = tuple[str, dict[str, str], bytes]


def feed(head: str = "") -> bytes:
    return FEED.format(head=head).encode()


@dataclass
class Site:
    """Answers by path, by a function of the request's headers; remembers what was asked."""

    paths: dict[str, Callable[[dict[str, str]], Answer]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    port: int = 0

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/{path}"

    def serves(self, path: str, status: str = OK, body: bytes = b"", **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.paths[path] = lambda _asked: (status, named, body)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            path = first.split(" ")[1].lstrip("/")
            self.asked.append((path, headers))
            status, said, body = self.paths[path](headers)
            head = "".join(f"{name}: {value}\r\n" for name, value in said.items())
            length = f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            writer.write(f"HTTP/1.1 {status}\r\n{head}{length}".encode() + body)
            await writer.drain()
        writer.close()


class Counting:
    """The children's parser in this process, and how often it was asked."""

    def __init__(self) -> None:
        self.calls = 0

    async def call(self, name: str, value: Json, *, timeout_s: float = 5.0) -> Json:
        assert name == "parse_feed"
        self.calls += 1
        return parse_feed(value)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    server = await asyncio.start_server(site.handle, "127.0.0.1", 0)
    site.port = server.sockets[0].getsockname()[1]
    async with server:
        yield site


@pytest.fixture
def children() -> Counting:
    return Counting()


@pytest.fixture
async def reader(site: Site, children: Counting) -> AsyncIterator[RssReader]:
    async with GuardedHttp(allow_local=[f"127.0.0.1:{site.port}", f"localhost:{site.port}"]) as http:
        yield RssReader(http, children, FrozenClock())


async def test_a_body_that_differs_in_its_dates_alone_is_not_read_again_but_its_validators_are_kept(
    site: Site, reader: RssReader, children: Counting
) -> None:
    site.serves("feed", body=feed("<lastBuildDate>Mon</lastBuildDate>"), ETag='"1"')
    first = await reader.poll(make.polled_source(site.url("feed")))
    assert (first.cause, children.calls) == (Cause.NEW, 1)
    site.serves("feed", body=feed("<lastBuildDate>Tue</lastBuildDate>"), ETag='"2"', Cache_Control="max-age=77")
    known = make.polled_source(site.url("feed"), body_sha=first.body_sha, same_sha=first.same_sha, etag='"1"')
    again = await reader.poll(known)
    assert (again.outcome, again.cause, children.calls) == (PollOutcome.NOT_MODIFIED, Cause.SAME_HASH, 1)
    assert (again.etag, again.same_sha, again.hints) == ('"2"', first.same_sha, Hints(cache_s=77))
    assert again.body_sha != first.body_sha


async def test_an_unasked_304_is_asked_about_once_more(site: Site, reader: RssReader) -> None:
    def cached(asked: dict[str, str]) -> Answer:
        return (OK, {}, feed()) if asked.get("cache-control") == "no-cache" else ("304 Not Modified", {}, b"")

    site.paths["feed"] = cached
    assert (await reader.poll(make.polled_source(site.url("feed")))).cause is Cause.NEW
    assert len(site.asked) == 2
    site.serves("feed", "304 Not Modified")
    assert (await reader.poll(make.polled_source(site.url("feed")))).cause is Cause.BAD_HTTP
    assert len(site.asked) == 4


async def test_what_cannot_be_unpacked_is_asked_for_unpacked(site: Site, reader: RssReader) -> None:
    def packed(asked: dict[str, str]) -> Answer:
        plain = asked["accept-encoding"] == "identity"
        return (OK, {}, feed()) if plain else (OK, {"Content-Encoding": "gzip"}, gzip.compress(feed())[:-20])

    site.paths["feed"] = packed
    assert (await reader.poll(make.polled_source(site.url("feed")))).cause is Cause.NEW
    assert len(site.asked) == 2


@pytest.mark.parametrize(
    ("statuses", "moved"),
    [([GOOD], True), ([BETTER, GOOD], True), (["302 Found"], False), ([GOOD, "307 Temporary Redirect"], False)],
)
async def test_only_redirects_that_are_all_for_good_say_that_a_feed_has_moved(
    site: Site, reader: RssReader, statuses: list[str], *, moved: bool
) -> None:
    for n, status in enumerate(statuses):
        site.serves(f"hop{n}", status, Location=f"/hop{n + 1}")
    site.serves(f"hop{len(statuses)}", body=feed(), ETag='"1"')
    polled = await reader.poll(make.polled_source(site.url("hop0")))
    assert (polled.cause, polled.moved_to) == (Cause.NEW, site.url(f"hop{len(statuses)}") if moved else "")


async def test_a_wish_for_rest_from_the_end_of_a_redirect_is_told_from_one_of_the_house_itself(
    site: Site, reader: RssReader
) -> None:
    site.serves("busy", "429 Too Many Requests", Retry_After="7200")
    site.serves("away", "302 Found", Location=f"http://localhost:{site.port}/busy")
    own, other = [await reader.poll(make.polled_source(site.url(path))) for path in ("busy", "away")]
    assert (own.retry_after_s, own.elsewhere) == (7200, False)
    assert (other.retry_after_s, other.elsewhere) == (7200, True)


async def test_a_304_at_the_end_of_redirects_says_so_too(site: Site, reader: RssReader) -> None:
    site.serves("old", GOOD, Location="/new")
    site.serves("new", "304 Not Modified", Cache_Control="max-age=900")
    polled = await reader.poll(make.polled_source(site.url("old"), etag='"1"'))
    assert (polled.cause, polled.moved_to, polled.hints) == (Cause.NOT_MODIFIED, site.url("new"), Hints(cache_s=900))


async def test_a_feed_that_names_its_new_address_is_believed_when_a_feed_is_there(
    site: Site, reader: RssReader
) -> None:
    said = f"<itunes:new-feed-url>{site.url('new')}</itunes:new-feed-url>"
    site.serves("old", body=feed(said))
    site.serves("new", body=feed(said))
    polled = await reader.poll(make.polled_source(site.url("old")))
    assert (polled.moved_to, polled.announced) == (site.url("new"), True)
    at_home = await reader.poll(make.polled_source(site.url("new")))
    assert (at_home.moved_to, at_home.announced) == ("", False)
    site.serves("new", body=b"<html>for sale</html>")
    assert (await reader.poll(make.polled_source(site.url("old")))).moved_to == ""


CAUSES = {
    "good": Cause.NEW,
    "no-entries": Cause.EMPTY_FEED,
    "200-empty": Cause.EMPTY_BODY,
    "204": Cause.EMPTY_BODY,
    "304-unasked": Cause.BAD_HTTP,
    "html": Cause.HTML,
    "to-page": Cause.HTML,
    "giant-tag": Cause.PARSE_ERROR,
    "400": Cause.HTTP_4XX,
    "404": Cause.NOT_FOUND,
    "410": Cause.GONE,
    "500": Cause.HTTP_5XX,
    "503-plain": Cause.HTTP_5XX,
    "503-page": Cause.BLOCKED,
    "challenge": Cause.BLOCKED,
    "403": Cause.BLOCKED,
    "429-seconds": Cause.RATE_LIMITED,
    "503-retry": Cause.RATE_LIMITED,
    "loop": Cause.REDIRECT_LOOP,
    "to-metadata": Cause.BLOCKED_ADDRESS,
    "bomb": Cause.TOO_LARGE,
    "brotli": Cause.BAD_HTTP,
    "reset": Cause.BAD_HTTP,
    "silent": Cause.TIMEOUT,
}


async def test_every_outcome_has_its_cause(monkeypatch: pytest.MonkeyPatch, children: Counting) -> None:
    monkeypatch.setattr(rss, "TIMEOUT_S", 0.5)
    async with hostile_server() as hostile, GuardedHttp(allow_local=[f"127.0.0.1:{hostile.port}"]) as http:
        reader = RssReader(http, children, FrozenClock())
        polled = await asyncio.gather(*(reader.poll(make.polled_source(hostile.url(path))) for path in CAUSES))
    assert dict(zip(CAUSES, (one.cause for one in polled), strict=True)) == CAUSES
