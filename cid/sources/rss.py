"""Feeds polled: one conditional request, and what it came to as one of eight outcomes and their causes."""

from __future__ import annotations

import asyncio
import hashlib
from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from cid.domain.llm import Json
from cid.domain.news import Cause, Entry, Hints, Polled, PollOutcome, Source
from cid.domain.outside import ChildFailure, HttpFailure, HttpTrouble
from cid.sources import caching
from cid.sources.sameness import same_sha
from cid.text import dates, domains, urls

if TYPE_CHECKING:
    from cid.ports import Children, Clock, Http, Response

MAX_BYTES = 5_000_000
TIMEOUT_S = 25.0
PARSE_S = 5.0
HASH_HERE = 262_144
"""Bytes. Longer bodies are hashed in a thread, for the sake of the event loop."""
RETRY_AFTER = (60, 86_400)
"""Seconds. What a server asks for is taken as at least a minute and at most a day."""

_ACCEPT = "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"
_OUT_OF_REACH = frozenset({HttpTrouble.DNS, HttpTrouble.CONNECT, HttpTrouble.TLS, HttpTrouble.TIMEOUT})
_CAUSES = {
    HttpTrouble.ADDRESS: Cause.BLOCKED_ADDRESS,
    HttpTrouble.DNS: Cause.DNS,
    HttpTrouble.CONNECT: Cause.CONNECT,
    HttpTrouble.TLS: Cause.TLS,
    HttpTrouble.TIMEOUT: Cause.TIMEOUT,
    HttpTrouble.TOO_LARGE: Cause.TOO_LARGE,
    HttpTrouble.REDIRECTS: Cause.REDIRECT_LOOP,
    HttpTrouble.PROTOCOL: Cause.BAD_HTTP,
    HttpTrouble.PACKING: Cause.BAD_HTTP,
}
_REFUSALS = {
    401: "The server wants a sign-in.",
    403: "The server refuses us.",
    407: "The server wants a sign-in.",
    451: "The server refuses for legal reasons.",
}
_PLAIN = {
    204: (PollOutcome.BROKEN, Cause.EMPTY_BODY, "empty body"),
    404: (PollOutcome.GONE, Cause.NOT_FOUND, "There is nothing at this address (404)."),
    410: (PollOutcome.GONE, Cause.GONE, "The server says it is gone for good."),
}
_UNASKED = "The server says “not modified” without having been asked."


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
            answer = await self._ask(address, headers)
            if answer.status == 304 and not _conditions(source):
                # some caches answer what somebody else asked: told to look again, most of them do
                answer = await self._ask(address, {**headers, "Cache-Control": "no-cache"})
        except HttpFailure as failure:
            return _failed(failure)
        if answer.status != 200:
            return _without_a_feed(answer, source, self._clock.now())
        return await self._read(answer, source)

    async def _ask(self, address: str, headers: dict[str, str]) -> Response:
        """What cannot be unpacked is asked for once more, unpacked. Raises HttpFailure."""
        limits = {"max_bytes": MAX_BYTES, "timeout_s": TIMEOUT_S}
        try:
            return await self._http.request("GET", address, headers=headers, **limits)  # type: ignore[arg-type]
        except HttpFailure as failure:
            if failure.trouble is not HttpTrouble.PACKING:
                raise
        plain = {**headers, "Accept-Encoding": "identity"}
        return await self._http.request("GET", address, headers=plain, **limits)  # type: ignore[arg-type]

    async def _read(self, answer: Response, source: Source) -> Polled:
        if not answer.body:
            return Polled(outcome=PollOutcome.BROKEN, cause=Cause.EMPTY_BODY, detail="empty body")
        etag, modified = _validator(answer, "etag"), _validator(answer, "last-modified")
        cache_s = caching.good_for(answer.headers, self._clock.now())
        moved_to = answer.url if answer.moved else ""
        sha, same = await _hashes(answer.body)
        if sha == source.body_sha or same == source.same_sha:
            return Polled(
                outcome=PollOutcome.NOT_MODIFIED,
                cause=Cause.SAME_HASH,
                detail="the same content as before",
                etag=etag,
                last_modified=modified,
                body_sha=sha,
                same_sha=same,
                hints=Hints(cache_s=cache_s),
                moved_to=moved_to,
            )
        polled = await read_feed(
            self._children,
            answer.body,
            content_type=answer.headers.get("content-type", ""),
            url=answer.url,
            validators=(etag, modified),
            known_by=(source.memory, source.by_title),
        )
        if not polled.outcome.healthy:
            return polled
        announced = "" if moved_to else await self._announced(polled.moved_to, source.url)
        return replace(
            polled,
            same_sha=same,
            hints=replace(polled.hints, cache_s=cache_s),
            moved_to=moved_to or announced,
            announced=bool(announced),
        )

    async def _announced(self, new_address: str, url: str) -> str:
        """Where the feed itself says that it is, if that is elsewhere and a feed with entries is there."""
        address = urls.located(new_address)
        if not address or address == url or urls.secret(address):
            return ""
        try:
            answer = await self._ask(address, {"Accept": _ACCEPT})
        except HttpFailure:
            return ""
        content_type = answer.headers.get("content-type", "")
        found = await read_feed(self._children, answer.body, content_type=content_type, url=answer.url)
        return address if answer.status == 200 and found.entries else ""


async def _hashes(body: bytes) -> tuple[bytes, bytes]:
    """Of the bytes, and of what they say."""
    if len(body) > HASH_HERE:
        return await asyncio.to_thread(lambda: (hashlib.sha256(body).digest(), same_sha(body)))
    return hashlib.sha256(body).digest(), same_sha(body)


async def read_feed(
    children: Children,
    body: bytes,
    *,
    content_type: str,
    url: str,
    validators: tuple[str, str] = ("", ""),
    known_by: tuple[bytes, bool] = (b"", False),
    base: str = "",
) -> Polled:
    """A feed's bytes, wherever they came from: `new`, `empty` or `broken`. `known_by` is the source's memory of its
    last poll, and whether its entries go by title; `base`, if it is given, is what relative addresses are relative to,
    and else the site that the feed names. Raises Stopping.

    `entries` are all that were not known, in the feed's order, with those that cannot be stored: see `gates.entries`.
    """
    memory, by_title = known_by
    value = {
        "body": b64encode(body).decode(),
        "content_type": content_type,
        "url": url,
        "memory": b64encode(memory).decode(),
        "by_title": by_title,
        "base": base,
    }
    try:
        feed = await children.call("parse_feed", value, timeout_s=PARSE_S)
    except ChildFailure:
        detail = "The feed could not be read within its limits."
        return Polled(outcome=PollOutcome.BROKEN, cause=Cause.PARSE_ERROR, detail=detail)
    if "error" in feed:
        if _challenge(body):
            detail = "The server answers with a check for browsers."
            return Polled(outcome=PollOutcome.BLOCKED, cause=Cause.BLOCKED, detail=detail)
        return Polled(outcome=PollOutcome.BROKEN, cause=_unreadable(body), detail=feed["error"])
    entries = tuple(_entry(entry, feed["language"]) for entry in feed["entries"])
    some = feed["known"] or any(entry.url and entry.title for entry in entries)
    wishes = feed["wishes"]
    return Polled(
        outcome=PollOutcome.NEW if some else PollOutcome.EMPTY,
        cause=Cause.NEW if some else Cause.EMPTY_FEED,
        detail="; ".join(feed["remarks"]),
        entries=entries,
        known=feed["known"],
        memory=b64decode(feed["memory"]),
        volatile=feed["volatile"],
        title=feed["title"],
        publisher=urls.site(feed["site"]) or urls.site(url),
        site=feed["site"],
        etag=validators[0],
        last_modified=validators[1],
        body_sha=hashlib.sha256(body).digest(),
        hints=_hints(wishes),
        moved_to=wishes.get("moved_to", ""),
    )


def _hints(wishes: Json) -> Hints:
    return Hints(
        ttl_s=wishes.get("ttl_s"),
        update_s=wishes.get("update_s"),
        skip_hours=frozenset(wishes.get("skip_hours", ())),
        skip_days=frozenset(wishes.get("skip_days", ())),
    )


def _failed(failure: HttpFailure) -> Polled:
    outcome = PollOutcome.UNREACHABLE if failure.trouble in _OUT_OF_REACH else PollOutcome.BROKEN
    return Polled(outcome=outcome, cause=_CAUSES[failure.trouble], detail=failure.public)


def _unreadable(body: bytes) -> Cause:
    head = body[:2000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return Cause.HTML if head.startswith((b"<!doctype html", b"<html")) or b"<body" in head else Cause.PARSE_ERROR


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
    if answer.status == 304:
        return _not_modified(answer, source, now)
    outcome, cause, detail = _meaning(answer)
    wait = retry_after(answer.headers.get("retry-after", ""), now) if cause is Cause.RATE_LIMITED else None
    # a redirect is anybody's: who is at its end does not speak for the house that it began at
    elsewhere = domains.of(answer.url) != domains.of(source.url)
    return Polled(outcome=outcome, cause=cause, detail=detail, retry_after_s=wait, elsewhere=elsewhere)


def _meaning(answer: Response) -> tuple[PollOutcome, Cause, str]:
    status, asks_to_wait = answer.status, "retry-after" in answer.headers
    challenged = "cf-mitigated" in answer.headers or (status == 503 and _is_page(answer))
    if status in _REFUSALS or (challenged and not asks_to_wait):
        found = PollOutcome.BLOCKED, Cause.BLOCKED, _REFUSALS.get(status, "The server wants to see a browser.")
    elif status == 429 or (status == 503 and asks_to_wait):
        detail = f"The server asks to be left alone for a while ({status})."
        found = PollOutcome.RATE_LIMITED, Cause.RATE_LIMITED, detail
    elif status in _PLAIN:
        found = _PLAIN[status]
    elif status >= 500:
        found = PollOutcome.UNREACHABLE, Cause.HTTP_5XX, f"The server failed ({status})."
    else:
        cause = Cause.HTTP_4XX if status >= 400 else Cause.BAD_HTTP
        found = PollOutcome.BROKEN, cause, f"The server answers {status} instead of a feed."
    return found


def _not_modified(answer: Response, source: Source, now: datetime) -> Polled:
    """A 304 may say less than the answer before it: what it leaves out stays as it was."""
    if not _conditions(source):
        return Polled(outcome=PollOutcome.BROKEN, cause=Cause.BAD_HTTP, detail=_UNASKED)
    return Polled(
        outcome=PollOutcome.NOT_MODIFIED,
        cause=Cause.NOT_MODIFIED,
        etag=_validator(answer, "etag") or source.etag,
        last_modified=_validator(answer, "last-modified") or source.last_modified,
        body_sha=source.body_sha,
        same_sha=source.same_sha,
        hints=Hints(cache_s=caching.good_for(answer.headers, now)),
        moved_to=answer.url if answer.moved else "",
    )


def _is_page(answer: Response) -> bool:
    return "html" in answer.headers.get("content-type", "").lower()


def retry_after(value: str, now: datetime) -> int | None:
    """Seconds from now, within RETRY_AFTER; None where the header says nothing that can be read."""
    value = value.strip()
    shortest, longest = RETRY_AFTER
    if value.isascii() and value.removeprefix("-").isdecimal():
        wanted = float(value[:12])
    elif at := dates.parse(value):
        wanted = (at - now).total_seconds()
    else:
        return None
    return int(min(max(wanted, shortest), longest))
