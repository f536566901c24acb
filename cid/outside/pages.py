"""Articles at their own pages: asked for as robots.txt allows, read in a child."""

from __future__ import annotations

import asyncio
import hashlib
from base64 import b64encode
from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cid.domain.outside import ChildFailure, HttpFailure, HttpTrouble
from cid.domain.reading import Reading, TextState
from cid.text import dates, robots

if TYPE_CHECKING:
    from cid.domain.llm import Json
    from cid.ports import Children, Clock, Http, Response
    from cid.text.robots import Rule

TOKEN = "ContentIntelligenceDesk"  # noqa: S105 - what robots.txt calls us, no secret
MAX_BYTES = 5_000_000
TIMEOUT_S = 20.0
WHOLE_S = 60.0
"""Seconds for one article with its robots.txt, redirects and child: less than the deadline of the job, which would
else be ended without an outcome and begun again."""
READ_S = 8.0
"""Seconds of a child for one page."""
ROBOTS_BYTES = 1_000_000
"""RFC 9309 wants at least half of it read."""
ROBOTS_S = 10.0
ROBOTS_WHOLE_S = 20.0
"""Its redirects included."""
ROBOTS_KEPT = timedelta(hours=24)
ROBOTS_AGAIN = timedelta(minutes=10)
"""After it could not be had."""
ORIGINS = 2000
"""Of so many servers robots.txt is remembered."""
RETRY_AFTER = (60, 6 * 3600)
"""Seconds. What a server asks for is taken as at least a minute and at most six hours."""

_ACCEPT = "text/html, application/xhtml+xml;q=0.9"
_PASSING = frozenset({HttpTrouble.DNS, HttpTrouble.CONNECT, HttpTrouble.TLS, HttpTrouble.TIMEOUT})
_REFUSALS = (
    ({404, 410}, TextState.GONE, "There is nothing at the address any more"),
    ({402}, TextState.PAYWALLED, "The server asks for payment"),
    ({401, 403, 407, 451}, TextState.BLOCKED, "The server refuses us"),
)
_PERHAPS_PAGES = frozenset({"", "text/plain", "application/xml", "text/xml"})


class PageReader:
    """Satisfies `ports.Pages` and `ports.Robots`. One child at a time reads articles, so that feeds have another."""

    def __init__(self, http: Http, children: Children, clock: Clock, *, whole_s: float = WHOLE_S) -> None:
        self._http = http
        self._children = children
        self._clock = clock
        self._whole = whole_s
        self._turn = asyncio.Semaphore(1)
        self._robots: OrderedDict[str, tuple[datetime, tuple[Rule, ...] | None]] = OrderedDict()
        """By origin: until when it holds, and the rules; None: it could not be had, so nothing is read now."""
        self._asking: dict[str, asyncio.Lock] = {}

    async def read(self, url: str, *, language: str = "") -> Reading:
        """Raises Stopping."""
        try:
            async with asyncio.timeout(self._whole):
                return await self._read(url, language)
        except TimeoutError:
            detail = f"It took longer than {self._whole:.0f} seconds to get and read the page."
            return Reading(state=TextState.UNREACHABLE, detail=detail)

    async def _read(self, url: str, language: str) -> Reading:
        if refusal := await self._refused(url):
            return refusal
        try:
            answer = await self._http.request(
                "GET", url, headers={"Accept": _ACCEPT}, max_bytes=MAX_BYTES, timeout_s=TIMEOUT_S
            )
        except HttpFailure as failure:
            passing = failure.trouble in _PASSING
            state = TextState.UNREACHABLE if passing else TextState.UNREADABLE
            return Reading(state=state, detail=failure.public)
        if refusal := await self._refused(answer.url):  # a redirect may lead where we are not wanted
            return refusal
        return _without_text(answer, self._clock.now()) or await self._text(answer, language)

    async def allow(self, url: str) -> bool | None:
        """Satisfies `ports.Robots`."""
        rules = await self._rules(url)
        return None if rules is None else robots.allowed(rules, url)

    async def _text(self, answer: Response, language: str) -> Reading:
        value = {
            "body": b64encode(answer.body).decode(),
            "content_type": answer.headers.get("content-type", ""),
            "url": answer.url,
            "language": language,
        }
        try:
            async with self._turn:
                found = await self._children.call("read_article", value, timeout_s=READ_S)
        except ChildFailure:
            return _seen(TextState.UNREADABLE, answer, "The page could not be read within its limits.")
        published = datetime.fromisoformat(found["published"]) if found["published"] else None
        return Reading(
            state=TextState(found["state"]),
            detail=found["detail"],
            text=found["text"],
            words=found["words"],
            title=found["title"],
            language=found["language"],
            canonical_url=found["canonical"],
            published_at=_sure(published, self._clock.now()),
            status=answer.status,
            size=len(answer.body),
            sha=hashlib.sha256(answer.body).digest(),
        )

    async def _refused(self, url: str) -> Reading | None:
        """None: robots.txt lets us read it."""
        rules = await self._rules(url)
        if rules is None:
            return Reading(state=TextState.UNREACHABLE, detail="The site's robots.txt could not be had, so not now.")
        if not robots.allowed(rules, url):
            return Reading(state=TextState.FORBIDDEN, detail="The site's robots.txt asks us not to read this page.")
        return None

    async def _rules(self, url: str) -> tuple[Rule, ...] | None:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        async with self._asking.setdefault(origin, asyncio.Lock()):
            kept = self._robots.get(origin)
            if kept is None or kept[0] <= self._clock.now():
                rules = await self._ask(origin)
                holds = ROBOTS_AGAIN if rules is None else ROBOTS_KEPT
                kept = self._robots[origin] = (self._clock.now() + holds, rules)
                self._robots.move_to_end(origin)
                self._forget()
        return kept[1]

    def _forget(self) -> None:
        """Somebody who waits at a lock that is let go asks once more than needed, and no harm is done."""
        while len(self._robots) > ORIGINS:
            oldest, _ = self._robots.popitem(last=False)
            self._asking.pop(oldest, None)

    async def _ask(self, origin: str) -> tuple[Rule, ...] | None:
        """4xx and endless redirects: there is none, and all is allowed (RFC 9309, 2.3.1.3). No answer, and 5xx: not now
        (2.3.1.4). So is 429, which says to come later."""
        try:
            async with asyncio.timeout(ROBOTS_WHOLE_S):
                answer = await self._http.request(
                    "GET", f"{origin}/robots.txt", max_bytes=ROBOTS_BYTES, timeout_s=ROBOTS_S
                )
        except TimeoutError:
            return None
        except HttpFailure as failure:
            return () if failure.trouble is HttpTrouble.REDIRECTS else None
        if answer.status == 429 or answer.status >= 500:
            return None
        if answer.status != 200:
            return ()
        value = {"body": b64encode(answer.body).decode(), "token": TOKEN}
        try:
            found: Json = await self._children.call("read_robots", value)
        except ChildFailure:
            return None
        return robots.unpacked(found)


def _without_text(answer: Response, now: datetime) -> Reading | None:
    """What the answer says before its body is read; None: it is a page."""
    status = answer.status
    if status == 429 or (status >= 500 and "cf-mitigated" not in answer.headers):
        asked = _retry_after(answer.headers.get("retry-after", ""), now)
        return _seen(TextState.UNREACHABLE, answer, f"The server cannot answer now ({status}).", retry_after_s=asked)
    for statuses, state, detail in _REFUSALS:
        if status in statuses:
            return _seen(state, answer, f"{detail} ({status}).")
    if "cf-mitigated" in answer.headers:
        return _seen(TextState.BLOCKED, answer, "The server wants to see a browser.")
    kind = answer.headers.get("content-type", "text/html").partition(";")[0].strip().lower()
    if status != 200 or not answer.body or not ("html" in kind or kind in _PERHAPS_PAGES):
        what = "without a page" if status != 200 or not answer.body else "but this is no page"
        return _seen(TextState.UNREADABLE, answer, f"The server answers {what} ({status}).")
    return None


def _seen(state: TextState, answer: Response, detail: str, retry_after_s: int | None = None) -> Reading:
    size = len(answer.body)
    return Reading(state=state, detail=detail, status=answer.status, size=size, retry_after_s=retry_after_s)


def _sure(published: datetime | None, now: datetime) -> datetime | None:
    """A date that lies more than a day ahead is no date of publication."""
    return published.astimezone(UTC) if published and published <= now + timedelta(days=1) else None


def _retry_after(value: str, now: datetime) -> int | None:
    value = value.strip()
    if value.isascii() and value.isdecimal():
        wanted = float(value[:12])
    elif at := dates.parse(value):
        wanted = (at - now).total_seconds()
    else:
        return None
    shortest, longest = RETRY_AFTER
    return int(min(max(wanted, shortest), longest))
