"""SerpApi: the search that was asked for, paid once, and every way in which it says no has its name."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from aiohttp import web

from cid.domain.ids import TenantId
from cid.domain.llm import Json
from cid.domain.news import Cause, PollOutcome, SourceKind
from cid.domain.paid import Held, Hold
from cid.outside.children import ChildPool
from cid.outside.http import GuardedHttp
from cid.sources.serpapi import SerpApiReader
from tests import make
from tests.fakes import FrozenClock
from tests.press_wires import FreePurse
from tests.wire import Wire, wire

SEARCH = make.polled_source(
    "https://serpapi.com/search.json?q=x",
    kind=SourceKind.SERPAPI,
    tenant_id=TenantId(uuid4()),
    config={"query": '"Harbour Post" site:post.test', "country": "MD", "when": "7d"},
)
GROUPED: Json = {
    "search_metadata": {"status": "Success"},
    "news_results": [
        {
            "position": 1,
            "title": "Ferry back in service",
            "link": "https://www.post.test/ferry?utm_source=x",
            "source": {"name": "Harbour Post", "icon": "https://x.test/i.png", "authors": ["Ann Ode", None]},
            "date": "09/14/2026, 07:00 AM, +0000 UTC",
            "iso_date": "2026-09-14T07:00:00Z",
            "snippet": "It goes again.",
        },
        {
            "position": 2,
            "title": "Full coverage",
            "stories": [
                {"title": "Herald: the ferry", "link": "https://herald.test/1", "iso_date": "not a date"},
                {"title": "Ferry back in service", "link": "https://www.post.test/ferry"},
                {"title": "No link"},
                "nonsense",
            ],
        },
    ],
}


@pytest.fixture
async def server() -> AsyncIterator[Wire]:
    async with wire() as told:
        told.answers["/search.json"] = json.dumps(GROUPED).encode()
        yield told


@pytest.fixture
def purse() -> FreePurse:
    return FreePurse()


@pytest.fixture
async def reader(server: Wire, purse: FreePurse) -> AsyncIterator[SerpApiReader]:
    async with GuardedHttp(allow_local=[f"127.0.0.1:{server.port}"]) as http, ChildPool(size=1) as children:
        yield SerpApiReader(http, children, FrozenClock(), purse, key="k3y", base=server.base)


async def test_the_search_that_was_asked_for_is_sent_with_its_age_as_an_operator(
    reader: SerpApiReader, server: Wire
) -> None:
    await reader.poll(SEARCH)
    assert server.asked[0].query == {
        "engine": "google_news",
        "q": '"Harbour Post" site:post.test when:7d',
        "gl": "md",
        "hl": "en",
        "api_key": "k3y",
    }


async def test_groups_are_taken_apart_and_an_article_that_comes_twice_is_one(
    reader: SerpApiReader, purse: FreePurse
) -> None:
    polled = await reader.poll(SEARCH)
    assert [(entry.url, entry.publisher, entry.published_at) for entry in polled.entries] == [
        ("https://www.post.test/ferry", "post.test", datetime(2026, 9, 14, 7, tzinfo=UTC)),
        ("https://herald.test/1", "herald.test", None),
    ]
    first = polled.entries[0]
    assert (first.title, first.summary, first.author) == ("Ferry back in service", "It goes again.", "Ann Ode")
    assert polled.detail.startswith("1 results without")
    assert purse.orders[0].most == {"search": 1}
    assert [(outcome.units, outcome.ambiguous) for outcome in purse.outcomes] == [({"search": 1}, False)]
    assert "k3y" not in str(purse.orders[0]) + str(purse.outcomes[0].reply)


@pytest.mark.parametrize(
    ("answer", "outcome", "cause", "charged"),
    [
        ({"error": "Google hasn't returned any results for this query."}, PollOutcome.EMPTY, None, True),
        ({"news_results": []}, PollOutcome.EMPTY, None, True),
        ({"error": "Invalid API key."}, PollOutcome.BLOCKED, Cause.NO_KEY, False),
        ({"error": "Your account has run out of searches."}, PollOutcome.RATE_LIMITED, Cause.RATE_LIMITED, False),
        ({"error": "Unsupported `gl` parameter."}, PollOutcome.BROKEN, Cause.PARSE_ERROR, True),
        ({"organic_results": []}, PollOutcome.BROKEN, Cause.PARSE_ERROR, True),
    ],
)
async def test_what_it_says_with_status_200_is_heard(
    reader: SerpApiReader,
    server: Wire,
    purse: FreePurse,
    answer: Json,
    outcome: PollOutcome,
    cause: Cause | None,
    charged: bool,
) -> None:
    server.answers["/search.json"] = json.dumps(answer).encode()
    polled = await reader.poll(SEARCH)
    assert (polled.outcome, polled.cause, polled.entries) == (outcome, cause, ())
    assert [bool(done.units) or done.ambiguous for done in purse.outcomes] == [charged]


@pytest.mark.parametrize(
    ("status", "outcome", "cause"),
    [
        (401, PollOutcome.BLOCKED, Cause.NO_KEY),
        (429, PollOutcome.RATE_LIMITED, Cause.RATE_LIMITED),
        (500, PollOutcome.UNREACHABLE, Cause.HTTP_5XX),
        (400, PollOutcome.BROKEN, Cause.HTTP_4XX),
    ],
)
async def test_each_refusal_has_its_name_and_costs_nothing(
    reader: SerpApiReader, server: Wire, purse: FreePurse, status: int, outcome: PollOutcome, cause: Cause
) -> None:
    server.answers["/search.json"] = web.Response(status=status, text='{"error": "no"}')
    polled = await reader.poll(SEARCH)
    assert (polled.outcome, polled.cause) == (outcome, cause)
    assert [(done.units, done.ambiguous) for done in purse.outcomes] == [({}, False)]
    assert "k3y" not in polled.detail


async def test_without_a_key_nothing_is_asked_and_it_is_said_which_to_set(server: Wire, purse: FreePurse) -> None:
    async with GuardedHttp() as http, ChildPool(size=1) as children:
        reader = SerpApiReader(http, children, FrozenClock(), purse, key="", base=server.base)
        polled = await reader.poll(SEARCH)
    assert (polled.outcome, polled.cause, purse.orders, server.asked) == (PollOutcome.BLOCKED, Cause.NO_KEY, [], [])
    assert "SERPAPI_KEY" in polled.detail


async def test_a_search_that_nobody_pays_for_is_not_made(reader: SerpApiReader, purse: FreePurse) -> None:
    polled = await reader.poll(replace(SEARCH, tenant_id=None))
    assert (polled.cause, purse.orders) == (Cause.CONFIG, [])


async def test_a_budget_that_is_used_up_is_waited_for(server: Wire) -> None:
    clock = FrozenClock()
    purse = FreePurse(held=Held(hold=Hold.BUDGET, why="used up", until=clock.now() + timedelta(hours=2)))
    async with GuardedHttp() as http, ChildPool(size=1) as children:
        reader = SerpApiReader(http, children, clock, purse, key="k3y", base=server.base)
        polled = await reader.poll(SEARCH)
    assert (polled.cause, polled.retry_after_s, server.asked) == (Cause.BUDGET, 7200, [])


async def test_what_a_process_paid_for_and_did_not_store_is_not_bought_again(server: Wire) -> None:
    article = {"url": "https://a.test/1", "title": "One", "summary": "", "author": "", "published": ""}
    purse = FreePurse(reply={"nameless": 0, "articles": [article]})
    async with GuardedHttp() as http, ChildPool(size=1) as children:
        reader = SerpApiReader(http, children, FrozenClock(), purse, key="k3y", base=server.base)
        polled = await reader.poll(SEARCH)
    assert ([entry.title for entry in polled.entries], server.asked, purse.outcomes) == (["One"], [], [])
    assert polled.cursor
