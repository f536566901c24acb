"""Web pages that list articles and have no feed, as their robots.txt allows.

A layout changes without notice. A page on which nothing is found any more where something was found before is an alarm,
and an article without a link of its own is named and not stored under the address of the list.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from dataclasses import asdict, replace
from datetime import datetime
from typing import TYPE_CHECKING

from cid.domain.errors import Refused
from cid.domain.llm import Json
from cid.domain.news import Cause, Entry, Polled, PollOutcome, Source
from cid.domain.outside import ChildFailure, HttpFailure
from cid.sources import answers
from cid.sources.accounts import Page as Wanted
from cid.sources.options import read
from cid.sources.page_cards import MOST
from cid.text import domains, urls

if TYPE_CHECKING:
    from cid.ports import Children, Clock, Http, Response, Robots

MAX_BYTES = 5_000_000
TIMEOUT_S = 25.0
PARSE_S = 5.0
_ACCEPT = "text/html, application/xhtml+xml;q=0.9, */*;q=0.5"


class ListReader:
    """Satisfies `ports.SourceReader`. Raises Stopping."""

    def __init__(self, http: Http, children: Children, clock: Clock, robots: Robots) -> None:
        self._http = http
        self._children = children
        self._clock = clock
        self._robots = robots

    async def poll(self, source: Source) -> Polled:
        try:
            want = read(Wanted, source.config)
        except Refused as refusal:
            return answers.config(refusal.public)
        answer = await self._fetched(source)
        if isinstance(answer, Polled):
            return answer
        sha = hashlib.sha256(answer.body).digest()
        if sha == source.body_sha:
            return _same(source, answer, sha, Cause.SAME_HASH)
        return await self._read(source, want, answer)

    async def _fetched(self, source: Source) -> Response | Polled:
        """A page, or what there is instead."""
        if forbidden := await self._forbidden(source.url):
            return forbidden
        try:
            answer = await self._http.request(
                "GET", source.url, headers=_headers(source), max_bytes=MAX_BYTES, timeout_s=TIMEOUT_S
            )
        except HttpFailure as failure:
            return answers.failed(failure)
        if answer.url != source.url and (forbidden := await self._forbidden(answer.url)):
            return forbidden  # a redirect may lead where we are not wanted
        if answer.status == 304 and source.etag + source.last_modified:
            return _same(source, answer, source.body_sha, Cause.NOT_MODIFIED)
        if answer.status == 200 and not answer.body:
            return Polled(outcome=PollOutcome.BROKEN, cause=Cause.EMPTY_BODY, detail="empty body")
        return answer if answer.status == 200 else self._refused(source, answer)

    def _refused(self, source: Source, answer: Response) -> Polled:
        elsewhere = domains.of(answer.url) != domains.of(source.url)
        return replace(answers.refused(answer, self._clock.now()), elsewhere=elsewhere)

    async def _forbidden(self, url: str) -> Polled | None:
        allowed = await self._robots.allow(url)
        if allowed is None:
            detail = "The site's robots.txt could not be had, so not now."
            return Polled(outcome=PollOutcome.UNREACHABLE, cause=Cause.CONNECT, detail=detail)
        if not allowed:
            detail = "The site's robots.txt asks us not to read this page."
            return Polled(outcome=PollOutcome.BLOCKED, cause=Cause.BLOCKED, detail=detail)
        return None

    async def _read(self, source: Source, want: Wanted, answer: Response) -> Polled:
        value = {
            "body": b64encode(answer.body).decode(),
            "content_type": answer.headers.get("content-type", ""),
            "url": answer.url,
            "now": self._clock.now().isoformat(),
            **asdict(want),
        }
        try:
            found = await self._children.call("parse_page", value, timeout_s=PARSE_S)
        except ChildFailure:
            detail = "The page could not be read within its limits."
            return Polled(outcome=PollOutcome.BROKEN, cause=Cause.PARSE_ERROR, detail=detail)
        return _polled(source, answer, found)


def _polled(source: Source, answer: Response, found: Json) -> Polled:
    entries = tuple(map(_entry, found["entries"]))
    if not entries:
        return _nothing(source, found)
    return Polled(
        outcome=PollOutcome.NEW,
        cause=Cause.NEW,
        detail=_remarks(found),
        entries=entries,
        title=found["title"],
        publisher=urls.site(answer.url),
        site=answer.url,
        etag=_validator(answer, "etag"),
        last_modified=_validator(answer, "last-modified"),
        body_sha=hashlib.sha256(answer.body).digest(),
        cursor=str(len(entries)),
    )


def _nothing(source: Source, found: Json) -> Polled:
    """Never stored as seen: the next poll looks at the page again, whatever its validators say."""
    if not found["found"]:
        detail = "Nothing on the page is where articles are said to be."
    else:
        detail = f"None of {found['found']} articles on the page has both a link of its own and a title."
    if source.cursor:
        detail = f"{detail} There were {source.cursor} the last time: the page was changed."
        return Polled(outcome=PollOutcome.BROKEN, cause=Cause.ALARM, detail=detail)
    return answers.config(f"{detail} Correct the selectors.")


def _entry(told: Json) -> Entry:
    return Entry(
        key=told["url"],
        url=told["url"],
        title=told["title"],
        summary=told["summary"],
        published_at=datetime.fromisoformat(told["published"]) if told["published"] else None,
    )


def _remarks(found: Json) -> str:
    remarks = []
    if found["linkless"]:
        remarks.append(f"without a link of their own: {found['linkless']}")
    if found["titleless"]:
        remarks.append(f"without a title: {found['titleless']}")
    if found["found"] > MOST:
        remarks.append(f"only the first {MOST} of {found['found']} were read")
    return "; ".join(remarks)


def _headers(source: Source) -> dict[str, str]:
    conditions = {"If-None-Match": source.etag, "If-Modified-Since": source.last_modified}
    return {"Accept": _ACCEPT, **{name: value for name, value in conditions.items() if value}}


def _same(source: Source, answer: Response, sha: bytes | None, cause: Cause) -> Polled:
    return Polled(
        outcome=PollOutcome.NOT_MODIFIED,
        cause=cause,
        etag=_validator(answer, "etag") or source.etag,
        last_modified=_validator(answer, "last-modified") or source.last_modified,
        body_sha=sha,
    )


def _validator(answer: Response, name: str) -> str:
    """Opaque, but it must fit back into a header and into the database."""
    value = answer.headers.get(name, "")
    return value if len(value) <= 500 and value.isascii() and value.isprintable() else ""
