"""A site's feeds are found where it names them, else where such software puts them, and each was read."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from cid.domain.errors import Refused
from cid.domain.outside import HttpFailure
from cid.outside.children import ChildPool
from cid.outside.http import GuardedHttp
from cid.sources.discover import How, discover
from tests.hostile import FEED

COMMENTS = FEED.replace(b"</title>", b": comments</title>", 1)
ATOM = "application/atom+xml"


class Site:
    """Pages by path, and which were asked for."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        self.asked: list[str] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        if request.path == "/moved":
            raise web.HTTPFound("/real.xml")
        body = self.pages.get(request.path)
        return web.Response(body=body, content_type="text/html") if body else web.Response(status=404)


@pytest.fixture
async def site() -> AsyncIterator[tuple[Site, GuardedHttp, ChildPool, str]]:
    site = Site()
    app = web.Application()
    app.router.add_get("/{path:.*}", site.answer)
    async with (
        TestServer(app) as server,
        ChildPool(size=1) as children,
        GuardedHttp(allow_local=[f"127.0.0.1:{server.port}"]) as http,
    ):
        yield site, http, children, f"http://127.0.0.1:{server.port}"


Laid = tuple[Site, GuardedHttp, ChildPool, str]


async def test_an_address_that_is_a_feed_is_its_own_answer(site: Laid) -> None:
    pages, http, children, root = site
    pages.pages["/news.xml"] = FEED
    (found,) = await discover(http, children, f"{root}/news.xml")
    assert (found.how, found.url) == (How.ITSELF, f"{root}/news.xml")
    assert found.entries > 0
    assert pages.asked == ["/news.xml"]


async def test_feeds_that_the_page_declares_are_each_read_and_comments_come_last(site: Laid) -> None:
    pages, http, children, root = site
    pages.pages["/"] = (
        f"<html><head><base href='{root}/x/'><title>Post</title>"
        f"<link rel='alternate' type='{ATOM}' title='Comments' href='comments.xml'>"
        f"<link rel='ALTERNATE' type='{ATOM}; charset=utf-8' href='news.xml'>"
        f"<link rel='alternate' type='{ATOM}' href='gone.xml'>"
        "<link rel='alternate' type='application/json' href='/wp-json/wp/v2/pages/2'>"
        f"<link rel='alternate' hreflang='de' href='/de'><link rel='stylesheet' type='{ATOM}' href='/css'>"
        "</head></html>"
    ).encode()
    pages.pages["/x/news.xml"], pages.pages["/x/comments.xml"] = FEED, COMMENTS
    found = await discover(http, children, f"{root}/")
    assert [(one.how, one.url) for one in found] == [
        (How.LINK, f"{root}/x/news.xml"),
        (How.LINK, f"{root}/x/comments.xml"),
    ]
    assert pages.asked == ["/", "/x/news.xml", "/x/gone.xml", "/x/comments.xml"]


async def test_a_page_that_only_links_to_its_feed_is_understood(site: Laid) -> None:
    pages, http, children, root = site
    pages.pages["/blog"] = b"<html><body><a href='/about'>About</a> <a href='/blog/feed/'>Subscribe</a></body></html>"
    pages.pages["/blog/feed/"] = FEED
    assert [one.url for one in await discover(http, children, f"{root}/blog")] == [f"{root}/blog/feed/"]


async def test_without_a_word_of_the_page_the_usual_addresses_are_tried(site: Laid) -> None:
    pages, http, children, root = site
    pages.pages["/blog/"] = b"<html><body>Hello</body></html>"
    pages.pages["/blog/atom.xml"] = FEED
    (found,) = await discover(http, children, f"{root}/blog/")
    assert (found.how, found.url) == (How.WELL_KNOWN, f"{root}/blog/atom.xml")


async def test_the_address_of_a_feed_is_where_its_redirects_lead(site: Laid) -> None:
    pages, http, children, root = site
    pages.pages["/"] = f"<link rel=alternate type='{ATOM}' href='/moved'>".encode()
    pages.pages["/real.xml"] = FEED
    assert [one.url for one in await discover(http, children, f"{root}/")] == [f"{root}/real.xml"]


async def test_none_and_no_answer_are_two_things(site: Laid) -> None:
    pages, http, children, root = site
    pages.pages["/"] = b"<html><body>Nothing to subscribe to</body></html>"
    assert await discover(http, children, f"{root}/") == []
    with pytest.raises(HttpFailure):
        await discover(http, children, "http://127.0.0.1:9/")


async def test_a_page_made_to_stall_parsers_is_refused(site: Laid) -> None:
    pages, http, children, root = site
    pages.pages["/"] = b"<html><a " + b"x=1 " * 20_000 + b">"
    with pytest.raises(Refused, match="16 kB"):
        await discover(http, children, f"{root}/")


async def test_no_probe_is_begun_after_the_time_is_up(site: Laid) -> None:
    pages, http, children, root = site
    pages.pages["/"] = b"<html><body>Hello</body></html>"
    pages.pages["/feed/"] = FEED
    assert await discover(http, children, f"{root}/", within_s=-1) == []
    assert pages.asked == ["/"]
