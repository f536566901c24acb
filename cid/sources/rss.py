"""Feeds polled: one conditional request, and what it came to as one of eight outcomes."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from datetime import datetime
from typing import TYPE_CHECKING

from cid.domain.llm import Json
from cid.domain.news import Entry, Polled, PollOutcome, Source
from cid.domain.outside import ChildFailure, HttpFailure, HttpTrouble
from cid.text import dates, urls

if TYPE_CHECKING:
    from cid.ports import Children, Clock, Http, Response

MAX_BYTES = 5_000_000
TIMEOUT_S = 25.0
PARSE_S = 5.0
RETRY_AFTER = (60, 86_400)
"""Seconds. What a server asks for is taken as at least a minute and at most a day."""

_ACCEPT = "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"
_OUT_OF_REACH = frozenset({HttpTrouble.DNS, HttpTrouble.CONNECT, HttpTrouble.TLS, HttpTrouble.TIMEOUT})
_REFUSALS = {
    401: "The server wants a sign-in.",
    403: "The server refuses us.",
    407: "The server wants a sign-in.",
    451: "The server refuses for legal reasons.",
}


class RssReader:
    """Satisfies `ports.SourceReader` for RSS, Atom and JSON Feed."""

    def __init__(self, http: Http, children: Children, clock: Clock) -> None:
        self._http = http
        self._children = children
        self._clock = clock

    async def poll(self, source: Source) -> Polled:
        """Raises Stopping and nothing else."""
        address, user, password = urls.credentials(source.url)
        headers = {"Accept": _ACCEPT, **_conditions(source)}
        if user or password:
            headers["Authorization"] = "Basic " + b64encode(f"{user}:{password}".encode()).decode()
        try:
            answer = await self._http.request("GET", address, headers=headers, max_bytes=MAX_BYTES, timeout_s=TIMEOUT_S)
        except HttpFailure as failure:
            outcome = PollOutcome.UNREACHABLE if failure.trouble in _OUT_OF_REACH else PollOutcome.BROKEN
            return Polled(outcome=outcome, detail=failure.public)
        if answer.status != 200:
            return _without_a_feed(answer, source, self._clock.now())
        return await self._read(answer, source)

    async def _read(self, answer: Response, source: Source) -> Polled:
        if not answer.body:
            return Polled(outcome=PollOutcome.BROKEN, detail="empty body")
        sha = hashlib.sha256(answer.body).digest()
        etag, modified = _validator(answer, "etag"), _validator(answer, "last-modified")
        if sha == source.body_sha:
            return Polled(
                outcome=PollOutcome.NOT_MODIFIED,
                detail="the same content as before",
                etag=etag,
                last_modified=modified,
                body_sha=sha,
            )
        return await read_feed(
            self._children,
            answer.body,
            content_type=answer.headers.get("content-type", ""),
            url=answer.url,
            validators=(etag, modified),
            known_by=(source.memory, source.by_title),
        )


async def read_feed(
    children: Children,
    body: bytes,
    *,
    content_type: str,
    url: str,
    validators: tuple[str, str] = ("", ""),
    known_by: tuple[bytes, bool] = (b"", False),
) -> Polled:
    """A feed's bytes, wherever they came from: `new`, `empty` or `broken`. `known_by` is the source's memory of its
    last poll, and whether its entries go by title. Raises Stopping.

    `entries` are all that were not known, in the feed's order, those included that cannot be stored: see `sift`.
    """
    memory, by_title = known_by
    value = {
        "body": b64encode(body).decode(),
        "content_type": content_type,
        "url": url,
        "memory": b64encode(memory).decode(),
        "by_title": by_title,
    }
    try:
        feed = await children.call("parse_feed", value, timeout_s=PARSE_S)
    except ChildFailure:
        return Polled(outcome=PollOutcome.BROKEN, detail="The feed could not be read within its limits.")
    if "error" in feed:
        if _challenge(body):
            return Polled(outcome=PollOutcome.BLOCKED, detail="The server answers with a check for browsers.")
        return Polled(outcome=PollOutcome.BROKEN, detail=feed["error"])
    entries = tuple(_entry(entry, feed["language"]) for entry in feed["entries"])
    some = feed["known"] or any(entry.url and entry.title for entry in entries)
    return Polled(
        outcome=PollOutcome.NEW if some else PollOutcome.EMPTY,
        detail="; ".join(feed["remarks"]),
        entries=entries,
        known=feed["known"],
        memory=b64decode(feed["memory"]),
        volatile=feed["volatile"],
        title=feed["title"],
        publisher=urls.site(feed["site"]) or urls.site(url),
        etag=validators[0],
        last_modified=validators[1],
        body_sha=hashlib.sha256(body).digest(),
    )


def _entry(entry: Json, language: str) -> Entry:
    return Entry(
        key=entry["key"],
        url=entry["url"],
        title=entry["title"],
        summary=entry["summary"],
        author=entry["author"],
        published_at=datetime.fromisoformat(entry["published"]) if entry["published"] else None,
        language=language,
        link=entry["link"] if entry["link"] != entry["url"] else "",
        title_key=entry["title_key"],
    )


def _challenge(body: bytes) -> bool:
    """A page that wants to see a browser, sent with status 200."""
    head = body[:4000].lower()
    return any(mark in head for mark in (b"<title>just a moment", b"cf-challenge", b"_cf_chl", b"ddos-guard"))


def _conditions(source: Source) -> dict[str, str]:
    """Both validators as they came: servers differ in which they look at."""
    headers = {}
    if source.etag:
        headers["If-None-Match"] = source.etag
    if source.last_modified:
        headers["If-Modified-Since"] = source.last_modified
    return headers


def _validator(answer: Response, name: str) -> str:
    """Opaque, but it must fit back into a header and into the database."""
    value = answer.headers.get(name, "")
    return value if len(value) <= 500 and value.isascii() and value.isprintable() else ""


def _without_a_feed(answer: Response, source: Source, now: datetime) -> Polled:
    status = answer.status
    if status == 304:
        return _not_modified(answer, source)
    refused = "cf-mitigated" in answer.headers or (status == 503 and _is_page(answer))
    if status in _REFUSALS or (refused and "retry-after" not in answer.headers):
        return Polled(outcome=PollOutcome.BLOCKED, detail=_REFUSALS.get(status, "The server wants to see a browser."))
    if status == 429 or (status == 503 and "retry-after" in answer.headers):
        return Polled(
            outcome=PollOutcome.RATE_LIMITED,
            detail=f"The server asks to be left alone for a while ({status}).",
            retry_after_s=retry_after(answer.headers.get("retry-after", ""), now),
        )
    if status in {404, 410}:
        detail = "The server says it is gone for good." if status == 410 else "There is nothing at this address (404)."
        return Polled(outcome=PollOutcome.GONE, detail=detail)
    if status >= 500:
        return Polled(outcome=PollOutcome.UNREACHABLE, detail=f"The server failed ({status}).")
    detail = "empty body" if status == 204 else f"The server answers {status} instead of a feed."
    return Polled(outcome=PollOutcome.BROKEN, detail=detail)


def _not_modified(answer: Response, source: Source) -> Polled:
    if not _conditions(source):
        return Polled(outcome=PollOutcome.BROKEN, detail="The server says “not modified” without having been asked.")
    return Polled(
        outcome=PollOutcome.NOT_MODIFIED,
        etag=_validator(answer, "etag") or source.etag,
        last_modified=_validator(answer, "last-modified") or source.last_modified,
        body_sha=source.body_sha,
    )


def _is_page(answer: Response) -> bool:
    return "html" in answer.headers.get("content-type", "").lower()


def retry_after(value: str, now: datetime) -> int | None:
    """Seconds from now, within RETRY_AFTER; None where the header says nothing that can be read."""
    value = value.strip()
    shortest, longest = RETRY_AFTER
    if value.lstrip("-").isdecimal() and value.isascii():
        wanted = float(value[:12])
    elif at := dates.parse(value):
        wanted = (at - now).total_seconds()
    else:
        return None
    return int(min(max(wanted, shortest), longest))
