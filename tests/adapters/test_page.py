"""Pages without a feed: articles as their selectors find them, and a name for whatever is not one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from cid.domain.news import Cause, Polled, PollOutcome, Source, SourceKind
from cid.outside.children import ChildPool
from cid.outside.http import GuardedHttp
from cid.outside.pages import PageReader
from cid.sources.page import ListReader
from tests import make
from tests.fakes import FrozenClock

NEW, SAME, BROKEN = PollOutcome.NEW, PollOutcome.NOT_MODIFIED, PollOutcome.BROKEN
SELECTORS = {"item": "article.card", "title": "h2", "summary": "p.lead"}


def card(title: str, link: str = "", date: str = "", lead: str = "") -> str:
    place = f'<a class="more" href="{link}">Read more</a>' if link else ""
    return f'<article class="card"><h2>{title}</h2><time>{date}</time><p class="lead">{lead}</p>{place}</article>'


def page(*cards: str, head: str = "") -> str:
    return f'<html lang="en"><head><title>Harbour board</title>{head}</head><body>{"".join(cards)}</body></html>'


@dataclass
class Site:
    port: int = 0
    body: str = ""
    robots: str | None = None
    status: int = 200
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/news/"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.path, {name.lower(): value for name, value in request.headers.items()}))
        if request.path == "/robots.txt":
            return web.Response(text=self.robots or "", status=200 if self.robots is not None else 404)
        if request.path == "/moved/":
            raise web.HTTPFound("/hidden/")
        if request.headers.get("If-None-Match") == '"v1"':
            return web.Response(status=304)
        return web.Response(text=self.body, status=self.status, content_type="text/html", headers={"ETag": '"v1"'})


@asynccontextmanager
async def a_site() -> AsyncIterator[Site]:
    site = Site()
    app = web.Application()
    app.router.add_get("/{path:.*}", site.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    site.port = runner.addresses[0][1]
    try:
        yield site
    finally:
        await runner.cleanup()


class Desk:
    def __init__(self, site: Site, reader: ListReader, clock: FrozenClock) -> None:
        self.site, self.reader, self.clock = site, reader, clock
        self.source: Source = make.polled_source(site.url, kind=SourceKind.PAGE, config=SELECTORS)

    async def poll(self, *cards: str, **over: Any) -> Polled:
        self.site.body = page(*cards, **over)
        polled = await self.reader.poll(self.source)
        if polled.outcome.healthy:
            self.source = replace(
                self.source,
                etag=polled.etag,
                body_sha=polled.body_sha,
                cursor=self.source.cursor if polled.cursor is None else polled.cursor,
            )
        return polled


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with (
        a_site() as site,
        ChildPool(size=1) as children,
        GuardedHttp(allow_local=[f"127.0.0.1:{site.port}"]) as http,
    ):
        clock = FrozenClock()
        yield Desk(site, ListReader(http, children, clock, PageReader(http, children, clock)), clock)


async def test_articles_are_what_the_selectors_find(desk: Desk) -> None:
    polled = await desk.poll(
        card("Ferry <b>back</b> in service", "ferry?utm_source=list", "15 Jan 2026", "After years &amp; years"),
        card("Bakery wins", "https://other.test/bakery", "Published: 3 February 2026"),
    )
    one, two = polled.entries
    assert (one.title, one.summary, one.url) == (
        "Ferry back in service",
        "After years & years",
        f"{desk.site.url}ferry",
    )
    assert (two.url, two.title) == ("https://other.test/bakery", "Bakery wins")
    assert [entry.published_at for entry in polled.entries] == [
        datetime(2026, 1, 15, tzinfo=UTC),
        datetime(2026, 2, 3, tzinfo=UTC),
    ]
    assert (polled.outcome, polled.title, polled.cursor, polled.detail) == (NEW, "Harbour board", "2", "")


async def test_a_day_that_is_not_clear_is_none_and_never_today(desk: Desk) -> None:
    polled = await desk.poll(card("One", "1"), card("Two", "2", "03/04/2026"), card("Three", "3", "soon"))
    assert [entry.published_at for entry in polled.entries] == [None, None, None]


async def test_what_machines_are_told_of_a_date_comes_before_its_text(desk: Desk) -> None:
    dated = card("One", "1", "yesterday").replace("<time>", '<time datetime="2026-01-15T08:00:00+01:00">')
    (entry,) = (await desk.poll(dated)).entries
    assert entry.published_at == datetime(2026, 1, 15, 7, tzinfo=UTC)


async def test_how_long_ago_a_page_says_counts_from_when_it_was_fetched(desk: Desk) -> None:
    said = ("2 hours ago", "Published: gestern um 14:30", "вчера", "some hours ago", "99999 years ago")
    polled = await desk.poll(*(card(f"Number {place}", str(place), text) for place, text in enumerate(said)))
    now = desk.clock.now()
    yesterday = datetime(now.year, now.month, now.day, tzinfo=UTC) - timedelta(days=1)
    assert [entry.published_at for entry in polled.entries] == [
        now - timedelta(hours=2),
        yesterday + timedelta(hours=14, minutes=30),
        yesterday,
        None,
        None,
    ]


async def test_a_card_without_a_link_of_its_own_is_named_and_not_stored_under_the_list(desk: Desk) -> None:
    polled = await desk.poll(card("Fine", "fine"), card("No link"), card("To here", "#top"), card("", "untitled"))
    assert [entry.title for entry in polled.entries] == ["Fine"]
    assert polled.detail == "without a link of their own: 2; without a title: 1"


async def test_a_page_on_which_nothing_is_found_any_more_raises_an_alarm(desk: Desk) -> None:
    await desk.poll(card("Fine", "fine"))
    desk.source = replace(desk.source, etag="")
    polled = await desk.poll("<div class='new-layout'>Fine</div>")
    assert (polled.outcome, polled.cause, polled.etag) == (BROKEN, Cause.ALARM, "")
    assert "There were 1 the last time" in polled.detail
    polled = await desk.poll(card("No link"))
    assert (polled.outcome, polled.cause) == (BROKEN, Cause.ALARM)


async def test_selectors_that_never_found_anything_are_a_matter_of_the_source(desk: Desk) -> None:
    polled = await desk.poll("<div>Fine</div>")
    assert (polled.outcome, polled.cause) == (BROKEN, Cause.CONFIG)
    desk.source = replace(desk.source, config={"item": "article["})
    assert (await desk.poll()).cause is Cause.CONFIG


async def test_a_page_that_did_not_change_is_not_read_again(desk: Desk) -> None:
    await desk.poll(card("Fine", "fine"))
    assert (await desk.poll(card("Fine", "fine"))).cause is Cause.NOT_MODIFIED
    desk.source = replace(desk.source, etag="")
    again = await desk.poll(card("Fine", "fine"))
    assert (again.outcome, again.cause) == (SAME, Cause.SAME_HASH)
    assert desk.source.cursor == "1"


async def test_links_are_joined_to_the_base_that_the_page_names(desk: Desk) -> None:
    polled = await desk.poll(card("Fine", "fine"), head='<base href="/archive/">')
    assert polled.entries[0].url == desk.site.url.replace("/news/", "/archive/fine")


async def test_a_card_may_be_a_link_itself(desk: Desk) -> None:
    desk.source = replace(desk.source, config={"item": "li a"})
    polled = await desk.poll("<ul><li><a href='/one'>The first of them</a></li></ul>")
    assert [entry.title for entry in polled.entries] == ["The first of them"]


async def test_what_robots_txt_asks_is_done(desk: Desk) -> None:
    desk.site.robots = "User-agent: *\nDisallow: /news/\nDisallow: /hidden/"
    polled = await desk.poll(card("Fine", "fine"))
    assert (polled.outcome, polled.cause) == (PollOutcome.BLOCKED, Cause.BLOCKED)
    assert [path for path, _headers in desk.site.asked] == ["/robots.txt"]
    desk.source = replace(desk.source, url=desk.site.url.replace("/news/", "/moved/"))
    polled = await desk.poll(card("Fine", "fine"))
    assert "robots.txt" in polled.detail


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(404, PollOutcome.GONE), (403, PollOutcome.BLOCKED), (500, PollOutcome.UNREACHABLE), (418, BROKEN)],
)
async def test_each_refusal_has_its_outcome(desk: Desk, status: int, outcome: PollOutcome) -> None:
    desk.site.status = status
    assert (await desk.poll(card("Fine", "fine"))).outcome is outcome


async def test_markup_and_selectors_that_take_too_long_cost_one_child(desk: Desk) -> None:
    desk.source = replace(desk.source, config={"item": "div " * 12 + "div"})
    polled = await desk.poll("<div>" * 200 + "x" + "</div>" * 200, "<div><div>" * 20_000)
    assert polled.outcome is BROKEN
    desk.source = replace(desk.source, config=SELECTORS)
    assert (await desk.poll(card("Fine", "fine"))).outcome is NEW


async def test_of_a_long_list_the_first_are_read_and_the_rest_is_counted(desk: Desk) -> None:
    polled = await desk.poll(*(card(f"Article {number}", f"a{number}") for number in range(250)))
    assert len(polled.entries) == 200
    assert polled.detail == "only the first 200 of 250 were read"
