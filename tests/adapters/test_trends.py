"""How much is searched for: read as both places say it, and each way of saying nothing has its sentence."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest
from aiohttp import web

from cid.domain.ids import TenantId
from cid.domain.interest import Heard, Question
from cid.domain.llm import Json
from cid.domain.paid import Held, Hold
from cid.outside import trends as adapter
from cid.outside.children import ChildPool
from cid.outside.http import GuardedHttp
from cid.outside.trends import SerpApiTrends, TrendingRss, parse_interest, parse_trending, traffic_score
from tests.fakes import FrozenClock
from tests.press_wires import FreePurse
from tests.trends import interest, trending
from tests.wire import Behaviour, Wire, cut_short, nothing, page, silence, wire

TENANT = TenantId(uuid4())
LIST = Question("AU", "")
FERRY = Question("AU", "रेपो रेट")


@pytest.fixture
async def server() -> AsyncIterator[Wire]:
    async with wire() as told:
        told.answers["/trending/rss"] = trending(("Repo Rate", "2,000+"), ("ferry strike", "200+"), ("रेपो रेट", "1M+"))
        told.answers["/search.json"] = interest([10] * 144 + [50] * 24, partial=100)
        yield told


@pytest.fixture
async def children() -> AsyncIterator[ChildPool]:
    async with ChildPool(size=1) as pool:
        yield pool


@pytest.fixture
async def http(server: Wire) -> AsyncIterator[GuardedHttp]:
    async with GuardedHttp(allow_local=[f"127.0.0.1:{server.port}"]) as client:
        yield client


@pytest.fixture
def rss(server: Wire, http: GuardedHttp, children: ChildPool) -> TrendingRss:
    return TrendingRss(http, children, FrozenClock(), server.base)


@pytest.fixture
def purse() -> FreePurse:
    return FreePurse()


@pytest.fixture
def serpapi(server: Wire, http: GuardedHttp, children: ChildPool, purse: FreePurse) -> SerpApiTrends:
    return SerpApiTrends(http, children, FrozenClock(), purse, key="k3y", base=server.base)


async def test_the_list_of_a_country_is_read_with_how_much_each_search_is_made(rss: TrendingRss, server: Wire) -> None:
    heard = await rss.ask(TENANT, LIST)
    assert heard == Heard(scores={"repo rate": 66.02, "ferry strike": 46.02, "रेपो रेट": 100})
    assert server.asked[0].query == {"geo": "AU"}


async def test_one_keyword_is_asked_about_over_a_week_and_its_last_whole_day_counts(
    serpapi: SerpApiTrends, server: Wire, purse: FreePurse
) -> None:
    assert await serpapi.ask(TENANT, FERRY) == Heard(scores={"रेपो रेट": 50})
    assert server.asked[0].query == {
        "engine": "google_trends",
        "data_type": "TIMESERIES",
        "q": "रेपो रेट",
        "geo": "AU",
        "date": "now 7-d",
        "api_key": "k3y",
    }
    assert purse.orders[0].tenant == TENANT
    assert "k3y" not in json.dumps(purse.orders[0].request)
    assert purse.outcomes[0].units == {"search": 1}


async def refused(_: web.Request) -> web.StreamResponse:
    return web.Response(status=429, headers={"Retry-After": "600"})


async def unavailable(_: web.Request) -> web.StreamResponse:
    return web.Response(status=503)


async def forbidden(_: web.Request) -> web.StreamResponse:
    return web.Response(status=403)


async def empty_list(_: web.Request) -> web.StreamResponse:
    return web.Response(body=trending())


@pytest.mark.parametrize(
    ("behaviour", "why", "rest"),
    [
        (refused, "asks to be left alone (429)", timedelta(minutes=10)),
        (unavailable, "asks to be left alone (503)", timedelta(hours=2)),
        (forbidden, "refuses us (403)", None),
        (page, "something else than its list", None),
        (nothing, "answers nothing", None),
        (empty_list, "is empty", None),
        (cut_short, "list of searches: ", None),
    ],
)
async def test_a_list_that_is_none_is_missing_with_its_reason(
    rss: TrendingRss, server: Wire, behaviour: Behaviour, why: str, rest: timedelta | None
) -> None:
    server.instead = behaviour
    heard = await rss.ask(TENANT, LIST)
    assert why in heard.missing
    assert (heard.scores, heard.rest, heard.settled) == ({}, rest, False)


async def test_a_server_that_hangs_is_missing_after_its_time(
    rss: TrendingRss, serpapi: SerpApiTrends, server: Wire, purse: FreePurse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "TIMEOUT_S", 0.2)
    server.instead = silence
    assert "list of searches: " in (await rss.ask(TENANT, LIST)).missing
    assert "SerpApi: " in (await serpapi.ask(TENANT, FERRY)).missing
    assert purse.outcomes[0].ambiguous, "it was sent, and may have been counted"


async def test_without_a_key_nothing_is_sent_and_nothing_set_aside(
    server: Wire, http: GuardedHttp, children: ChildPool, purse: FreePurse
) -> None:
    keyless = SerpApiTrends(http, children, FrozenClock(), purse, key="", base=server.base)
    assert (await keyless.ask(TENANT, FERRY)).missing == "There is no key for SerpApi: set SERPAPI_KEY."
    assert (server.asked, purse.orders) == ([], [])


async def test_what_the_tenant_cannot_pay_for_is_its_own_trouble(
    serpapi: SerpApiTrends, server: Wire, purse: FreePurse
) -> None:
    purse.held = Held(hold=Hold.BUDGET, why="the day's budget is used up", until=FrozenClock().now())
    assert await serpapi.ask(TENANT, FERRY) == Heard(missing="the day's budget is used up", own=True)
    assert server.asked == []


async def test_what_was_paid_for_and_not_kept_is_not_paid_for_again(
    serpapi: SerpApiTrends, server: Wire, purse: FreePurse
) -> None:
    purse.reply = {"score": 12.5}
    assert await serpapi.ask(TENANT, FERRY) == Heard(scores={"रेपो रेट": 12.5})
    assert (server.asked, purse.outcomes) == ([], [])


@pytest.mark.parametrize(
    ("answer", "why", "ambiguous"),
    [
        ({"error": "Your account has run out of searches."}, "run out of searches", False),
        ({"error": "Invalid API key."}, "Invalid API key", False),
        ({"something": "else"}, "something else", True),
        ([], "something else", True),
        ("<html>", "something else", True),
    ],
)
async def test_an_answer_that_is_none_is_paid_for_only_where_it_may_have_been_counted(
    serpapi: SerpApiTrends, server: Wire, purse: FreePurse, answer: object, why: str, ambiguous: bool
) -> None:
    server.answers["/search.json"] = json.dumps(answer).encode()
    heard = await serpapi.ask(TENANT, FERRY)
    assert why in heard.missing
    assert not heard.settled
    assert purse.outcomes[0].ambiguous is ambiguous
    assert purse.outcomes[0].reply is None


async def test_what_is_searched_for_too_little_is_settled_for_the_day(
    serpapi: SerpApiTrends, server: Wire, purse: FreePurse
) -> None:
    server.answers["/search.json"] = b'{"error": "Google Trends hasn\'t returned any results for this query."}'
    heard = await serpapi.ask(TENANT, FERRY)
    assert heard.settled
    assert "too little" in heard.missing
    assert purse.outcomes[0].units == {"search": 1}


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("200+", 46.02),
        ("2,000+", 66.02),
        ("2.000+", 66.02),
        ("20K+", 86.02),
        ("1M+", 100),
        ("५००+", 53.98),
        ("0", 0),
        ("", None),
        ("many", None),
        ("-5", None),
        ("9" * 60, 100),
    ],
)
def test_traffic_is_points_by_powers_of_ten(text: str, score: float | None) -> None:
    assert traffic_score(text) == score


HOSTILE = b"""<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "x"><!ENTITY b SYSTEM "file:///etc/passwd">]>
<rss xmlns:ht="https://trends.google.com/trending/rss"><channel><item><title>&a;&b;</title>
<ht:approx_traffic>200+</ht:approx_traffic></item><item><title>fine</title><ht:approx_traffic>200+</ht:approx_traffic>
</item><item><title>no traffic</title></item><item/></channel></rss>"""


def test_entities_are_not_followed_and_items_without_a_word_are_passed_over() -> None:
    found = parse_trending({"body": b64encode(HOSTILE).decode()})
    assert found == {"error": "", "searches": {"fine": 46.02}}


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"interest_over_time": []}',
        b'{"interest_over_time": {"timeline_data": 3}}',
        b"[" * 100_000,
        b"\xff",
        b"null",
    ],
)
def test_nonsense_instead_of_an_interest_is_an_error_with_a_name(body: bytes) -> None:
    assert "SerpApi answers something" in parse_interest({"body": b64encode(body).decode()})["error"]


def test_points_that_make_no_sense_are_passed_over() -> None:
    points: list[Json] = [
        None,
        {},
        {"values": []},
        {"values": [{"extracted_value": True}]},
        {"values": [{"extracted_value": 400}]},
    ]
    body = json.dumps({"interest_over_time": {"timeline_data": points}}).encode()
    assert parse_interest({"body": b64encode(body).decode()}) == {"score": 100}
    none = json.dumps({"interest_over_time": {"timeline_data": points[:3]}}).encode()
    assert parse_interest({"body": b64encode(none).decode()}) == {"score": None}
