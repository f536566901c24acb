"""A double of X's API v2 on loopback: lookup, timelines and search as their documentation words them, with its own
count of what it would charge, against which the ledger can be held to the cent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from aiohttp import web

TOKEN = "AAAA-bearer"
Json = dict[str, Any]
Answer = Callable[[web.Request], Awaitable[web.StreamResponse] | web.StreamResponse]


def post(
    number: int, text: str = "", *, author: str = "11", refers: tuple[str, int] | None = None, **over: Any
) -> Json:
    """One post as the API words it with the fields that are asked for."""
    made: Json = {
        "id": str(1_900_000_000_000_000_000 + number),
        "edit_history_tweet_ids": [str(1_900_000_000_000_000_000 + number)],
        "text": text or f"Post number {number} about the harbour ferry",
        "author_id": author,
        "created_at": "2026-11-20T10:00:00.000Z",
        "lang": "en",
        "public_metrics": {"retweet_count": 1, "reply_count": 2, "like_count": 3, "quote_count": 4,
                           "bookmark_count": 5, "impression_count": 600},
        **over,
    }  # fmt: skip
    if refers:
        made["referenced_tweets"] = [{"type": refers[0], "id": str(1_900_000_000_000_000_000 + refers[1])}]
    return made


@dataclass
class XApi:
    port: int = 0
    users: dict[str, str] = field(default_factory=lambda: {"harbour": "11", "rival": "22"})
    """Handle → id."""
    posts: list[Json] = field(default_factory=list)
    """The newest first."""
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    next: list[Answer] = field(default_factory=list)
    """Instead of the next answers."""
    charged_posts: int = 0
    charged_users: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def bill(self) -> Decimal:
        return self.charged_posts * Decimal("0.005") + self.charged_users * Decimal("0.010")

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.path, dict(request.query)))
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response({"title": "Unauthorized", "type": "about:blank", "status": 401}, status=401)
        if self.next:
            answer = self.next.pop(0)(request)
            return await answer if asyncio.iscoroutine(answer) else answer  # type: ignore[return-value]
        parts = request.path.strip("/").split("/")
        if parts[:4] == ["2", "users", "by", "username"]:
            return self._lookup(parts[4], request.query.get("user.fields", ""))
        if parts[:3] == ["2", "tweets", "search"]:
            return self._listed(request, [one for one in self.posts if self._fits(one, request.query["query"])], 10)
        assert parts[:2] == ["2", "users"] and parts[3] == "tweets"
        return self._listed(request, [one for one in self.posts if one["author_id"] == parts[2]], 5)

    @staticmethod
    def _fits(one: Json, query: str) -> bool:
        assert len(query) <= 512
        reposted = any(ref["type"] == "retweeted" for ref in one.get("referenced_tweets", []))
        return query.split(maxsplit=1)[0].lower() in one["text"].lower() and not ("-is:retweet" in query and reposted)

    def _lookup(self, handle: str, fields: str = "") -> web.StreamResponse:
        id_ = self.users.get(handle.lower())
        if id_ is None:
            error = {"value": handle, "detail": f"Could not find user with username: [{handle}].",
                     "title": "Not Found Error", "resource_type": "user", "parameter": "username",
                     "type": "https://api.twitter.com/2/problems/resource-not-found"}  # fmt: skip
            return web.json_response({"errors": [error]})
        self.charged_users += 1
        user: Json = {"id": id_, "name": handle.title(), "username": handle}
        if "public_metrics" in fields.split(","):
            user["public_metrics"] = {
                "followers_count": 1200,
                "following_count": 34,
                "tweet_count": 5678,
                "listed_count": 9,
            }
            user |= {"description": "News of the quay", "verified": False, "created_at": "2011-02-03T04:05:06.000Z"}
        return web.json_response({"data": user})

    def _listed(self, request: web.Request, found: list[Json], fewest: int) -> web.StreamResponse:
        query = request.query
        size = int(query["max_results"])
        assert fewest <= size <= 100, size
        if since := int(query.get("since_id", "0")):
            found = [one for one in found if int(one["id"]) > since]
        if "retweets" in query.get("exclude", ""):
            found = [
                one for one in found if not any(r["type"] == "retweeted" for r in one.get("referenced_tweets", []))
            ]
        start = int(query.get("pagination_token") or query.get("next_token") or 0)
        shown = found[start : start + size]
        meta: Json = {"result_count": len(shown)}
        if shown:
            meta |= {"newest_id": shown[0]["id"], "oldest_id": shown[-1]["id"]}
        if start + size < len(found):
            meta["next_token"] = str(start + size)
        body: Json = {"meta": meta}
        if shown:
            body["data"] = shown
        if includes := self._included(query.get("expansions", ""), shown):
            body["includes"] = includes
        self.charged_posts += len({one["id"] for one in [*shown, *includes.get("tweets", [])]})
        self.charged_users += len(includes.get("users", []))
        return web.json_response(body, headers={"x-rate-limit-limit": "10000", "x-rate-limit-remaining": "9999"})

    def _included(self, expansions: str, shown: list[Json]) -> Json:
        wanted = {ref["id"] for one in shown for ref in one.get("referenced_tweets", [])}
        others = [one for one in self.posts if one["id"] in wanted] if "referenced_tweets.id" in expansions else []
        authors = {one["author_id"] for one in others} if "referenced_tweets.id.author_id" in expansions else set()
        if "author_id" in expansions.split(","):
            authors |= {one["author_id"] for one in shown}
        users = [
            {"id": id_, "name": name.title(), "username": name} for name, id_ in self.users.items() if id_ in authors
        ]
        return {name: rows for name, rows in (("tweets", others), ("users", users)) if rows}


def problem(status: int, title: str, **headers: str) -> Answer:
    body = {"title": title, "detail": title, "status": status, "type": "about:blank"}
    return lambda _request: web.json_response(
        body, status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


def told(body: Any) -> Answer:
    return lambda _request: web.json_response(body)


@asynccontextmanager
async def x_api() -> AsyncIterator[XApi]:
    double = XApi()
    app = web.Application()
    app.router.add_get("/{path:.*}", double.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    double.port = runner.addresses[0][1]
    try:
        yield double
    finally:
        await runner.cleanup()
