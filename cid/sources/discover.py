"""Which feeds does a site have? Each one answered here was fetched and read.

The page's own word first (`link rel=alternate`); only where that leads to no feed, the addresses that blog and news
software uses.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from cid.domain.errors import Refused
from cid.domain.news import PollOutcome
from cid.domain.outside import ChildFailure, HttpFailure, HttpTrouble
from cid.sources.rss import read_feed

if TYPE_CHECKING:
    from cid.ports import Children, Http, Response

MAX_BYTES = 5_000_000
PAGE_S = 20.0
PROBE_S = 10.0
"""Seconds for one candidate."""
LINKS = 6
WELL_KNOWN = (
    *("feed/", "rss.xml", "feed.xml", "atom.xml", "index.xml"),
    *("rss/", "feed.json", "feed.atom", "index.rss", "rss/feed.xml"),
)
"""What sites call their feed, the most usual first."""

_ACCEPT = "application/rss+xml, application/atom+xml, application/feed+json, text/html;q=0.9, */*;q=0.5"
_DEAD = frozenset({HttpTrouble.DNS, HttpTrouble.CONNECT, HttpTrouble.TLS, HttpTrouble.TIMEOUT, HttpTrouble.ADDRESS})


class How(StrEnum):
    """Where a feed's address came from."""

    ITSELF = "itself"
    """What was asked for is a feed."""
    LINK = "link"
    WELL_KNOWN = "well_known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    url: str
    """As it is polled: where its redirects led to."""
    title: str
    how: How
    entries: int
    newest_at: datetime | None
    """Of its dated entries; None: it dates none."""


async def discover(http: Http, children: Children, url: str, *, within_s: float = 45.0) -> list[Found]:
    """The feeds at or behind `url`, a feed or a page; empty: everything was looked at and there is none.

    No probe is begun after `within_s` seconds. Raises HttpFailure when `url` gives no answer, Refused when what it
    gives cannot be read.
    """
    until = asyncio.get_running_loop().time() + within_s
    page = await _get(http, url, PAGE_S)
    if found := await _read(children, page, "", How.ITSELF):
        return [found]
    links = await _links(children, page) if page.status == 200 else []
    declared = await _probe(http, children, links, How.LINK, until, every=True)
    if declared:
        return declared
    guesses = ((urljoin(start, path), "") for start in _starts(page.url) for path in WELL_KNOWN)
    return await _probe(http, children, guesses, How.WELL_KNOWN, until, every=False)


def _starts(url: str) -> list[str]:
    """The site's root, and the folder of the page where that is another."""
    return list(dict.fromkeys((urljoin(url, "/"), urljoin(url, "."))))


async def _links(children: Children, page: Response) -> list[tuple[str, str]]:
    """Raises Refused. Address and title."""
    value = {
        "body": b64encode(page.body).decode(),
        "content_type": page.headers.get("content-type", ""),
        "url": page.url,
    }
    try:
        answer = await children.call("find_feeds", value)
    except ChildFailure:
        raise Refused("The page could not be read within its limits.") from None
    if "error" in answer:
        raise Refused(answer["error"])
    return [(link["url"], link["title"]) for link in answer["links"]][:LINKS]


async def _probe(
    http: Http, children: Children, candidates: Iterable[tuple[str, str]], how: How, until: float, *, every: bool
) -> list[Found]:
    """Those that are feeds: all of them, or the first. One after the other, as a site should be asked."""
    found: dict[str, Found] = {}
    for url, title in candidates:
        if asyncio.get_running_loop().time() > until:
            break
        try:
            answer = await _get(http, url, PROBE_S)
        except HttpFailure as failure:
            if failure.trouble in _DEAD and how is How.WELL_KNOWN:
                break  # they are all on the same host
            continue
        if feed := await _read(children, answer, title, how):
            found.setdefault(feed.url, feed)
            if not every:
                break
    return list(found.values())


async def _get(http: Http, url: str, timeout_s: float) -> Response:
    return await http.request("GET", url, headers={"Accept": _ACCEPT}, max_bytes=MAX_BYTES, timeout_s=timeout_s)


async def _read(children: Children, answer: Response, title: str, how: How) -> Found | None:
    """None: it is no feed."""
    if answer.status != 200 or not answer.body:
        return None
    kind = answer.headers.get("content-type", "")
    polled = await read_feed(children, answer.body, content_type=kind, url=answer.url)
    if polled.outcome not in {PollOutcome.NEW, PollOutcome.EMPTY}:
        return None
    dates = [entry.published_at for entry in polled.entries if entry.published_at]
    return Found(
        url=answer.url,
        title=polled.title or title,
        how=how,
        entries=len(polled.entries),
        newest_at=max(dates, default=None),
    )
