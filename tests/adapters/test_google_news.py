"""Google News: headlines with their publishers, known by title and site, and asked for as it likes to be asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from aiohttp import web

from cid.domain.errors import Deferred
from cid.domain.news import Cause, PollOutcome, SourceKind
from cid.outside.children import ChildPool
from cid.outside.http import GuardedHttp
from cid.sources.google_news import REST_S, GoogleNewsReader
from cid.sources.pace import Pace
from tests import make
from tests.fakes import FrozenClock
from tests.press_wires import google, google_item
from tests.wire import Wire, wire

SEARCH = make.polled_source(
    "https://news.google.com/rss/search?q=ferry",
    kind=SourceKind.GOOGLE_NEWS,
    config={"query": '"grain corridor" OR ferry', "country": "RO", "language": "ro"},
)
FEED = google(
    google_item(1, "Ferry back in service - at last", "Harbour Post", "https://www.post.test"),
    google_item(2, "Ferry back in service", "Harbour Herald", "https://herald.test/"),
)


@pytest.fixture
async def server() -> AsyncIterator[Wire]:
    async with wire() as told:
        told.answers["/rss/search"] = FEED
        yield told


@pytest.fixture
async def reader(server: Wire) -> AsyncIterator[GoogleNewsReader]:
    clock = FrozenClock()
    async with GuardedHttp(allow_local=[f"127.0.0.1:{server.port}"]) as http, ChildPool(size=1) as children:
        yield GoogleNewsReader(http, children, clock, Pace(clock, "Google News", every_s=0), server.base)


async def test_a_headline_loses_its_publisher_who_is_kept_beside_it(reader: GoogleNewsReader, server: Wire) -> None:
    polled = await reader.poll(SEARCH)
    assert polled.outcome is PollOutcome.NEW
    assert [(entry.title, entry.publisher) for entry in polled.entries] == [
        ("Ferry back in service - at last", "post.test"),
        ("Ferry back in service", "herald.test"),
    ]
    first = polled.entries[0]
    assert (first.published_at, first.language, first.summary) == (datetime(2026, 9, 17, 21, tzinfo=UTC), "ro", "")
    assert polled.title == "", "the search keeps the name that it was given"
    asked = server.asked[0]
    assert asked.query == {"q": '"grain corridor" OR ferry when:1d', "hl": "ro", "gl": "RO", "ceid": "RO:ro"}
    assert asked.headers["User-Agent"]


async def test_an_article_is_known_by_its_title_and_publisher_whatever_its_link(
    reader: GoogleNewsReader, server: Wire
) -> None:
    before = await reader.poll(SEARCH)
    server.answers["/rss/search"] = google(
        google_item(7, "FERRY back in service – at last!", "Harbour Post", "https://post.test/")
    )
    after = await reader.poll(SEARCH)
    assert after.entries[0].url != before.entries[0].url
    assert after.entries[0].identity == before.entries[0].identity != before.entries[1].identity


async def test_a_link_that_is_the_articles_own_needs_no_other_identity(reader: GoogleNewsReader, server: Wire) -> None:
    server.answers["/rss/search"] = FEED.replace(
        b"https://news.google.com/rss/articles/CBMi0001?oc=5", b"https://www.post.test/ferry"
    )
    first, second = (await reader.poll(SEARCH)).entries
    assert (first.url, first.identity, bool(second.identity)) == ("https://www.post.test/ferry", "", True)


async def test_an_entry_without_a_publisher_or_an_address_harms_no_other(
    reader: GoogleNewsReader, server: Wire
) -> None:
    body = FEED.replace(b'<source url="https://www.post.test">Harbour Post</source>', b"")
    server.answers["/rss/search"] = body.replace(b"https://news.google.com/rss/articles/CBMi0002?oc=5", b"javascript:x")
    polled = await reader.poll(SEARCH)
    assert [(entry.title, entry.publisher) for entry in polled.entries] == [
        ("Ferry back in service - at last - Harbour Post", "")
    ]
    assert "1 entries without" in polled.detail


async def test_an_answer_that_was_cut_off_loses_the_entry_where_it_was_cut(
    reader: GoogleNewsReader, server: Wire
) -> None:
    server.answers["/rss/search"] = FEED[: FEED.index(b"CBMi0002")]
    assert [entry.key for entry in (await reader.poll(SEARCH)).entries] == ["CBMi0001"]
    server.answers["/rss/search"] = FEED[: FEED.index(b"CBMi0001")]
    assert (await reader.poll(SEARCH)).outcome is PollOutcome.BROKEN


async def test_a_search_that_finds_nothing_is_empty(reader: GoogleNewsReader, server: Wire) -> None:
    server.answers["/rss/search"] = google()
    assert (await reader.poll(SEARCH)).outcome is PollOutcome.EMPTY


@pytest.mark.parametrize(
    "answer",
    [
        web.Response(status=503, text="<html>unusual traffic</html>"),
        web.Response(status=429),
        web.Response(status=302, headers={"Location": "/sorry/index"}),
    ],
)
async def test_when_google_has_enough_nobody_of_the_desk_asks_for_hours(server: Wire, answer: web.Response) -> None:
    clock = FrozenClock()
    server.answers |= {"/rss/search": answer, "/sorry/index": b"<html>Are you a robot?</html>"}
    async with GuardedHttp(allow_local=[f"127.0.0.1:{server.port}"]) as http, ChildPool(size=1) as children:
        reader = GoogleNewsReader(http, children, clock, Pace(clock, "Google News", every_s=0), server.base)
        polled = await reader.poll(SEARCH)
        assert (polled.outcome, polled.retry_after_s) == (PollOutcome.RATE_LIMITED, REST_S)
        sent = len(server.asked)
        with pytest.raises(Deferred) as deferred:
            await reader.poll(replace(SEARCH, config={"query": "something else"}))
    assert len(server.asked) == sent
    assert (deferred.value.until - clock.now()).total_seconds() == pytest.approx(REST_S, abs=30)


async def test_searches_take_turns_and_those_far_behind_come_back_later(server: Wire) -> None:
    clock = FrozenClock()
    pace = Pace(clock, "Google News", every_s=10.0, patience_s=5.0)
    async with GuardedHttp(allow_local=[f"127.0.0.1:{server.port}"]) as http, ChildPool(size=1) as children:
        reader = GoogleNewsReader(http, children, clock, pace, server.base)
        assert (await reader.poll(SEARCH)).outcome is PollOutcome.NEW
        with pytest.raises(Deferred):
            await reader.poll(SEARCH)
    assert len(server.asked) == 1


async def test_settings_that_make_no_sense_any_more_are_said(reader: GoogleNewsReader, server: Wire) -> None:
    polled = await reader.poll(replace(SEARCH, config={"query": "x", "country": "Atlantis"}))
    assert (polled.outcome, polled.cause, server.asked) == (PollOutcome.BROKEN, Cause.CONFIG, [])
