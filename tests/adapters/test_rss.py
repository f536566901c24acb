"""Every way in which a feed goes wrong has its own outcome, and disturbs nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from cid.domain.news import Cause, PollOutcome, Source
from cid.outside.children import ChildPool
from cid.outside.http import GuardedHttp
from cid.sources import rss
from cid.sources.rss import RssReader
from tests import make
from tests.fakes import FrozenClock
from tests.hostile import Hostile, hostile_server

NEW, EMPTY, SAME = PollOutcome.NEW, PollOutcome.EMPTY, PollOutcome.NOT_MODIFIED
BLOCKED, LIMITED, GONE = PollOutcome.BLOCKED, PollOutcome.RATE_LIMITED, PollOutcome.GONE
BROKEN, UNREACHABLE = PollOutcome.BROKEN, PollOutcome.UNREACHABLE

OUTCOMES: dict[str, tuple[PollOutcome, str]] = {
    "good": (NEW, ""),
    "301": (NEW, ""),
    "302": (NEW, ""),
    "301-302": (NEW, ""),
    "308": (NEW, ""),
    "json-as-html": (NEW, ""),
    "charset-lie": (NEW, ""),
    "gzip": (NEW, ""),
    "gzip-members": (NEW, ""),
    "gzip-lie": (NEW, ""),
    "gzip-undeclared": (NEW, ""),
    "gzip-double": (NEW, ""),
    "deflate": (NEW, ""),
    "deflate-raw": (NEW, ""),
    "many-headers": (NEW, ""),
    "big-header": (NEW, ""),
    "length-twice": (BROKEN, "HTTP"),
    "latin-header": (NEW, ""),
    "huge": (NEW, "only the newest 2000 of 10000"),
    "entities": (NEW, ""),
    "no-entries": (EMPTY, ""),
    "200-empty": (BROKEN, "empty body"),
    "204": (BROKEN, "empty body"),
    "304-bare": (BROKEN, "without having been asked"),
    "304-unasked": (BROKEN, "without having been asked"),
    "html": (BROKEN, "web page"),
    "to-page": (BROKEN, "web page"),
    "400": (BROKEN, "400"),
    "loop": (BROKEN, "redirects"),
    "chain": (BROKEN, "redirects"),
    "to-file": (BROKEN, "Only http"),
    "to-nowhere": (BROKEN, "where to"),
    "to-metadata": (BROKEN, "private network"),
    "to-mapped": (BROKEN, "private network"),
    "to-password": (BROKEN, "password"),
    "bomb": (BROKEN, "larger than"),
    "endless": (BROKEN, "larger than"),
    "gzip-cut": (BROKEN, "cut short"),
    "gzip-damaged": (BROKEN, "damaged"),
    "brotli": (BROKEN, "not asked for"),
    "short-body": (BROKEN, "cut short"),
    "reset": (BROKEN, "cut short"),
    "bad-header": (BROKEN, "HTTP"),
    "two-lengths": (BROKEN, "HTTP"),
    "http09": (BROKEN, "HTTP"),
    "giant-tag": (BROKEN, "16 kB"),
    "cf403": (BLOCKED, "refuses"),
    "403": (BLOCKED, "refuses"),
    "401": (BLOCKED, "sign-in"),
    "451": (BLOCKED, "legal"),
    "503-page": (BLOCKED, "browser"),
    "challenge": (BLOCKED, "browser"),
    "429-seconds": (LIMITED, "429"),
    "429-date": (LIMITED, "429"),
    "429-negative": (LIMITED, "429"),
    "429-silent": (LIMITED, "429"),
    "503-retry": (LIMITED, "503"),
    "404": (GONE, "404"),
    "410": (GONE, "gone for good"),
    "500": (UNREACHABLE, "500"),
    "503-plain": (UNREACHABLE, "503"),
    "drip": (UNREACHABLE, "in time"),
    "slow-head": (UNREACHABLE, "in time"),
    "silent": (UNREACHABLE, "in time"),
}


@pytest.fixture
async def hostile() -> AsyncIterator[Hostile]:
    async with hostile_server() as server:
        yield server


@pytest.fixture
async def reader(hostile: Hostile, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RssReader]:
    monkeypatch.setattr(rss, "TIMEOUT_S", 0.5)
    allowed = [f"127.0.0.1:{hostile.port}", f"localhost:{hostile.port}"]
    async with GuardedHttp(allow_local=allowed) as http, ChildPool(size=1) as children:
        yield RssReader(http, children, FrozenClock())


def source(url: str) -> Source:
    return make.polled_source(url)


@pytest.mark.parametrize("path", OUTCOMES)
async def test_each_misbehaviour_has_its_outcome(hostile: Hostile, reader: RssReader, path: str) -> None:
    outcome, said = OUTCOMES[path]
    polled = await reader.poll(source(hostile.url(path)))
    assert (polled.outcome, said in polled.detail) == (outcome, True), polled.detail
    assert "127.0.0.1" not in polled.detail
    if not outcome.healthy:
        assert (polled.etag, polled.last_modified, polled.body_sha) == ("", "", None)
    # and the next source is none the worse
    assert (await reader.poll(source(hostile.url("good")))).outcome is NEW


async def test_nobody_there_and_no_such_name_are_unreachable(reader: RssReader, hostile: Hostile) -> None:
    dead = GuardedHttp(allow_local=["127.0.0.1:1"])
    async with dead, ChildPool(size=1) as children:
        polled = await RssReader(dead, children, FrozenClock()).poll(source("http://127.0.0.1:1/"))
    assert (polled.cause, polled.detail) == (Cause.CONNECT, "The server could not be connected to.")
    polled = await reader.poll(source("http://no-such-host.invalid/feed"))
    assert (polled.cause, polled.detail) == (Cause.DNS, "The server's name could not be found.")


async def test_both_validators_are_sent_as_they_came(hostile: Hostile, reader: RssReader) -> None:
    first = await reader.poll(source(hostile.url("good")))
    assert (first.etag, first.last_modified) == ('"a"', "Wed, 01 Jan 2025 00:00:00 GMT")
    await reader.poll(replace(source(hostile.url("good")), etag=first.etag, last_modified=first.last_modified))
    headers = hostile.asked[-1][1]
    assert headers["if-none-match"] == '"a"'
    assert headers["if-modified-since"] == "Wed, 01 Jan 2025 00:00:00 GMT"


async def test_a_304_that_was_asked_for_is_not_modified_and_keeps_the_validators(
    hostile: Hostile, reader: RssReader
) -> None:
    asking = replace(source(hostile.url("conditional")), etag='"v1"', body_sha=b"x")
    polled = await reader.poll(asking)
    assert (polled.outcome, polled.etag, polled.body_sha) == (SAME, '"v1"', b"x")


async def test_the_same_body_is_not_read_again(hostile: Hostile, reader: RssReader) -> None:
    first = await reader.poll(source(hostile.url("good")))
    again = await reader.poll(replace(source(hostile.url("good")), body_sha=first.body_sha))
    assert (again.outcome, again.entries, again.etag) == (SAME, (), '"a"')


async def test_the_publisher_is_the_site_and_not_the_feeds_host(hostile: Hostile, reader: RssReader) -> None:
    polled = await reader.poll(source(hostile.url("good")))
    assert (polled.title, polled.publisher) == ("Harbour Post", "post.test")
    assert (await reader.poll(source(hostile.url("no-entries")))).publisher == "127.0.0.1"


@pytest.mark.parametrize(
    ("path", "seconds"), [("429-seconds", 120), ("429-date", 86_400), ("429-negative", 60), ("503-retry", 86_400)]
)
async def test_retry_after_is_kept_within_a_minute_and_a_day(
    hostile: Hostile, reader: RssReader, path: str, seconds: int
) -> None:
    assert (await reader.poll(source(hostile.url(path)))).retry_after_s == seconds


async def test_a_password_in_the_address_becomes_a_header(hostile: Hostile, reader: RssReader) -> None:
    url = hostile.url("secret").replace("//", "//me:pass@")
    assert (await reader.poll(source(url))).outcome is NEW


async def test_a_feed_full_of_entities_is_read_without_them(hostile: Hostile, reader: RssReader) -> None:
    polled = await reader.poll(source(hostile.url("entities")))
    assert [entry.title for entry in polled.entries] == ["Fine &j;&f;"]


async def test_a_validator_that_fits_no_header_is_not_kept(hostile: Hostile, reader: RssReader) -> None:
    assert (await reader.poll(source(hostile.url("latin-header")))).etag == ""
