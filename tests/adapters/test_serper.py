"""Serper: the search that was asked for, paid once, and every way in which it says no has its name."""

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
from cid.domain.paid import Held, Hold
from cid.domain.searching import SearchState, Wanted
from cid.outside.children import ChildPool
from cid.outside.http import GuardedHttp
from cid.outside.serper import Serper
from tests import serper as double
from tests.fakes import FrozenClock
from tests.press_wires import FreePurse
from tests.wire import Behaviour, Wire, cut_short, page, wire

WANTED = Wanted(tenant=TenantId(uuid4()), about=uuid4(), text="port cranes", country="IN", language="en", results=5)
NOW = datetime(2026, 5, 2, 12, tzinfo=UTC)
NEWS: Json = {
    "news": [
        {
            "title": "Cranes arrive",
            "link": "https://post.test/1?utm_source=x",
            "snippet": "They did.",
            "date": "2 hours ago",
            "source": "Post",
            "position": 1,
        },
        {"title": "Again", "link": "https://post.test/1", "snippet": "Twice."},
        {"title": "No link"},
        {"title": "", "link": "https://post.test/2"},
        {"title": "A secret", "link": "https://post.test/3?api_key=abc"},
        {"title": "Not the web", "link": "ftp://post.test/4"},
        "nonsense",
        {"title": 5, "link": ["x"], "snippet": None},
    ]
}


@pytest.fixture
async def server() -> AsyncIterator[Wire]:
    async with wire() as told:
        yield told


@pytest.fixture
def serper(server: Wire) -> double.Serper:
    made = double.Serper(results={"": double.organic(("https://post.test/a", "Cranes", "Three of them."))})
    made.at(server)
    return made


@pytest.fixture
def purse() -> FreePurse:
    return FreePurse()


@pytest.fixture
async def search(server: Wire, serper: double.Serper, purse: FreePurse) -> AsyncIterator[Serper]:
    async with GuardedHttp(allow_local=[f"127.0.0.1:{server.port}"]) as http, ChildPool(size=1) as children:
        yield Serper(http, children, FrozenClock(NOW), purse, key=double.KEY, base=server.base)


async def test_what_is_sent_is_their_wire_and_the_key_is_in_its_header_only(
    search: Serper, serper: double.Serper, server: Wire, purse: FreePurse
) -> None:
    found = await search.search(WANTED)
    assert serper.asked == [("/search", {"q": "port cranes", "num": 5, "gl": "in", "hl": "en"})]
    assert [(hit.url, hit.title, hit.snippet, hit.publisher) for hit in found.hits] == [
        ("https://post.test/a", "Cranes", "Three of them.", "post.test")
    ]
    assert (found.state, found.call is not None) == (SearchState.FOUND, True)
    (order,) = purse.orders
    assert (order.provider, order.what, order.most, order.stage, order.source) == (
        "serper",
        "searches",
        {"search": 1},
        "search",
        WANTED.about,
    )
    assert [(done.units, done.ambiguous) for done in purse.outcomes] == [({"search": 1}, False)]
    assert double.KEY not in str(order) + str(purse.outcomes)


async def test_news_are_asked_for_elsewhere_and_tell_when_from_the_moment_of_asking(
    search: Serper, serper: double.Serper
) -> None:
    serper.results[""] = NEWS
    found = await search.search(replace(WANTED, news=True, country="", language="", results=500))
    assert serper.asked == [("/news", {"q": "port cranes", "num": 10})]
    assert [(hit.url, hit.publisher, hit.published_at) for hit in found.hits] == [
        ("https://post.test/1", "Post", NOW - timedelta(hours=2))
    ]


async def test_nothing_found_is_an_answer_and_is_paid_for(
    search: Serper, serper: double.Serper, purse: FreePurse
) -> None:
    serper.results[""] = double.organic()
    assert (await search.search(WANTED)).state is SearchState.EMPTY
    assert [done.units for done in purse.outcomes] == [{"search": 1}]


@pytest.mark.parametrize(
    ("status", "state", "wait"),
    [
        (400, SearchState.REFUSED, None),
        (401, SearchState.REFUSED, None),
        (403, SearchState.REFUSED, None),
        (429, SearchState.FAILED, 60.0),
        (500, SearchState.FAILED, None),
    ],
)
async def test_each_refusal_has_its_name_and_costs_nothing(
    search: Serper, serper: double.Serper, purse: FreePurse, status: int, state: SearchState, wait: float | None
) -> None:
    serper.fails = status
    found = await search.search(WANTED)
    assert (found.state, found.hits, f"({status})" in found.detail) == (state, (), True)
    assert [(done.units, done.ambiguous, done.wait_s) for done in purse.outcomes] == [({}, False, wait)]
    assert double.KEY not in found.detail


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"organic": 5}', b'{"credits": 1}', b"[" * 100_000])
async def test_what_cannot_be_read_is_a_failure_and_may_have_been_charged(
    search: Serper, server: Wire, purse: FreePurse, body: bytes
) -> None:
    server.answers["/search"] = web.Response(body=body)
    found = await search.search(WANTED)
    assert (found.state, found.hits) == (SearchState.FAILED, ())
    assert [(done.units, done.ambiguous, done.reply) for done in purse.outcomes] == [({}, True, None)]


@pytest.mark.parametrize("behaviour", [cut_short, page])
async def test_an_answer_that_breaks_off_or_is_a_page_is_a_failure(
    search: Serper, server: Wire, purse: FreePurse, behaviour: Behaviour
) -> None:
    server.instead = behaviour
    assert (await search.search(WANTED)).state is SearchState.FAILED
    assert [done.ambiguous for done in purse.outcomes] == [True]


async def test_without_a_key_nothing_is_asked_and_it_is_said_which_to_set(server: Wire, purse: FreePurse) -> None:
    async with GuardedHttp() as http, ChildPool(size=1) as children:
        found = await Serper(http, children, FrozenClock(), purse, key="", base=server.base).search(WANTED)
    assert (found.state, purse.orders, server.asked) == (SearchState.NO_KEY, [], [])
    assert "SERPER_API_KEY" in found.detail


@pytest.mark.parametrize(
    ("hold", "money"), [(Hold.BUDGET, True), (Hold.SWITCH, True), (Hold.BUSY, False), (Hold.PAUSE, False)]
)
async def test_what_holds_it_up_is_told_apart(server: Wire, hold: Hold, money: bool) -> None:
    until = NOW + timedelta(hours=2)
    purse = FreePurse(held=Held(hold=hold, why="used up", until=until))
    async with GuardedHttp() as http, ChildPool(size=1) as children:
        found = await Serper(http, children, FrozenClock(), purse, key="k", base=server.base).search(WANTED)
    assert (found.state, found.until, found.waits_for_money) == (SearchState.HELD, until, money)
    assert server.asked == []


async def test_what_a_process_paid_for_and_did_not_store_is_not_bought_again(server: Wire) -> None:
    row = {"url": "https://a.test/1", "title": "One", "snippet": "", "publisher": "A", "published": ""}
    purse = FreePurse(reply=json.loads(json.dumps({"hits": [row]})))
    async with GuardedHttp() as http, ChildPool(size=1) as children:
        found = await Serper(http, children, FrozenClock(), purse, key="k", base=server.base).search(WANTED)
    assert ([hit.title for hit in found.hits], server.asked, purse.outcomes) == (["One"], [], [])
