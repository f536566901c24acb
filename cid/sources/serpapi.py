"""Google News by way of SerpApi: the articles' own addresses, one paid search a poll.

    GET https://serpapi.com/search.json?engine=google_news&q=…&gl=us&hl=en&api_key=…

Status 200 comes with `error` as well: "hasn't returned any results" is an empty answer, the rest are failures. A row
with `stories` is a group without an address of its own. The search is paid for from the ledger: what a process paid
for and did not live to store is taken from there by whoever polls next.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from uuid import UUID

from cid.domain.errors import Refused
from cid.domain.ids import CallId
from cid.domain.llm import Json
from cid.domain.news import Cause, Entry, Hints, Polled, PollOutcome, Source
from cid.domain.outside import ChildFailure, HttpFailure
from cid.domain.paid import Held, Hold, Order, Outcome
from cid.sources import answers, searches
from cid.sources.options import read
from cid.sources.shapes import mapping, rows, text
from cid.text import dates, urls
from cid.text.clean import SUMMARY_LIMIT, TITLE_LIMIT, line

if TYPE_CHECKING:
    from cid.ports import Children, Clock, Http, Purse

KEY = "SERPAPI_KEY"
MAX_BYTES = 5_000_000
TIMEOUT_S = 30.0
ENTRIES = 500
NO_SOONER_S = 21_600
SPENT_S = 21_600
"""How long to stay away when the plan has no searches left and nothing is said about when it has."""
_CAUSES = {Hold.PAUSE: Cause.RATE_LIMITED, Hold.BUSY: Cause.INTERNAL, Hold.PRICE: Cause.INTERNAL}
"""Of what holds us up; anything else is the budget."""


class SerpApiReader:
    """Satisfies `ports.SourceReader`."""

    def __init__(self, http: Http, children: Children, clock: Clock, purse: Purse, *, key: str, base: str) -> None:
        self._http = http
        self._children = children
        self._clock = clock
        self._purse = purse
        self._key = key
        self._base = base

    async def poll(self, source: Source) -> Polled:
        """Raises Stopping and nothing else of the other side's doing."""
        settings = self._checked(source)
        if isinstance(settings, Polled):
            return settings
        order = _order(source, settings)
        opened = await self._purse.open(order)
        if isinstance(opened, Held):
            return _held(opened, self._clock.now())
        if opened.reply is not None:
            return _polled(opened.reply, settings, opened.call)
        found = await self._search(settings)
        if isinstance(found, Polled):
            await self._purse.close(order, opened.call, _in_vain(found))
            return found
        await self._purse.close(order, opened.call, Outcome(units={"search": 1}, reply=found))
        return _polled(found, settings, opened.call)

    def _checked(self, source: Source) -> searches.SerpApi | Polled:
        """Before any money is set aside."""
        if source.tenant_id is None:
            return answers.config("A search costs money: the source has to belong to one newsroom, which pays for it.")
        if not self._key:
            return answers.no_key(f"There is no key for SerpApi: set {KEY}.")
        try:
            return read(searches.SerpApi, source.config)
        except Refused as refused:
            return answers.config(refused.public)

    async def _search(self, settings: searches.SerpApi) -> Json | Polled:
        """What a paid answer holds, or why there was none."""
        address = f"{searches.serpapi(settings, self._base)}&{urlencode({'api_key': self._key})}"
        try:
            answer = await self._http.request("GET", address, max_bytes=MAX_BYTES, timeout_s=TIMEOUT_S)
        except HttpFailure as failure:
            return answers.failed(failure)
        if answer.status == 401:
            return answers.no_key(f"SerpApi does not take the key in {KEY}.")
        if unusable := answers.unusable(answer, self._clock.now(), rest_s=SPENT_S):
            return unusable
        try:
            found = await self._children.call("parse_serpapi", {"body": b64encode(answer.body).decode()})
        except ChildFailure:
            return answers.broken("SerpApi's answer could not be read within its limits.")
        return _failure(found["error"], page=found["page"]) if "error" in found else found


def _order(source: Source, settings: searches.SerpApi) -> Order:
    assert source.tenant_id, "checked"
    return Order(
        tenant=source.tenant_id,
        source=source.id,
        provider="serpapi",
        what="searches",
        most={"search": 1},
        mark=source.cursor,
        timeout_s=TIMEOUT_S,
        request={"search": searches.google_query(settings), "country": settings.country, "in": settings.language},
        stored=_call(source.cursor),
    )


def _failure(error: str, *, page: bool) -> Polled:
    if page:
        return answers.broken("SerpApi sends a web page instead of results.", Cause.HTML)
    if "api key" in error.lower():
        return answers.no_key(f"SerpApi does not take the key in {KEY}.")
    if "run out of searches" in error.lower():
        return answers.limited("SerpApi says that the plan has no searches left.", SPENT_S)
    return answers.broken(f"SerpApi says: {error}")


def _in_vain(polled: Polled) -> Outcome:
    """Whether a search was counted over there is unknown once it was sent and nothing readable came back."""
    sure = polled.outcome in {PollOutcome.BLOCKED, PollOutcome.RATE_LIMITED} or polled.cause in {
        Cause.DNS,
        Cause.CONNECT,
        Cause.TLS,
        Cause.BLOCKED_ADDRESS,
        Cause.HTTP_4XX,
        Cause.HTTP_5XX,
        Cause.NOT_FOUND,
    }
    wait = polled.retry_after_s if polled.outcome is PollOutcome.RATE_LIMITED else None
    return Outcome(error=polled.detail, ambiguous=not sure, wait_s=wait)


def _held(held: Held, now: datetime) -> Polled:
    return Polled(
        outcome=PollOutcome.RATE_LIMITED,
        cause=_CAUSES.get(held.hold, Cause.BUDGET),
        detail=held.why,
        retry_after_s=max(1, int((held.until - now).total_seconds())),
    )


def _polled(found: Json, settings: searches.SerpApi, call: CallId) -> Polled:
    entries = tuple(_entry(article, settings.language) for article in found["articles"])
    nameless = found["nameless"]
    return Polled(
        outcome=PollOutcome.NEW if entries else PollOutcome.EMPTY,
        detail=f"{nameless} results without an address or a title" if nameless else "",
        entries=entries,
        cursor=str(call),
        paid=call,
        hints=Hints(ttl_s=NO_SOONER_S),
    )


def _entry(article: Json, language: str) -> Entry:
    return Entry(
        key=article["url"],
        url=article["url"],
        title=article["title"],
        summary=article["summary"],
        author=article["author"],
        published_at=datetime.fromisoformat(article["published"]) if article["published"] else None,
        language=language,
        publisher=urls.site(article["url"]),
    )


def _call(cursor: str) -> CallId | None:
    """The search before, whose results are stored by now."""
    try:
        return CallId(UUID(cursor)) if cursor else None
    except ValueError:
        return None


def parse_serpapi(value: Json) -> Json:
    """{"body": base64} → {"nameless", "articles": [{url, title, summary, author, published}]}, or {"error", "page":
    whether it is a web page}. Runs in a child."""
    body = b64decode(value["body"])
    if answers.is_page(body):
        return {"error": "", "page": True}
    try:
        answer = mapping(json.loads(body))
    except (ValueError, RecursionError):
        return {"error": "something that is not JSON", "page": False}
    error = line(text(answer.get("error")), 150)
    if error and "any results" not in error:
        return {"error": error, "page": False}
    if not error and "news_results" not in answer:
        return {"error": "nothing about news", "page": False}
    listed = [row for group in rows(answer.get("news_results")) for row in (rows(group.get("stories")) or [group])]
    found: dict[str, Json] = {}
    nameless = 0
    for row in listed[:ENTRIES]:
        article = _article(row)
        nameless += article is None
        if article:
            found.setdefault(article["url"], article)  # the first is the one that the group stands for
    return {"nameless": nameless, "articles": list(found.values())}


def _article(row: Json) -> Json | None:
    url, title = urls.canonical(text(row.get("link"))), line(text(row.get("title")), TITLE_LIMIT)
    if not url or not title:
        return None
    at = dates.parse(text(row.get("iso_date"))) or dates.parse(text(row.get("date")))
    authors = mapping(row.get("source")).get("authors")
    names = [name for name in authors if isinstance(name, str)] if isinstance(authors, list) else []
    return {
        "url": url,
        "title": title,
        "summary": line(text(row.get("snippet")), SUMMARY_LIMIT),
        "author": line(", ".join(names), 200),
        "published": at.isoformat() if at else "",
    }
