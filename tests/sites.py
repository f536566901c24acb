"""Small websites on this machine: one per loopback address, each path with its answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime

from aiohttp import web


@dataclass
class Site:
    """`answers` may be changed while it runs; a path without an answer is 404."""

    base: str = ""
    answers: dict[str, web.Response | str | bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def pair(self) -> str:
        """As an allow-list names it."""
        return self.base.removeprefix("http://")

    def url(self, path: str = "/") -> str:
        return self.base + path

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append(request.path_qs)
        answer = self.answers.get(request.path)
        if answer is None:
            return web.Response(status=404, text="nothing here")
        if isinstance(answer, web.Response):
            return web.Response(status=answer.status, headers=answer.headers, body=answer.body)
        body = answer.encode() if isinstance(answer, str) else answer
        kind = "text/html" if body[:200].lstrip().lower().startswith(b"<!doctype html") else "application/xml"
        return web.Response(body=body, content_type=kind)


@asynccontextmanager
async def sites(count: int) -> AsyncIterator[list[Site]]:
    """At 127.0.0.1, 127.0.0.2, …: other hosts, as far as anybody can tell."""
    made, runners = [], []
    for number in range(1, count + 1):
        site = Site()
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", site.handle)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, f"127.0.0.{number}", 0).start()
        site.base = f"http://127.0.0.{number}:{runner.addresses[0][1]}"
        made.append(site)
        runners.append(runner)
    yield made
    for runner in runners:
        await runner.cleanup()


def feed(title: str, at: datetime | None = None, *, entries: int = 2, home: str = "http://post.test/") -> str:
    when = f"<pubDate>{format_datetime(at or datetime.now(UTC))}</pubDate>" if entries else ""
    items = "".join(
        f"<item><title>Ferry {n} is back in service at last</title><link>{home}ferry-{n}</link>{when}</item>"
        for n in range(entries)
    )
    return f'<rss version="2.0"><channel><title>{title}</title><link>{home}</link>{items}</channel></rss>'


def page(*feeds: tuple[str, str]) -> str:
    """A home page that names feeds: (address, title)."""
    links = "".join(
        f'<link rel="alternate" type="application/rss+xml" href="{href}" title="{title}">' for href, title in feeds
    )
    return f"<!doctype html><html><head><title>Post</title>{links}</head><body>Welcome</body></html>"


def search_results(publishers: Sequence[tuple[str, str]]) -> str:
    """As Google News answers a search: each item names its publisher."""
    items = "".join(
        f"<item><title>Something - {name}</title><link>https://news.google.com/rss/articles/x{n}</link>"
        f'<source url="{url}">{name}</source></item>'
        for n, (name, url) in enumerate(publishers)
    )
    return f'<rss version="2.0"><channel><title>Google News</title>{items}</channel></rss>'
