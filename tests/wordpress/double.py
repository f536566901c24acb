"""A WordPress that remembers, on loopback, with the wire of a real one (6.1, recorded) and faults on demand."""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any, Self, TypeAlias

from aiohttp import web

USER, PASSWORD = "desk", "abcd efgh ijkl"
Fault: TypeAlias = Callable[[str, str], "web.Response | str | None"]
"""Asked with method and route before anything is done. A response stands in for the real one, `before` cuts the line
before it is done, `after` when it was done."""


@dataclass
class Double:
    """`async with Double() as double:`"""

    fault: Fault = lambda _method, _route: None
    pretty: bool = True
    rights: frozenset[str] = frozenset({"publish_posts", "upload_files", "manage_categories", "unfiltered_html"})
    plugin: bool = False
    """It keeps what Yoast registers."""
    posts: dict[int, dict[str, Any]] = field(default_factory=dict)
    terms: dict[str, dict[int, dict[str, str]]] = field(default_factory=lambda: {"categories": {}, "tags": {}})
    media: dict[int, dict[str, Any]] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    """Requests by method and route without numbers."""
    url: str = ""
    _numbers: int = 0
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=20_000_000)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner
        await self._runner.cleanup()

    @property
    def place(self) -> str:
        """As `allow_local` wants it."""
        return self.url.removeprefix("http://")

    def public(self) -> list[dict[str, Any]]:
        return [post for post in self.posts.values() if post["status"] == "publish"]

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        route = request.query.get("rest_route")
        if route is None and request.path.startswith("/wp-json") and self.pretty:
            route = request.path.removeprefix("/wp-json") or "/"
        if route is None:
            return web.Response(text="<html>the front page</html>", content_type="text/html")
        body = await request.read()
        self.asked[f"{request.method} {re.sub(r'[0-9]+$', 'N', route)}"] += 1
        fault = self.fault(request.method, route)
        if isinstance(fault, web.Response):
            return fault
        if fault == "before":
            return self._cut(request)
        answer = self._answer(request, route, body)
        return self._cut(request) if fault == "after" else answer

    @staticmethod
    def _cut(request: web.Request) -> web.Response:
        if request.transport:
            request.transport.abort()
        return web.Response()

    def _answer(self, request: web.Request, route: str, body: bytes) -> web.Response:
        if route == "/":
            return _json({"namespaces": ["oembed/1.0", "wp/v2"]})
        if request.headers.get("Authorization") != _basic():
            return _no(401, "rest_not_logged_in", "You are not currently logged in.")
        kind, _, number = route.removeprefix("/wp/v2/").partition("/")
        if kind == "users":
            return _json({"id": 1, "name": USER, "capabilities": dict.fromkeys(self.rights, True)})
        if kind == "media":
            return self._media(request, number, body)
        value = json.loads(body) if body else {}
        if kind in self.terms:
            return self._terms(kind, request, value)
        return self._posts(request, number, value)

    def _posts(self, request: web.Request, number: str, value: Mapping[str, Any]) -> web.Response:
        if not number and request.method == "GET":
            wanted, states = request.query["slug"].split(","), request.query["status"].split(",")
            found = [post for post in self.posts.values() if post["slug"] in wanted and post["status"] in states]
            return _json([self._shown(post) for post in found])
        if not number:
            post: dict[str, Any] = {
                "id": self._number(),
                "slug": self._free(value["slug"]),
                "status": "draft",
                "featured_media": 0,
            }
            self.posts[post["id"]] = post
            return _json(self._shown(self._changed(post, value, new=True)), 201)
        if int(number) not in self.posts:
            return _no(404, "rest_post_invalid_id", "Invalid post ID.")
        post = self.posts[int(number)]
        if request.method == "DELETE":
            post |= {"status": "trash", "slug": f"{post['slug']}__trashed"}
        elif request.method == "POST":
            if value.get("status") == "publish" and "publish_posts" not in self.rights:
                return _no(403, "rest_cannot_publish", "Sorry, you are not allowed to publish posts in this post type.")
            self._changed(post, value)
        return _json(self._shown(post))

    def _changed(self, post: dict[str, Any], value: Mapping[str, Any], *, new: bool = False) -> dict[str, Any]:
        for name in ("title", "content", "excerpt"):
            if name in value:
                post[name] = value[name]
        if "content" in value and "unfiltered_html" not in self.rights:
            post["content"] = re.sub(r"</?(?:script|iframe)[^>]*>", "", post["content"])
        for name in ("categories", "tags", "featured_media"):
            if name in value:
                post[name] = value[name]
        if "meta" in value and self.plugin:
            post["meta"] = {name: text for name, text in value["meta"].items() if name.startswith("_yoast")}
        if not new and "status" in value:
            post["status"] = value["status"]
        return post

    def _shown(self, post: Mapping[str, Any]) -> dict[str, Any]:
        texts = {
            name: {"raw": post.get(name, ""), "rendered": post.get(name, "")}
            for name in ("title", "content", "excerpt")
        }
        address = {"permalink_template": f"{self.url}/%postname%/", "link": f"{self.url}/{post['slug']}/"}
        return {"meta": [], "categories": [1], "tags": [], **post, **texts, **address}

    def _terms(self, kind: str, request: web.Request, value: Mapping[str, Any]) -> web.Response:
        terms = self.terms[kind]
        if request.method == "GET":
            slugs, include = request.query.get("slug", "").split(","), request.query.get("include", "").split(",")
            search = request.query.get("search", "\0").casefold()
            return _json(
                [
                    {"id": number, **term}
                    for number, term in terms.items()
                    if term["slug"] in slugs or str(number) in include or search in term["name"].casefold()
                ]
            )
        if kind == "categories" and "manage_categories" not in self.rights:
            return _no(403, "rest_cannot_create", "Sorry, you are not allowed to create terms in this taxonomy.")
        name = escape(value["name"], quote=False)
        there = [number for number, term in terms.items() if term["name"] == name]
        if there:
            return _no(400, "term_exists", "A term with the name provided already exists.", term_id=there[0])
        number = self._number()
        terms[number] = {"name": name, "slug": value.get("slug") or f"term-{number}"}
        return _json({"id": number, **terms[number]}, 201)

    def _media(self, request: web.Request, number: str, body: bytes) -> web.Response:
        if request.method == "GET":
            return _json([row for row in self.media.values() if row["slug"] == request.query["slug"]])
        if number:
            self.media[int(number)] |= {"alt_text": json.loads(body)["alt_text"]}
            return _json(self.media[int(number)])
        if "upload_files" not in self.rights:
            return _no(403, "rest_cannot_create", "Sorry, you are not allowed to create posts as this user.")
        stem = re.findall(r'filename="([^".]+)', request.headers["Content-Disposition"])[0]
        row = {"id": self._number(), "slug": stem, "size": len(body), "alt_text": ""}
        self.media[row["id"]] = row
        return _json(row, 201)

    def _free(self, slug: str) -> str:
        """As `wp_unique_post_slug`."""
        taken = {post["slug"] for post in self.posts.values()}
        n = 2
        free = slug
        while free in taken:
            free, n = f"{slug}-{n}", n + 1
        return free

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers


def _basic() -> str:
    return "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


def _json(value: Any, status: int = 200) -> web.Response:
    return web.json_response(value, status=status)


def _no(status: int, code: str, message: str, **data: Any) -> web.Response:
    return web.json_response({"code": code, "message": message, "data": {"status": status, **data}}, status=status)


def page(status: int = 200, text: str = "<!doctype html><title>Log In</title>") -> web.Response:
    """What stands before a site, such as a login page."""
    return web.Response(status=status, text=text, content_type="text/html")


def refusal(status: int, code: str) -> web.Response:
    return _no(status, code, "Sorry.")
