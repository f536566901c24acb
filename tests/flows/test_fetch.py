"""What a run reads of an outlet: from the sources that were asked for and no others, each answer with its name."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from cid.domain.choices import Limits
from cid.domain.errors import Deferred
from cid.domain.ids import RunId, TenantId, uuid7
from cid.domain.llm import Json
from cid.domain.news import SourceKind
from cid.domain.policy import Polling
from cid.domain.run import Grain, Period, Platform, Run, RunFetch, RunState, Target, Tlp, Via
from cid.flows.analyse.fetch import Fetched, fetch
from cid.llm.reads import Purse, forget, load_read_prices
from cid.outside.children import ChildPool
from cid.outside.http import GuardedHttp
from cid.outside.pages import PageReader
from cid.pg.pool import AppDb, WorkerDb
from cid.pg.sql import SQL
from cid.ports import SourceReader
from cid.services import Outside, Services
from cid.sources.gdelt import GdeltReader, GdeltSearch
from cid.sources.gdelt_files import GdeltFiles
from cid.sources.google_news import GoogleNewsReader
from cid.sources.pace import Pace
from cid.sources.rss import RssReader
from cid.sources.serpapi import SerpApiReader
from cid.sources.telegram import TelegramReader
from cid.sources.x import XReader
from cid.store import money, runs
from tests import make
from tests.fakes import FrozenClock
from tests.press_wires import doc, doc_article, google
from tests.press_wires import google_item as undated
from tests.telegram import Message, Telegram, telegram
from tests.wire import Wire, silence, wire
from tests.xapi import TOKEN, XApi, post, problem, x_api

AT = datetime.now(UTC).replace(microsecond=0)
PRICES = load_read_prices(SQL.parent / "config" / "prices.toml")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SENTENCE = "The harbour authority opened quay number {} on Monday after years of work, officials said at the ceremony. "


def google_item(number: int, title: str, publisher: str, home: str) -> str:
    return undated(number, title, publisher, home).replace("Thu, 17 Sep 2026 21:00:00 GMT", format_datetime(AT - HOUR))


def at(ago: timedelta) -> str:
    """As X and SerpApi spell it."""
    return f"{AT - ago:%Y-%m-%dT%H:%M:%SZ}"


def article(title: str, lang: str = "en", head: str = "") -> bytes:
    body = "".join(f"<p>{SENTENCE.format(number) * 2}</p>" for number in range(20))
    return (
        f'<!doctype html><html lang="{lang}"><head><title>{title}</title>{head}</head>'
        f"<body><article><h1>{title}</h1>{body}</article></body></html>"
    ).encode()


def html(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="text/html")


def feed(*entries: tuple[str, str, datetime | None, str]) -> web.Response:
    """Title, link, date and summary of each."""
    items = "".join(
        f"<item>{f'<title>{title}</title>' if title else ''}<link>{link}</link><description>{summary}</description>"
        + (f"<pubDate>{format_datetime(at)}</pubDate>" if at else "")
        + "</item>"
        for title, link, at, summary in entries
    )
    body = f'<rss version="2.0"><channel><title>Harbour Post</title>{items}</channel></rss>'
    return web.Response(text=body, content_type="application/rss+xml")


def results(*rows: Json) -> bytes:
    return json.dumps({"news_results": list(rows)}).encode()


@dataclass
class Desk:
    sv: Services
    server: Wire
    api: XApi
    channels: Telegram
    tenant: TenantId
    owner: Any

    def run(self, *sources: Via, **over: Any) -> Run:
        now = self.sv.clock.now()
        values: dict[str, Any] = {
            "id": RunId(uuid7(now)), "tenant_id": self.tenant, "batch_id": None, "monitor_id": None,
            "outlet": "Harbour Post", "outlet_key": "harbour post MD", "country": "MD", "url": "",
            "platform": Platform.NEWS, "period": Period.MONTH, "items": 5, "sources": tuple(sources),
            "substitute": False, "tlp": Tlp.AMBER, "state": RunState.FETCHING, "failure": None, "detail": "",
            "shortfalls": (),
            "requested_by": None, "sample": False, "score": None, "rating": "", "provider": "", "created_at": now,
            "changed_at": now, "ended_at": None,
        }  # fmt: skip
        return Run(**{**values, **over})

    async def fetch(self, *sources: Via, **over: Any) -> Fetched:
        return await fetch(self.sv, await self.asked(*sources, **over))

    async def asked(self, *sources: Via, **over: Any) -> Run:
        """A run that is stored and not over."""
        run = self.run(*sources, **over)
        target = Target(**{one.name: getattr(run, one.name) for one in dataclasses.fields(Target)})
        async with self.sv.db.tx(run.tenant_id) as tx:
            await runs.add(tx, run.id, target, outlet_key=run.outlet_key, tlp=run.tlp, by=None)
        return run

    def site(self, *entries: tuple[str, str, datetime | None, str]) -> str:
        """The outlet's, with a feed that its page names."""
        link = '<link rel="alternate" type="application/rss+xml" href="/news.xml" title="News">'
        comments = '<link rel="alternate" type="application/rss+xml" href="/comments/feed.xml" title="Comments">'
        head = f"<!doctype html><html><head>{comments}{link}</head><body>Welcome</body></html>"
        self.server.answers["/"] = html(head.encode())
        self.server.answers["/comments/feed.xml"] = feed(("Nice", f"{self.server.base}/c", AT, ""))
        self.server.answers["/news.xml"] = feed(*entries)
        return f"{self.server.base}/"

    def at(self, path: str) -> str:
        return self.server.base + path


@pytest.fixture
async def desk(db: AppDb, platform: WorkerDb, owner: Any, tmp_path: Path) -> AsyncIterator[Desk]:
    clock = FrozenClock(AT)
    async with wire() as server, x_api() as api, telegram() as channels, ChildPool(size=2) as children:
        local = [f"127.0.0.1:{one.port}" for one in (server, api, channels)]
        async with GuardedHttp(allow_local=local) as http:
            purse = Purse(db, clock, caps=make.catalogue(db).caps, prices=PRICES)
            pace = Pace(clock, "a search", every_s=0)
            search = GdeltSearch(http, children, clock, pace, server.base)
            readers: dict[SourceKind, SourceReader] = {
                SourceKind.RSS: RssReader(http, children, clock),
                SourceKind.GOOGLE_NEWS: GoogleNewsReader(http, children, clock, pace, server.base),
                SourceKind.GDELT: GdeltReader(
                    GdeltFiles(http, children, clock, tmp_path / "gdelt", server.base), children, search
                ),
                SourceKind.SERPAPI: SerpApiReader(http, children, clock, purse, key="k3y", base=server.base),
                SourceKind.X: XReader(http, clock, purse, token=TOKEN, api=api.url),
                SourceKind.TELEGRAM: TelegramReader(http, children, clock, place=channels.url),
            }
            pages = PageReader(http, children, clock)
            outside = Outside(http=http, children=children, sources=readers, channels={}, pages=pages)
            sv = make.services(db, platform, outside=outside, clock=clock)
            sv = replace(sv, policy=replace(sv.policy, polling=Polling(local=frozenset(local))))
            yield Desk(sv, server, api, channels, await make.tenant(platform), owner)


def only(fetched: Fetched) -> RunFetch:
    (one,) = fetched.fetches
    return one


# --- the outlet's own feed ------------------------------------------------------------------------------------------


async def test_the_outlets_own_feed_is_found_and_its_articles_are_read_at_their_pages(desk: Desk) -> None:
    url = desk.site(
        ("Quay opens", desk.at("/1"), AT - timedelta(hours=3), "Short."),
        ("No page", desk.at("/gone"), AT - timedelta(hours=1), "The summary."),
        ("Only a title", desk.at("/shut"), None, ""),
    )
    desk.server.answers["/1"] = html(article("Quay opens", lang="ro"))
    desk.server.answers["/shut"] = web.Response(status=403)
    found = await desk.fetch(Via.OWN_FEED, url=url)
    asked = only(found)
    assert (asked.via, asked.address, asked.outcome, asked.found, asked.kept) == (
        Via.OWN_FEED, desk.at("/news.xml"), "new", 3, 3,
    )  # fmt: skip
    assert "1 without a date" in asked.detail
    told = [(one.number, one.title, one.grain, one.text_state, one.language) for one in found.items]
    assert told == [
        (1, "No page", Grain.SUMMARY, "gone", ""),
        (2, "Quay opens", Grain.ARTICLE, "read", "ro"),
        (3, "Only a title", Grain.TITLE, "blocked", ""),
    ]
    summary, whole, title = found.items
    assert summary.text == "The summary." and SENTENCE.format(19).strip() in whole.text and title.text == ""
    assert title.published_at is None
    for one in found.items:
        assert one.sha256 == hashlib.sha256(f"{one.title}\n{one.text}".encode()).digest()


async def test_what_robots_forbid_is_not_read_and_the_item_says_so(desk: Desk) -> None:
    url = desk.site(("Quay opens", desk.at("/1"), AT, "Short."))
    desk.server.answers["/1"] = html(article("Quay opens"))
    desk.server.answers["/robots.txt"] = b"User-agent: *\nDisallow: /1"
    (item,) = (await desk.fetch(Via.OWN_FEED, url=url)).items
    assert (item.text_state, item.grain, item.text) == ("forbidden_by_robots", Grain.SUMMARY, "Short.")
    assert "/1" not in desk.server.paths


async def test_a_site_without_a_feed_says_so_and_nothing_stands_in_for_it(desk: Desk) -> None:
    desk.server.answers["/"] = html(b"<!doctype html><html><body>Welcome</body></html>")
    desk.server.answers["/rss/search"] = google(google_item(1, "Elsewhere", "Herald", "https://herald.test"))
    found = await desk.fetch(Via.OWN_FEED, Via.GOOGLE_NEWS, url=desk.at("/"))
    assert (only(found).outcome, only(found).cause, found.items) == ("gone", "not_found", ())
    assert "No feed" in only(found).detail


async def test_with_permission_the_next_source_is_asked_until_there_is_enough(desk: Desk) -> None:
    url = desk.site(("Own story", desk.at("/1"), AT, "Short."))
    desk.server.answers["/rss/search"] = google(
        google_item(1, "Second story", "Harbour Post", "https://post.test"),
        google_item(2, "Third story", "Harbour Post", "https://post.test"),
    )
    plan = (Via.OWN_FEED, Via.GOOGLE_NEWS, Via.GDELT)
    found = await desk.fetch(*plan, url=url, items=2, substitute=True)
    assert [(one.number, one.via, one.outcome, one.found, one.kept) for one in found.fetches] == [
        (1, Via.OWN_FEED, "new", 1, 1),
        (2, Via.GOOGLE_NEWS, "new", 2, 1),
    ]
    assert [one.via for one in found.items] == [Via.OWN_FEED, Via.GOOGLE_NEWS]
    assert "/api/v2/doc/doc" not in desk.server.paths
    found = await desk.fetch(*plan, url=url, items=2)
    assert [one.via for one in found.fetches] == [Via.OWN_FEED]


async def test_a_site_that_asked_to_be_left_alone_is_left_alone_by_runs_too(desk: Desk) -> None:
    desk.server.instead = _limited
    first = await desk.fetch(Via.GOOGLE_NEWS)
    assert (only(first).outcome, only(first).cause) == ("rate_limited", "rate_limited")
    asked = len(desk.server.asked)
    second = await desk.fetch(Via.GOOGLE_NEWS)
    assert only(second).outcome == "rate_limited"
    assert "left alone" in only(second).detail
    assert len(desk.server.asked) == asked


async def _limited(_: web.Request) -> web.StreamResponse:
    return web.Response(status=429, headers={"Retry-After": "3000"})


# --- searches -------------------------------------------------------------------------------------------------------


async def test_google_is_asked_for_the_name_in_quotes_in_the_edition_of_the_country(desk: Desk) -> None:
    desk.server.answers["/rss/search"] = google(google_item(1, "Первый", "Правда", "https://pravda.test"))
    found = await desk.fetch(Via.GOOGLE_NEWS, outlet='Газета "Правда"', country="RU", period=Period.WEEK)
    assert desk.server.asked[0].query == {"q": '"Газета Правда" when:7d', "hl": "ru", "gl": "RU", "ceid": "RU:ru"}
    (item,) = found.items
    assert (item.title, item.publisher, item.grain, item.text_state, item.text) == (
        "Первый", "pravda.test", Grain.TITLE, "", "",
    )  # fmt: skip
    assert len(desk.server.asked) == 1, "an aggregator's address is not read"
    assert "%D0%9F%D1%80" in only(found).address


async def test_the_search_keeps_to_the_outlets_site_where_that_is_known(desk: Desk) -> None:
    desk.server.answers["/search.json"] = results()
    found = await desk.fetch(Via.SERPAPI, url="https://www.post.test/en/", period=Period.YEAR)
    assert desk.server.asked[0].query["q"] == '"Harbour Post" site:post.test when:1y'
    assert (only(found).outcome, found.items) == ("empty", ())
    assert "k3y" not in str(found)


async def test_the_outlets_own_items_come_before_those_of_others_and_no_story_twice(desk: Desk) -> None:
    row = {"iso_date": at(HOUR), "snippet": "It goes."}
    desk.server.answers["/search.json"] = results(
        {"title": "What they write", "link": "http://127.0.0.2:1/other", **row},
        {"title": "Ferry back", "link": desk.at("/ferry?utm_source=x"), **row},
        {"title": "ferry back!", "link": desk.at("/ferry-again"), **row},
        {"title": "Ferry is not back", "link": desk.at("/not"), "iso_date": at(DAY)},
        {"title": "Long ago", "link": desk.at("/old"), "iso_date": at(60 * DAY)},
    )
    found = await desk.fetch(Via.SERPAPI, url=desk.at("/"), items=3)
    assert [one.title for one in found.items] == ["Ferry back", "What they write", "Ferry is not back"]
    assert (only(found).found, only(found).kept) == (4, 3)
    assert "1 older than the period" in only(found).detail and "1 twice" in only(found).detail
    assert "1 published by others, as far as names tell, and taken last" in only(found).detail
    found = await desk.fetch(Via.SERPAPI, url=desk.at("/"), items=2)
    assert [one.title for one in found.items] == ["Ferry back", "Ferry is not back"]


async def test_an_undated_item_whose_page_says_that_it_is_old_gives_its_place_to_another(desk: Desk) -> None:
    old = '<meta property="article:published_time" content="2020-01-01T00:00:00Z">'
    desk.server.answers["/1"] = html(article("Long ago", head=old))
    desk.server.answers["/2"] = html(article("Now"))
    desk.server.answers["/search.json"] = results(
        {"title": "Long ago", "link": desk.at("/1")}, {"title": "Now", "link": desk.at("/2")}
    )
    found = await desk.fetch(Via.SERPAPI, url=desk.at("/"), items=1)
    assert [one.title for one in found.items] == ["Now"]
    assert "1 older than the period by its page" in only(found).detail


async def test_twenty_items_are_twenty_each_with_its_number(desk: Desk) -> None:
    items = (google_item(number, f"Story number {number}", "Post", "https://post.test") for number in range(40))
    desk.server.answers["/rss/search"] = google(*items)
    found = await desk.fetch(Via.GOOGLE_NEWS, items=20)
    assert [one.number for one in found.items] == list(range(1, 21))
    assert (only(found).found, only(found).kept) == (40, 20)


async def test_gdelt_is_searched_by_the_site_and_never_by_the_files_of_a_quarter_of_an_hour(desk: Desk) -> None:
    desk.server.answers["/api/v2/doc/doc"] = doc(doc_article(desk.at("/1"), "Зерновой коридор открыт"))
    desk.server.answers["/1"] = html(article("Зерновой коридор открыт", lang="ru"))
    found = await desk.fetch(Via.GDELT, url="https://www.post.test/", period=Period.YEAR)
    asked = desk.server.asked[0]
    assert (asked.path, asked.query["query"], asked.query["timespan"]) == ("/api/v2/doc/doc", "domain:post.test", "90d")
    assert "90 days" in only(found).detail
    assert [(one.title, one.language, one.published_at, one.grain) for one in found.items] == [
        ("Зерновой коридор открыт", "ru", None, Grain.ARTICLE)
    ]
    await desk.fetch(Via.GDELT, period=Period.HOUR)
    asked = [one for one in desk.server.asked if one.path == "/api/v2/doc/doc"][-1]
    assert (asked.query["query"], asked.query["timespan"]) == ('"Harbour Post"', "1h")
    assert only(await desk.fetch(Via.GDELT, outlet="РТ")).cause == "config"


@pytest.mark.parametrize("via", [Via.GOOGLE_NEWS, Via.GDELT, Via.SERPAPI, Via.OWN_FEED])
@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (403, b"no", "blocked"),
        (429, b"", "rate_limited"),
        (500, b"", "unreachable"),
        (200, b"<!doctype html><html><body>hello</body></html>", "broken"),
    ],
)
async def test_each_failure_of_a_source_has_its_name_and_is_no_empty_list(
    desk: Desk, via: Via, status: int, body: bytes, outcome: str
) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=body, content_type="text/html")

    desk.server.instead = answer
    found = await desk.fetch(via, url=desk.at("/") if via is Via.OWN_FEED else "")
    assert found.items == ()
    assert only(found).detail
    if via is Via.OWN_FEED:
        outcome = "gone"  # of a site it is only known that no feed was found
    assert only(found).outcome == outcome


async def test_a_dead_host_is_unreachable(desk: Desk) -> None:
    found = await desk.fetch(Via.OWN_FEED, url="https://nobody.invalid/")
    assert (only(found).outcome, only(found).cause) == ("unreachable", "dns")


async def test_a_page_that_never_answers_costs_the_item_its_text_and_nothing_else(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cid.flows.analyse.articles.WHOLE_S", 1.0)
    desk.server.answers["/1"] = silence
    url = desk.site(("Quay opens", desk.at("/1"), AT, "Short."))
    (item,) = (await desk.fetch(Via.OWN_FEED, url=url)).items
    assert (item.text_state, item.text) == ("", "Short.")


# --- accounts -------------------------------------------------------------------------------------------------------


async def test_an_account_at_x_brings_its_posts_and_its_profile(desk: Desk) -> None:
    desk.api.posts = [
        post(4, "Look at this", refers=("quoted", 1), created_at=at(HOUR)),
        post(3, "Look at this", created_at=at(DAY)),
        post(2, "Old news", created_at=at(90 * DAY)),
        post(1, "What others say", author="22", created_at=at(DAY)),
    ]
    found = await desk.fetch(Via.X, platform=Platform.X, outlet="@harbour", url="https://x.com/harbour")
    assert [(one.title, one.grain, one.text_state) for one in found.items] == [("Look at this", Grain.POST, "")] * 2
    assert found.items[0].facts["amplifies"]
    assert found.profile and (found.profile.handle, found.profile.name) == ("harbour", "Harbour")
    assert found.profile.followers == 1200
    assert (only(found).address, only(found).found) == ("https://x.com/harbour", 2)
    row = await desk.owner.fetchrow("select tenant_id, cost, stage from calls")
    assert (row["tenant_id"], row["cost"], row["stage"]) == (desk.tenant, desk.api.bill, "poll")


async def test_what_was_paid_for_and_not_stored_is_not_paid_for_again(desk: Desk) -> None:
    desk.api.posts = [post(1, created_at=at(HOUR))]
    run = await desk.asked(Via.X, platform=Platform.X, url="https://x.com/harbour")
    first = await fetch(desk.sv, run)
    bill = desk.api.bill
    again = await fetch(desk.sv, run)
    assert [one.sha256 for one in again.items] == [one.sha256 for one in first.items]
    assert again.profile == first.profile
    assert desk.api.bill == bill
    assert await desk.owner.fetchval("select count(*) from calls") == 1
    desk.server.answers["/search.json"] = results({"title": "A", "link": desk.at("/a")})
    paid = await desk.asked(Via.SERPAPI)
    await fetch(desk.sv, paid)
    second = await fetch(desk.sv, paid)
    assert desk.server.paths.count("/search.json") == 1
    async with desk.sv.db.tx(desk.tenant) as tx:
        await forget(tx, (*again.calls, *second.calls))
    assert await desk.owner.fetchval("select count(*) from calls where reply is not null and state = 'answered'") == 0


async def test_another_tenants_run_is_paid_from_its_own_budget(desk: Desk) -> None:
    desk.api.posts = [post(1, created_at=at(HOUR))]
    other = await make.tenant(desk.sv.platform, slug="other")  # type: ignore[arg-type]  # the pool of the test
    async with desk.sv.platform.tx() as tx:
        await money.cap(tx, desk.tenant, Limits(per_stage={"poll": Decimal(0)}), None)
    over: Any = {"platform": Platform.X, "url": "https://x.com/harbour"}
    broke = await desk.fetch(Via.X, **over)
    assert (only(broke).outcome, only(broke).cause, broke.items) == ("rate_limited", "budget", ())
    assert "used up" in only(broke).detail
    assert desk.api.asked == []
    rich = await desk.fetch(Via.X, **over, tenant_id=other)
    assert len(rich.items) == 1
    assert [row["tenant_id"] for row in await desk.owner.fetch("select tenant_id from calls")] == [other]


async def test_two_processes_at_one_paid_read_pay_once_and_the_second_waits(desk: Desk) -> None:
    begun, go = asyncio.Event(), asyncio.Event()

    async def slow(_: web.Request) -> web.StreamResponse:
        begun.set()
        await go.wait()
        return web.Response(body=results({"title": "A", "link": desk.at("/a")}))

    desk.server.answers["/search.json"] = slow
    # How long the first may take is told by the database's clock, which did not stand still since this file was read.
    assert isinstance(desk.sv.clock, FrozenClock)
    desk.sv.clock.at = datetime.now(UTC)
    run = await desk.asked(Via.SERPAPI)
    first = asyncio.ensure_future(fetch(desk.sv, run))
    await asyncio.wait_for(begun.wait(), 10)
    with pytest.raises(Deferred) as deferred:
        await fetch(desk.sv, run)
    assert deferred.value.until > desk.sv.clock.now()
    go.set()
    assert len((await first).items) == 1


@pytest.mark.parametrize(
    ("answer", "outcome", "cause"),
    [
        (problem(401, "Unauthorized"), "blocked", "no_key"),
        (problem(402, "CreditsDepleted"), "rate_limited", "budget"),
        (problem(503, "Unavailable"), "unreachable", "http_5xx"),
    ],
)
async def test_what_x_refuses_is_named(desk: Desk, answer: Any, outcome: str, cause: str) -> None:
    desk.api.next = [answer]
    found = await desk.fetch(Via.X, platform=Platform.X, url="https://x.com/harbour")
    assert (only(found).outcome, only(found).cause, found.items) == (outcome, cause, ())


async def test_an_account_that_is_not_there_is_gone_and_no_news_are_asked_in_its_place(desk: Desk) -> None:
    found = await desk.fetch(Via.X, platform=Platform.X, url="https://x.com/nobody", substitute=True)
    assert (only(found).outcome, only(found).cause) == ("gone", "not_found")
    assert desk.server.asked == []


async def test_without_a_key_the_answer_says_which_one_is_missing(desk: Desk) -> None:
    sources = dict(desk.sv.outside.sources)
    sources[SourceKind.X] = XReader(desk.sv.outside.http, desk.sv.clock, _nobodys(), token="", api=desk.api.url)
    desk.sv = replace(desk.sv, outside=replace(desk.sv.outside, sources=sources))
    found = await desk.fetch(Via.X, platform=Platform.X, url="https://x.com/harbour")
    assert (only(found).outcome, only(found).cause) == ("blocked", "no_key")
    assert "X_BEARER_TOKEN" in only(found).detail


def _nobodys() -> Any:
    """A purse that is never opened."""
    return None


async def test_a_channel_at_telegram_brings_its_posts_and_its_profile(desk: Desk) -> None:
    desk.channels.channels["harbour"] = [
        Message(id=1, text="Long ago", at=at(90 * DAY)),
        Message(id=2, text="Паром снова ходит", at=at(HOUR)),
        Message(id=3, text="", media='<a class="tgme_widget_message_photo_wrap"></a>', at=at(HOUR)),
    ]
    found = await desk.fetch(Via.TELEGRAM, platform=Platform.TELEGRAM, outlet="harbour", url="https://t.me/harbour")
    assert [(one.title, one.grain, one.facts["engagement"]["views"]) for one in found.items] == [
        ("Паром снова ходит", Grain.POST, 12300)
    ]
    assert "posts without words: 1" in only(found).detail and "1 older than the period" in only(found).detail
    assert found.profile and (found.profile.name, found.profile.followers) == ("harbour & Tram", 12300)
    private = await desk.fetch(Via.TELEGRAM, platform=Platform.TELEGRAM, url="https://t.me/nobody")
    assert (only(private).outcome, only(private).cause) == ("broken", "config")


async def test_nothing_that_an_outlet_writes_breaks_what_is_stored(desk: Desk) -> None:
    url = desk.site(
        ("Bad \u202e title\u200b", desk.at("/1"), datetime(2999, 1, 1, tzinfo=UTC), "x" * 30_000),
        ("", desk.at("/2"), AT, "What has no title goes by its text."),
    )
    found = await desk.fetch(Via.OWN_FEED, url=url)
    assert [(one.title, one.published_at) for one in found.items] == [
        ("What has no title goes by its text.", AT),
        ("Bad title", None),
    ]
    assert all(len(one.text) <= 20_000 for one in found.items)
