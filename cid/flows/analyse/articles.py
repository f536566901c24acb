"""What is taken of a source's answer: what lies in the period, each once, and read at its page where that can be."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cid.domain.news import Entry, Polled
from cid.domain.reading import Reading
from cid.domain.run import Grain, Run, RunItem, Via
from cid.flows.analyse.ways import BACK
from cid.services import Services
from cid.text import domains, urls
from cid.text.clean import TITLE_LIMIT, line, unhidden
from cid.text.posts import headline
from cid.text.words import words

TEXT_LIMIT = 20_000
"""Letters of one item."""
AT_ONCE, AT_ONE_HOUSE = 4, 2
"""Pages that are read at once, and those of one domain among them."""
WHOLE_S = 180.0
"""Seconds for the pages of one source's answer; what is not read by then is taken as its source told it."""
AHEAD = timedelta(days=1)
"""A date that lies further ahead is none."""
_POSTS = frozenset({Via.X, Via.TELEGRAM})
_WHOLE = _POSTS | {Via.SAMPLE}
"""What they tell is all there is: no page is behind it."""


@dataclass(slots=True)
class Taken:
    """What the run has so far, and by what it is known."""

    run: Run
    now: datetime
    entries: list[tuple[Via, Entry, Reading | None]] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    @property
    def lacks(self) -> int:
        return max(0, self.run.items - len(self.entries))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sifted:
    entries: tuple[Entry, ...]
    """In the period, the outlet's own first, the newest first, those without a date last."""
    remark: str
    """What was left out, and how many; empty: nothing."""


def titled(polled: Polled) -> Polled:
    """What has a text and no title goes by the beginning of its text."""
    if all(entry.title.strip() for entry in polled.entries):
        return polled
    found = (one if one.title.strip() else replace(one, title=headline(one.summary)) for one in polled.entries)
    return replace(polled, entries=tuple(found))


def sift(run: Run, via: Via, entries: Sequence[Entry], now: datetime) -> Sifted:
    """Pure; for a thread where there are many."""
    since, counted, kept = now - BACK[run.period], Counter[str](), []
    for entry in entries:
        one = replace(entry, published_at=None) if _ahead(entry.published_at, now) else entry
        if one.published_at and one.published_at < since:
            counted["older than the period"] += 1
        else:
            kept.append(one)
    if undated := sum(one.published_at is None for one in kept):
        counted["without a date, and taken last"] = undated
    others = {id(one) for one in kept if via not in _POSTS and not _own(run, one)}
    if others:
        counted["published by others, as far as names tell, and taken last"] = len(others)
    kept.sort(key=lambda one: (id(one) in others, *_newest(one.published_at)))
    return Sifted(entries=tuple(kept), remark=remarks(counted))


def remarks(counted: Mapping[str, int]) -> str:
    return "; ".join(f"{count} {what}" for what, count in counted.items())


def _ahead(at: datetime | None, now: datetime) -> bool:
    return at is not None and at > now + AHEAD


def _newest(at: datetime | None) -> tuple[bool, float]:
    return at is None, -at.timestamp() if at else 0.0


def _own(run: Run, entry: Entry) -> bool:
    """Whether the outlet itself speaks, as far as names tell."""
    if run.url:
        return domains.of(entry.url) == domains.of(run.url) or entry.publisher == urls.site(run.url)
    name = "".join(words(run.outlet))
    voice = entry.publisher or urls.site(entry.url)
    return name in {"".join(words(voice)), "".join(words(domains.registered(voice).partition(".")[0]))}


async def take(sv: Services, taken: Taken, via: Via, entries: Sequence[Entry]) -> Mapping[str, int]:
    """As many as the run lacks. Why others were left out, and how many."""
    out, left = Counter[str](), list(entries)
    until = asyncio.get_running_loop().time() + WHOLE_S
    while taken.lacks and left:
        fresh: list[Entry] = []
        while left and len(fresh) < taken.lacks:
            entry = left.pop(0)
            keys = _keys(via, entry.url, entry.title, entry.identity)
            if taken.seen & keys:
                out["twice"] += 1
                continue
            taken.seen |= keys
            fresh.append(entry)
        for entry, reading in zip(fresh, await _readings(sv, via, fresh, until), strict=True):
            dated = entry.published_at or (reading.published_at if reading else None)
            if dated and dated < taken.now - BACK[taken.run.period]:
                out["older than the period by its page"] += 1  # its source did not date it
                continue
            other = urls.identity(reading.canonical_url) if reading and reading.canonical_url else ""
            if other and other != urls.identity(entry.url) and other in taken.seen:
                out["twice"] += 1
                continue
            taken.seen |= {other} - {""}
            taken.entries.append((via, replace(entry, published_at=dated), reading))
    return out


def _keys(via: Via, url: str, title: str, identity: str) -> set[str]:
    """By what two are one: the address, and, of articles, the title's words. A post that is sent again is another."""
    keys = {identity or urls.identity(url)}
    if via not in _POSTS and (told := words(title)):
        keys.add("title:" + " ".join(told))
    return keys - {""}


async def _readings(sv: Services, via: Via, entries: Sequence[Entry], until: float) -> list[Reading | None]:
    """None: it was not tried, or not in time."""
    pages = sv.outside.pages
    if pages is None or via in _WHOLE:
        return [None] * len(entries)
    found: list[Reading | None] = [None] * len(entries)
    everywhere, houses = asyncio.Semaphore(AT_ONCE), defaultdict[str, asyncio.Semaphore](_one_house)

    async def look(at: int, entry: Entry) -> None:
        async with houses[domains.of(entry.url)], everywhere:
            found[at] = await pages.read(entry.url, language=entry.language)

    try:
        async with asyncio.timeout_at(until), asyncio.TaskGroup() as group:
            for at, entry in enumerate(entries):
                if not entry.identity:  # an aggregator's address leads to no article
                    group.create_task(look(at, entry))
    except TimeoutError:
        pass  # what was read is kept
    return found


def _one_house() -> asyncio.Semaphore:
    return asyncio.Semaphore(AT_ONE_HOUSE)


def items(taken: Taken, fetched_at: datetime) -> tuple[RunItem, ...]:
    """Numbered, the newest first, those without a date last. Pure; for a thread."""
    ordered = sorted(taken.entries, key=lambda one: _newest(one[1].published_at))
    return tuple(
        _item(number, via, entry, reading, fetched_at) for number, (via, entry, reading) in enumerate(ordered, 1)
    )


def _item(number: int, via: Via, entry: Entry, reading: Reading | None, fetched_at: datetime) -> RunItem:
    read = reading.text if reading else ""
    text = unhidden(read or entry.summary)[:TEXT_LIMIT].strip()
    title = line(entry.title or (reading.title if reading else ""), TITLE_LIMIT)
    if via in _POSTS:
        grain = Grain.POST
    elif text:
        grain = Grain.ARTICLE if read or via is Via.SAMPLE else Grain.SUMMARY
    else:
        grain = Grain.TITLE
    return RunItem(
        number=number,
        via=via,
        url=entry.url,
        title=title,
        text=text,
        grain=grain,
        text_state=str(reading.state) if reading else "",
        sha256=hashlib.sha256(f"{title}\n{text}".encode()).digest(),
        publisher=entry.publisher or urls.site(entry.url),
        author=entry.author,
        language=(reading.language if reading else "") or entry.language,
        published_at=entry.published_at,
        fetched_at=fetched_at,
        facts=entry.facts,
        sample=via is Via.SAMPLE,
    )
