"""Google News as RSS: headlines, who wrote them, and links that lead through Google.

    https://news.google.com/rss/search?q=…+when:1d&hl=en-US&gl=US&ceid=US:en

At most 100 items in an order that changes. A title ends with " - Publisher"; `<source url>` is the publisher's home
page; the description lists related links, which say nothing. The link (news.google.com/rss/articles/CBMi…) is an
opaque id: it neither redirects nor decodes, so that it serves nobody as a citation, and an article is known by its
title and its publisher's site instead.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from datetime import datetime
from typing import TYPE_CHECKING

from lxml import etree

from cid.domain.errors import Refused
from cid.domain.llm import Json
from cid.domain.news import Cause, Entry, Hints, Polled, PollOutcome, Source
from cid.domain.outside import ChildFailure, HttpFailure
from cid.sources import answers, searches
from cid.sources.feed.decode import decode
from cid.sources.feed.raw import Unreadable
from cid.sources.feed.repair import giant_tag, legal
from cid.sources.feed.xml import document
from cid.sources.options import read
from cid.text import dates, urls
from cid.text.clean import TITLE_LIMIT, line
from cid.text.html import plain
from cid.text.words import words

if TYPE_CHECKING:
    from cid.ports import Children, Clock, Http
    from cid.sources.pace import Pace

MAX_BYTES = 5_000_000
TIMEOUT_S = 25.0
ENTRIES = 500
REST_S = 7200
"""How long to stay away when Google asks for it without saying how long."""
NO_SOONER_S = 900
_AGGREGATOR = "news.google.com"


class GoogleNewsReader:
    """Satisfies `ports.SourceReader`."""

    def __init__(self, http: Http, children: Children, clock: Clock, pace: Pace, base: str) -> None:
        self._http = http
        self._children = children
        self._clock = clock
        self._pace = pace
        self._base = base

    async def poll(self, source: Source) -> Polled:
        """Raises Deferred when too many others ask first, Stopping, and nothing else."""
        try:
            settings = read(searches.GoogleNews, source.config)
        except Refused as refused:
            return answers.config(refused.public)
        try:
            async with self._pace.turn():
                answer = await self._http.request(
                    "GET", searches.google_news(settings, self._base), max_bytes=MAX_BYTES, timeout_s=TIMEOUT_S
                )
        except HttpFailure as failure:
            return answers.failed(failure)
        if _asks_for_a_person(answer.url) or answer.status == 503:
            self._pace.rest(REST_S)
            return answers.limited("Google News wants to see a person before it goes on.", REST_S)
        if unusable := answers.unusable(answer, self._clock.now(), rest_s=REST_S):
            if unusable.retry_after_s:
                self._pace.rest(unusable.retry_after_s)
            return unusable
        return await self._read(answer.body, settings)

    async def _read(self, body: bytes, settings: searches.GoogleNews) -> Polled:
        try:
            found = await self._children.call("parse_google_news", {"body": b64encode(body).decode()})
        except ChildFailure:
            return answers.broken("The answer could not be read within its limits.")
        if "error" in found:
            return answers.broken(found["error"], Cause.HTML if answers.is_page(body) else Cause.PARSE_ERROR)
        entries = tuple(_entry(item, settings.language) for item in found["items"])
        nameless = found["listed"] - len(entries)
        return Polled(
            outcome=PollOutcome.NEW if entries else PollOutcome.EMPTY,
            detail=f"{nameless} entries without an address or a title" if nameless else "",
            entries=entries,
            hints=Hints(ttl_s=NO_SOONER_S),
        )


def _asks_for_a_person(url: str) -> bool:
    """Where Google leads those it takes for machines, or wants a consent of."""
    return urls.site(url).startswith(("consent.", "sorry.")) or "/sorry/" in url


def _entry(item: Json, language: str) -> Entry:
    publisher = urls.site(item["home"])
    opaque = urls.site(item["url"]) == _AGGREGATOR or "/rss/articles/" in item["url"]
    return Entry(
        key=item["key"] or item["url"],
        url=item["url"],
        title=item["title"],
        published_at=datetime.fromisoformat(item["published"]) if item["published"] else None,
        language=language,
        publisher=publisher or item["publisher"].casefold(),
        identity=headline(item["title"], publisher or item["publisher"]) if opaque else "",
    )


def headline(title: str, publisher: str) -> str:
    """What makes two reports one where their addresses say nothing: the words of the title, and who wrote it."""
    return f"headline:{publisher.casefold()}:{' '.join(words(title))}"


def parse_google_news(value: Json) -> Json:
    """{"body": base64} → {"listed": items in it, "items": [{key, url, title, published, publisher, home}]}, or
    {"error": sentence}. Runs in a child."""
    text = decode(b64decode(value["body"]), "").lstrip("\ufeff \t\r\n\0")
    if not text.startswith("<") or giant_tag(text):
        return {"error": "The answer is no feed."}
    try:
        root, whole = document(legal(text))
    except Unreadable as unreadable:
        return {"error": unreadable.public}
    name = etree.QName(root).localname.lower()
    if name != "rss":
        page = "The answer is a web page, not a feed." if name == "html" else "The answer is XML, but not a feed."
        return {"error": page}
    listed = list(root.iterfind(".//item"))
    if not whole:
        listed = listed[:-1]  # where it was cut an address may be half of one
        if not listed:
            return {"error": "The answer was cut short."}
    items = [item for element in listed[:ENTRIES] if (item := _item(element))]
    return {"listed": len(listed), "items": items}


def _item(element: etree._Element) -> Json | None:
    """None where there is nothing to know it by."""
    source = element.find("source")
    publisher = line(plain((source.text or "") if source is not None else ""), TITLE_LIMIT)
    title = line(plain(element.findtext("title") or ""), TITLE_LIMIT + len(publisher) + 3)
    if publisher and len(title) > len(publisher) + 3:
        title = title.removesuffix(f" - {publisher}")
    url = urls.canonical(element.findtext("link") or "")
    at = dates.parse(element.findtext("pubDate") or "")
    if not url or not title:
        return None
    return {
        "key": line(element.findtext("guid") or "", 500),
        "url": url,
        "title": line(title, TITLE_LIMIT),
        "published": at.isoformat() if at else "",
        "publisher": publisher,
        "home": (source.get("url") or "") if source is not None else "",
    }
