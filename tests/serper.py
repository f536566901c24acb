"""A stand-in for Serper on loopback: speaks its wire, answers as it is told, and remembers what it was asked."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from aiohttp import web

from cid.domain.llm import Json
from tests.wire import Wire

KEY = "k3y"


def organic(*rows: tuple[str, str, str]) -> Json:
    """(link, title, snippet) as /search answers."""
    results = [
        {"title": title, "link": link, "snippet": snippet, "position": number}
        for number, (link, title, snippet) in enumerate(rows, 1)
    ]
    return {
        "searchParameters": {"q": "x", "type": "search", "engine": "google"},
        "organic": results,
        "peopleAlsoAsk": [{"question": "Why?", "snippet": "Because.", "title": "T", "link": "https://ask.test/"}],
        "relatedSearches": [{"query": "y"}],
        "credits": 1,
    }


@dataclass
class Serper:
    """`results` by words of the search, else those under the empty text. `fails` is the status of what comes next."""

    results: dict[str, Json] = field(default_factory=dict)
    asked: list[tuple[str, Json]] = field(default_factory=list)
    """(path, body)."""
    fails: int = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.asked.append((request.path, body))
        if request.method != "POST" or request.headers.get("X-API-KEY") != KEY:
            return web.json_response({"message": "Unauthorized.", "statusCode": 403}, status=403)
        if self.fails:
            return web.json_response({"message": "no"}, status=self.fails)
        found = next((self.results[words] for words in self.results if words and words in body["q"]), None)
        reply = self.results.get("", organic()) if found is None else found
        return web.Response(text=json.dumps(reply), content_type="application/json")

    def at(self, wire: Wire) -> str:
        """Its address, once `wire` answers for it."""
        wire.answers["/search"] = wire.answers["/news"] = self.answer
        return wire.base
