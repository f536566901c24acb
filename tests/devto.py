"""A stand-in for Dev.to on loopback: keeps articles as a Forem does, says no in its words, and loses answers when told.

Statuses and sentences are those of the recorded API: 201 for a new article, 422 {"error", "status"}, 429 with
Retry-After, 403 for who sends no User-Agent.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.wire import Wire, wire

KEY = "d3v-k3y"
Interrupt = Callable[[web.Request], web.StreamResponse | None]


@dataclass
class DevTo:
    """`lose` names the writes whose answers are cut off after they were done, as (method, how many more)."""

    wire: Wire
    articles: dict[int, dict[str, Any]] = field(default_factory=dict)
    elsewhere: set[str] = field(default_factory=set)
    """Canonical addresses of other people's articles."""
    writes: list[tuple[str, str, Any]] = field(default_factory=list)
    lose: dict[str, int] = field(default_factory=dict)
    instead: Interrupt | None = None
    """Asked before anything is done."""
    per_page: int = 0
    pages_asked: list[int] = field(default_factory=list)

    @property
    def base(self) -> str:
        return self.wire.base

    def mine(self, canonical: str, *, published: bool = True, title: str = "By hand") -> int:
        key = 1000 + len(self.articles)
        self.articles[key] = {
            "type_of": "article",
            "id": key,
            "title": title,
            "description": "",
            "body_markdown": "By hand.",
            "tag_list": [],
            "canonical_url": canonical,
            "published": published,
            "url": f"{self.base}/acme/{key}",
        }
        return key

    async def answer(self, request: web.Request) -> web.StreamResponse:
        return self._refused(request) or await self._answer(request)

    def _refused(self, request: web.Request) -> web.StreamResponse | None:
        if not request.headers.get("User-Agent"):
            return web.Response(status=403, text="Forbidden Bots")
        if self.instead and (answer := self.instead(request)) is not None:
            return answer
        if request.headers.get("api-key") != KEY:
            return _no(401, "unauthorized")
        if request.headers.get("Accept") != "application/vnd.forem.api-v1+json":
            return _no(406, "not acceptable")
        return None

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        if request.method == "GET" and path == "/api/users/me":
            return web.json_response({"type_of": "user", "id": 1, "username": "acme", "name": "Acme"})
        if request.method == "GET" and path == "/api/articles/me/all":
            return self._listed(request)
        value = await request.json()
        self.writes.append((request.method, path, value))
        done = self._create(value) if request.method == "POST" else self._change(path, value)
        if done.status < 300 and self.lose.get(request.method, 0) > 0:
            self.lose[request.method] -= 1
            assert request.transport
            request.transport.abort()
            await asyncio.sleep(0)
        return done

    def _listed(self, request: web.Request) -> web.Response:
        page, size = int(request.query["page"]), int(request.query["per_page"])
        self.pages_asked.append(page)
        rows = sorted(self.articles.values(), key=lambda row: -row["id"])
        return web.json_response(rows[(page - 1) * size : page * size])

    def _create(self, value: Any) -> web.Response:
        article = value.get("article")
        if not isinstance(article, dict):
            return _no(422, "param is missing or the value is empty: article")
        if problem := self._wrong(article, None):
            return _no(422, problem)
        key = self.mine(article["canonical_url"], published=False)
        self._set(key, article)
        return web.json_response(self.articles[key], status=201)

    def _change(self, path: str, value: Any) -> web.Response:
        key = int(path.rsplit("/", 1)[1])
        if key not in self.articles:
            return _no(404, "not found")
        if problem := self._wrong(value["article"], key):
            return _no(422, problem)
        self._set(key, value["article"])
        return web.json_response(self.articles[key])

    def _wrong(self, article: dict[str, Any], key: int | None) -> str:
        tags = article.get("tags", [])
        if len(tags) > 4:
            return "Tag list exceed the maximum of 4 tags"
        if bad := next((tag for tag in tags if not (tag.isascii() and tag.isalnum() and tag == tag.lower())), None):
            return f'Tag "{bad}" contains non-alphanumeric or prohibited unicode characters'
        taken = {row["canonical_url"] for other, row in self.articles.items() if other != key} | self.elsewhere
        return "Canonical url has already been taken" if article.get("canonical_url") in taken else ""

    def _set(self, key: int, article: dict[str, Any]) -> None:
        row = self.articles[key]
        for name in ("title", "body_markdown", "description", "canonical_url", "published"):
            if name in article:
                row[name] = article[name]
        if "tags" in article:
            row["tag_list"] = list(article["tags"])


def _no(status: int, error: str) -> web.Response:
    return web.Response(
        status=status, text=json.dumps({"error": error, "status": status}), content_type="application/json"
    )


@asynccontextmanager
async def devto() -> AsyncIterator[DevTo]:
    async with wire() as told:
        made = DevTo(told)
        told.instead = made.answer
        yield made
