"""The search for what replaces a feed that failed: at its own site, at those who write about the same, in a list."""

from __future__ import annotations

import asyncio
import re
from base64 import b64encode
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urljoin, urlsplit

from cid.domain.health import Candidate, Failing, ListedFeed, Replacement, Tier, Tried, newest_of, unfit
from cid.domain.outside import ChildFailure, HttpFailure, HttpTrouble
from cid.domain.policy import Healing
from cid.sources.discover import WELL_KNOWN
from cid.sources.rss import read_feed
from cid.text import urls
from cid.text.kinship import kinship

if TYPE_CHECKING:
    from cid.domain.llm import Json
    from cid.ports import Children, Http, Response

FEED_BYTES = 5_000_000
PAGE_BYTES = 2_000_000
REQUEST_S = 10.0
PARSE_S = 5.0
AT_ONCE = 4
"""Publishers probed at the same time."""
NAMED_LIMIT = 6
"""Feeds tried of those that one page names."""

_COMMENTS = re.compile(r"\bcomments?\b", re.IGNORECASE)
_OUT_OF_REACH = frozenset({HttpTrouble.DNS, HttpTrouble.CONNECT, HttpTrouble.TLS, HttpTrouble.TIMEOUT})
_EDITIONS = {"en": "US", "de": "DE", "fr": "FR", "es": "ES", "it": "IT", "nl": "NL", "pt": "BR", "pl": "PL", "ja": "JP"}


class Search:
    """One search for one source. Bounded in requests and time: cut off, it keeps what it found until then.

    `tried` tells what would not do, and why. Raises nothing for what others answer, but Stopping.
    """

    def __init__(self, http: Http, children: Children, healing: Healing, failing: Failing, now: datetime) -> None:
        self._http = http
        self._children = children
        self._healing = healing
        self._failing = failing
        self._now = now
        self._left = healing.requests
        self._until = asyncio.get_running_loop().time() + healing.patience.total_seconds()
        self._dead: set[str] = set()
        self._tested: dict[str, Replacement | Tried] = {}
        self.tried: list[Tried] = []

    async def at_its_site(self) -> list[Replacement]:
        """What its pages name as their feed; else what lies where feeds lie, at the root and in its own folder."""
        address = urls.credentials(self._failing.url)[0]
        pages = [page for page in (urls.located(self._failing.site), urls.located(urljoin(address, "/"))) if page]
        folders = [*(urljoin(page, "/") for page in pages), urljoin(address, ".")]
        found: list[Replacement] = []
        await self._in_time(self._explore(Tier.SITE, pages, folders, found, self._healing.proposals))
        return found

    async def by_news(self, industry: str, language: str) -> list[Replacement]:
        """At the publishers that a news search for its name and `industry` brings up. Nothing private is told to it."""
        name = self._failing.title or urls.site(self._failing.site or self._failing.url)
        query = " ".join(f"{name} {industry}".split())[:200]
        found: list[Replacement] = []
        if self._healing.news and not self._failing.private:
            await self._in_time(self._probe(query, language, found))
        return found

    async def by_list(self, feeds: Iterable[ListedFeed]) -> list[Replacement]:
        """Of feeds that are known to be good: the first that still are."""
        found: list[Replacement] = []
        await self._in_time(self._go_through(feeds, found))
        return found

    async def _in_time(self, work: Awaitable[None]) -> None:
        try:
            async with asyncio.timeout_at(self._until):
                await work
        except TimeoutError:
            self._refuse(Tier.SITE, self._failing.site, "The search ran out of time.")

    async def _explore(
        self, tier: Tier, pages: Sequence[str], folders: Sequence[str], found: list[Replacement], most: int
    ) -> None:
        for page in dict.fromkeys(pages):
            for candidate in await self._named(tier, page):
                await self._try(candidate, found)
                if len(found) >= most:
                    return
        if found:
            return
        for folder in dict.fromkeys(folders):
            for name in WELL_KNOWN:
                if urlsplit(folder).netloc in self._dead:
                    break
                await self._try(Candidate(url=urljoin(folder, name), tier=tier, via=f"found at /{name}"), found)
                if found:
                    return

    async def _named(self, tier: Tier, page: str) -> list[Candidate]:
        """The feeds that a page names as its own, without those of comments."""
        answer = await self._get(page, PAGE_BYTES)
        if isinstance(answer, str) or answer.status != 200:
            self._refuse(tier, page, answer if isinstance(answer, str) else _status(answer))
            return []
        told = await self._read("find_feeds", answer)
        if "error" in told:
            self._refuse(tier, page, told["error"])
        return [
            Candidate(url=feed["url"], tier=tier, via=f"named by {urls.site(answer.url)}", title=feed["title"])
            for feed in told.get("links", [])
            if not _COMMENTS.search(f"{feed['title']} {urlsplit(feed['url']).path}")
        ][:NAMED_LIMIT]

    async def _probe(self, query: str, language: str, found: list[Replacement]) -> None:
        edition = language.partition("-")[0].lower()
        edition = edition if edition in _EDITIONS else "en"
        country = _EDITIONS[edition]
        asked = urlencode({"q": query, "hl": f"{edition}-{country}", "gl": country, "ceid": f"{country}:{edition}"})
        answer = await self._get(f"{self._healing.news}?{asked}", FEED_BYTES)
        if isinstance(answer, str) or answer.status != 200:
            self._refuse(Tier.NEWS, self._healing.news, answer if isinstance(answer, str) else _status(answer))
            return
        told = await self._read("find_publishers", answer)
        if "publishers" not in told:
            self._refuse(Tier.NEWS, self._healing.news, told.get("error", "It could not be read within its limits."))
            return
        known = {urls.site(self._failing.url), urls.site(self._failing.site)}
        sites = [one["url"] for one in told["publishers"] if urls.site(one["url"]) not in known]
        sites = sites[: self._healing.publishers]
        for start in range(0, len(sites), AT_ONCE):
            await asyncio.gather(*(self._publisher(site, found) for site in sites[start : start + AT_ONCE]))
            if len(found) >= self._healing.proposals:
                del found[self._healing.proposals :]
                return

    async def _publisher(self, site: str, found: list[Replacement]) -> None:
        mine: list[Replacement] = []
        await self._explore(Tier.NEWS, [site], [urljoin(site, "/")], mine, 1)
        found.extend(mine)

    async def _go_through(self, feeds: Iterable[ListedFeed], found: list[Replacement]) -> None:
        for feed in feeds:
            candidate = Candidate(url=feed.url, tier=Tier.DEFAULTS, via="listed for the industry", title=feed.title)
            await self._try(candidate, found)
            if len(found) >= self._healing.proposals:
                return

    async def _try(self, candidate: Candidate, found: list[Replacement]) -> None:
        url = urls.located(candidate.url)
        if not url or url == self._failing.url or url in {one.url for one in found}:
            return
        if url not in self._tested:
            self._tested[url] = await self._test(replace(candidate, url=url))
        result = self._tested[url]
        if isinstance(result, Tried):
            self.tried.append(result)
        elif result.url not in {one.url for one in found}:
            found.append(result)

    async def _test(self, candidate: Candidate) -> Replacement | Tried:
        """Fetched and read as a poll would, and judged."""
        tier, url = candidate.tier, candidate.url
        if urls.secret(url):
            return Tried(tier=tier, url=urls.shown(url), why="The address holds a key.")
        answer = await self._get(url, FEED_BYTES)
        if isinstance(answer, str) or answer.status != 200:
            return Tried(tier=tier, url=url, why=answer if isinstance(answer, str) else _status(answer))
        final = urls.located(answer.url)
        if not final or urls.secret(final) or final == self._failing.url:
            return Tried(tier=tier, url=url, why="It leads back to the address that failed, or to one with a key.")
        kind = answer.headers.get("content-type", "")
        polled = await read_feed(self._children, answer.body, content_type=kind, url=answer.url)
        newest = newest_of(polled, self._now)
        if why := unfit(tier, polled, newest, now=self._now, oldest=self._healing.oldest):
            return Tried(tier=tier, url=url, why=why)
        title = polled.title or candidate.title
        site = polled.site or urljoin(final, "/")
        home = polled.site or (f"https://{polled.publisher}/" if polled.publisher else "")
        return Replacement(
            tier=tier,
            url=final,
            via=candidate.via if final == url else f"{candidate.via}, redirected from {url}",
            title=title,
            site=site,
            entries=len(polled.entries),
            newest_at=newest,
            kinship=kinship(self._failing, final, title, home),
        )

    async def _get(self, url: str, limit: int) -> Response | str:
        """The answer, or why there is none. A host that is out of reach is asked no more."""
        host = urlsplit(url).netloc
        if host in self._dead:
            return "Its server did not answer before."
        if self._left <= 0:
            return "The search had asked enough."
        self._left -= 1
        try:
            return await self._http.request("GET", url, max_bytes=limit, timeout_s=REQUEST_S)
        except HttpFailure as failure:
            if failure.trouble in _OUT_OF_REACH:
                self._dead.add(host)
            return failure.public

    async def _read(self, function: str, answer: Response) -> Json:
        """Empty where the child could not read it."""
        kind = answer.headers.get("content-type", "")
        value = {"body": b64encode(answer.body).decode(), "content_type": kind, "url": answer.url}
        try:
            return await self._children.call(function, value, timeout_s=PARSE_S)
        except ChildFailure:
            self._refuse(Tier.SITE, answer.url, "The page could not be read within its limits.")
            return {}

    def _refuse(self, tier: Tier, url: str, why: str) -> None:
        self.tried.append(Tried(tier=tier, url=urls.shown(url), why=why))


def _status(answer: Response) -> str:
    return f"The server answers {answer.status}."
