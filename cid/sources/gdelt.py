"""GDELT: the files of each quarter of an hour first, and its search only where that was allowed.

The cursor names the last file that was read of each stream. What was missed is caught up, as far as CATCH_UP goes.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from cid.domain.errors import Refused
from cid.domain.llm import Json
from cid.domain.news import Cause, Entry, Hints, Polled, PollOutcome, Source
from cid.domain.outside import ChildFailure, HttpFailure
from cid.sources import answers
from cid.sources.answers import NoAnswer
from cid.sources.gdelt_files import EVERY, GdeltFiles, Stream
from cid.sources.options import read
from cid.sources.searches import Fallback, Gdelt
from cid.text import queries, urls

if TYPE_CHECKING:
    from cid.ports import Children, Clock, Http
    from cid.sources.pace import Pace

CATCH_UP = 16
"""Files of a stream that are read after a gap: four hours."""
BUSY_S = 45.0
"""No further file is begun after that long: the next poll goes on."""
VIA_SEARCH = "gdelt search"
REST_S = 900
REACH = timedelta(days=90)
"""How far back the search knows anything."""
SHORTEST = 3
"""Letters of a word that the search takes."""
_LISTED = {"mode": "ArtList", "format": "json", "sort": "DateDesc"}
_HINTS = Hints(ttl_s=int(EVERY.total_seconds()))
_STAMP = "%Y%m%d%H%M%S"


@dataclass(slots=True)
class _Got:
    """What a poll has brought so far."""

    cursor: dict[str, str]
    entries: list[Entry] = field(default_factory=list)
    files: int = 0
    articles: int = 0
    remarks: list[str] = field(default_factory=list)
    unfinished: bool = False


class GdeltReader:
    """Satisfies `ports.SourceReader`."""

    def __init__(self, files: GdeltFiles, children: Children, search: GdeltSearch) -> None:
        self._files = files
        self._children = children
        self._search = search

    async def poll(self, source: Source) -> Polled:
        """Raises Deferred when the fallback's turn is far away, Stopping, and nothing else."""
        try:
            settings = read(Gdelt, source.config)
            queries.parse(settings.query)
        except Refused as refused:
            return answers.config(refused.public)
        got = _Got(cursor=_cursor(source.cursor))
        begun = asyncio.get_running_loop().time()
        for stream in _streams(settings.language):
            try:
                await self._stream(stream, settings, got, begun + BUSY_S)
            except NoAnswer as none:
                if not got.files:
                    return await self._instead(source, settings, none.polled)
                got.unfinished = True
                got.remarks.append(f"the next file could not be had: {none.polled.detail}")
        return _told(got)

    async def of_outlet(self, name: str, site: str, back: timedelta) -> Polled:
        """Satisfies `ports.Archive`: by its search alone. Raises as `poll`."""
        return await self._search.of_outlet(name, site, back)

    async def _instead(self, source: Source, settings: Gdelt, failed: Polled) -> Polled:
        if settings.fallback is Fallback.NONE:
            return failed
        polled = await self._search.poll(source, settings)
        why = f"by GDELT's search, because of its files: {failed.detail}"
        # when the search wants rest, its reader knows; the files are another server's
        return replace(polled, detail="; ".join(filter(None, [polled.detail, why])), elsewhere=True)

    async def _stream(self, stream: Stream, settings: Gdelt, got: _Got, until: float) -> None:
        """Raises NoAnswer."""
        newest = await self._files.newest(stream)
        stamps, skipped = steps(got.cursor.get(stream, ""), newest.stamp)
        if skipped:
            got.remarks.append(f"{skipped} files are too long ago and were not read")
        for stamp in stamps:
            if got.files and asyncio.get_running_loop().time() > until:
                got.unfinished = True
                return
            try:
                path = await self._files.digest(stream, stamp, newest.md5 if stamp == newest.stamp else "")
            except NoAnswer as none:
                if none.polled.cause is not Cause.NOT_FOUND or stamp == newest.stamp:
                    raise
                got.remarks.append(f"there is no file of {stamp}")  # GDELT leaves out a quarter now and then
            else:
                await self._filter(str(path), settings, got)
            got.files += 1
            got.cursor[stream] = stamp

    async def _filter(self, path: str, settings: Gdelt, got: _Got) -> None:
        wanted = {name: getattr(settings, name) for name in ("query", "theme", "country", "language")}
        try:
            found = await self._children.call("filter_gkg", {"path": path, **wanted}, timeout_s=15.0)
        except ChildFailure:
            raise NoAnswer(answers.broken("A file of GDELT could not be searched within its limits.")) from None
        got.entries += [entry(article) for article in found["entries"]]
        got.articles += found["read"]
        if found["more"]:
            got.remarks.append(f"{found['more']} more articles were found and left out: ask for less")


def _told(got: _Got) -> Polled:
    if got.entries:
        outcome, cause = PollOutcome.NEW, Cause.NEW
    else:
        outcome, cause = PollOutcome.NOT_MODIFIED, Cause.NOTHING_NEW
    read_ = f"{got.articles} articles in {got.files} files" if got.files else "there is no newer file yet"
    return Polled(
        outcome=outcome,
        cause=cause,
        detail="; ".join([read_, *got.remarks]),
        entries=tuple(got.entries),
        cursor=" ".join(f"{stream}={stamp}" for stream, stamp in sorted(got.cursor.items())),
        hints=Hints() if got.unfinished else _HINTS,
    )


def _streams(language: str) -> tuple[Stream, ...]:
    """Articles in English are in files of their own."""
    if not language:
        return (Stream.ENGLISH, Stream.TRANSLATED)
    return (Stream.ENGLISH,) if language == "en" else (Stream.TRANSLATED,)


def _cursor(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split())
    return {name: stamp for name, _, stamp in pairs if name in set(Stream) and _moment(stamp)}


def steps(last: str, newest: str) -> tuple[list[str], int]:
    """The files to read, oldest first, and how many lie too far back. A first poll reads the newest alone."""
    end, begin = _moment(newest), _moment(last)
    if end is None or begin is None:
        return [newest], 0
    count = max(0, -((begin - end) // EVERY))
    wanted = [f"{end - EVERY * back:{_STAMP}}" for back in range(min(count, CATCH_UP) - 1, -1, -1)]
    return wanted, count - len(wanted)


def _moment(stamp: str) -> datetime | None:
    try:
        return datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None


def entry(article: Json, via: str = "") -> Entry:
    return Entry(
        key=article["url"],
        url=article["url"],
        title=article["title"],
        author=article["author"],
        published_at=datetime.fromisoformat(article["published"]) if article["published"] else None,
        language=article["language"],
        via=via,
        publisher=urls.site(article["url"]),
    )


def outlet_query(name: str, site: str) -> str | Polled:
    """As the search is asked about an outlet; a refusal where it knows no way."""
    if site:
        return f"domain:{site}"
    bare = " ".join(name.replace('"', " ").split())
    if all(len(word) < SHORTEST for word in bare.split()):
        return answers.config(f"GDELT's search takes no word of fewer than {SHORTEST} letters: give the outlet's site.")
    return f'"{bare}"'


class GdeltSearch:
    """The DOC 2.0 API: free, without promises, and at most one request in five seconds from an address.

    https://api.gdeltproject.org/api/v2/doc/doc?query=…&mode=ArtList&format=json&maxrecords=250&timespan=60min&sort=DateDesc
    """

    def __init__(self, http: Http, children: Children, clock: Clock, pace: Pace, base: str) -> None:
        self._http = http
        self._children = children
        self._clock = clock
        self._pace = pace
        self._base = base

    async def poll(self, source: Source, settings: Gdelt) -> Polled:
        """Raises Deferred, Stopping."""
        return await self._found(self._asked(source, settings))

    async def of_outlet(self, name: str, site: str, back: timedelta) -> Polled:
        """What a site published; without one, what has the name in it. Raises as `poll`."""
        words = outlet_query(name, site)
        if isinstance(words, Polled):
            return words
        hours = max(1, min(back, REACH) // timedelta(hours=1))
        span = f"{hours}h" if hours <= 24 else f"{hours // 24}d"
        polled = await self._found({**_LISTED, "query": words, "maxrecords": "75", "timespan": span})
        remark = f"GDELT's search reaches back {REACH.days} days and no further" if back > REACH else ""
        return replace(polled, detail="; ".join(filter(None, [polled.detail, remark])))

    async def _found(self, asked: dict[str, str]) -> Polled:
        address = f"{self._base}/api/v2/doc/doc?{urlencode(asked)}"
        try:
            async with self._pace.turn():
                answer = await self._http.request("GET", address, max_bytes=5_000_000, timeout_s=30.0)
        except HttpFailure as failure:
            return answers.failed(failure)
        if unusable := answers.unusable(answer, self._clock.now(), rest_s=REST_S):
            return self._resting(unusable)
        value = {"body": b64encode(answer.body).decode()}
        try:
            found = await self._children.call("parse_gdelt_search", value)
        except ChildFailure:
            return answers.broken("GDELT's answer could not be read within its limits.")
        if "error" in found:
            limit = found["limit"]
            return self._resting(answers.limited(found["error"], REST_S) if limit else answers.broken(found["error"]))
        nameless = f"{found['nameless']} entries without an address or a title" if found["nameless"] else ""
        return Polled(
            outcome=PollOutcome.NEW if found["articles"] else PollOutcome.EMPTY,
            detail=nameless,
            entries=tuple(entry(article, VIA_SEARCH) for article in found["articles"]),
            hints=_HINTS,
        )

    def _asked(self, source: Source, settings: Gdelt) -> dict[str, str]:
        """What was asked for, in the search's own signs; since the last poll and a little more, a day at most."""
        since = self._clock.now() - source.polled_at if source.polled_at else timedelta(days=1)
        minutes = min(max(since // timedelta(minutes=1) + 20, 30), 1440)
        query = [queries.parse(settings.query).spelled()]
        query += [f"theme:{settings.theme}"] if settings.theme else []
        query += [f"sourcelang:{settings.language_name}"] if settings.language else []
        spelled = " ".join(filter(None, query))
        return {**_LISTED, "query": spelled, "maxrecords": "250", "timespan": f"{minutes}min"}

    def _resting(self, polled: Polled) -> Polled:
        if polled.retry_after_s:
            self._pace.rest(polled.retry_after_s)
        return polled
