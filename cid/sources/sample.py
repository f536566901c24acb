"""The sample newsroom: feeds that live in a file and tell what happened as counted from the moment they were loaded.

Its items are made up, marked as sample wherever they go, and come from nowhere else: no other reader falls back on
them.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from cid.domain.errors import Misconfigured
from cid.domain.news import Entry, Polled, PollOutcome, Source
from cid.domain.tenants import Profile
from cid.domain.tracker import Tracker
from cid.ports import Clock
from cid.sources.trackers import tracker_from

SCHEME = "sample:"
SETTLED_S = 3600
"""How long a feed of which everything has arrived asks not to be polled again."""
_AGE = re.compile(r"(\d+)([smhd])")
_UNIT = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    name: str
    publisher: str
    trust: float

    @property
    def url(self) -> str:
        return SCHEME + self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One item of one feed."""

    feed: str
    title: str
    url: str
    summary: str
    age: timedelta
    """Published so long before the newsroom was loaded."""
    arrives: timedelta
    """Appears in its feed so long after it."""
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """Whom the newsroom's analysts have looked at. Its feed is a run's alone: nobody is subscribed to it."""

    name: str
    feed: str
    url: str
    country: str
    items: tuple[Story, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Newsroom:
    slug: str
    name: str
    site: str
    """Where the sample site is published; `{desk}` stands for the desk's own address."""
    profile: Profile
    feeds: tuple[Feed, ...]
    items: tuple[Story, ...]
    tracker: Tracker
    outlet: Outlet | None = None


class SampleReader:
    """Satisfies `ports.SourceReader`. A source was loaded when its row was made."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder = folder
        self.clock = clock

    @cached_property
    def newsroom(self) -> Newsroom:
        """Read once, when first wanted. Raises Misconfigured."""
        return load(self.folder / "newsroom.toml")

    @cached_property
    def publishers(self) -> Mapping[str, str]:
        """By feed."""
        room = self.newsroom
        return {feed.name: feed.publisher for feed in room.feeds} | (
            {room.outlet.feed: room.outlet.name} if room.outlet else {}
        )

    @cached_property
    def stories(self) -> tuple[Story, ...]:
        """Of feeds and of the outlet."""
        room = self.newsroom
        return (*room.items, *(room.outlet.items if room.outlet else ()))

    async def poll(self, source: Source) -> Polled:
        """What has arrived by now, all of it each time: whoever polls knows what it has already."""
        name = source.url.removeprefix(SCHEME)
        publisher = self.publishers.get(name, "")
        if not publisher:
            return Polled(outcome=PollOutcome.GONE, detail=f"the sample newsroom has no feed {name}")
        own = [story for story in self.stories if story.feed == name]
        passed = self.clock.now() - source.created_at
        arrived = [story for story in own if story.arrives <= passed]
        settled = SETTLED_S if len(arrived) == len(own) else None
        seen = hashlib.sha256("\n".join(story.url for story in arrived).encode()).digest()
        if not arrived:
            return Polled(outcome=PollOutcome.EMPTY, detail="nothing has arrived yet", retry_after_s=settled)
        if seen == source.body_sha:
            return Polled(outcome=PollOutcome.NOT_MODIFIED, body_sha=seen, retry_after_s=settled)
        return Polled(
            outcome=PollOutcome.NEW,
            entries=tuple(_entry(story, source) for story in arrived),
            title=f"{publisher} (sample)",
            publisher=publisher,
            body_sha=seen,
            retry_after_s=settled,
        )


def _entry(story: Story, source: Source) -> Entry:
    return Entry(
        key=story.url,
        url=story.url,
        title=story.title,
        summary=story.summary,
        published_at=source.created_at - story.age,
        language=story.language,
    )


def load(path: Path) -> Newsroom:
    """Raises Misconfigured."""
    try:
        value = tomllib.loads(path.read_text())
        profile: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in value["profile"].items()}
        return Newsroom(
            slug=value["tenant"]["slug"],
            name=value["tenant"]["name"],
            site=value["tenant"]["site"],
            profile=Profile(**profile),
            feeds=tuple(Feed(**feed) for feed in value["feed"]),
            items=tuple(_story(item) for item in value["item"]),
            tracker=tracker_from(value["tracker"], path),
            outlet=_outlet(value["outlet"]) if "outlet" in value else None,
        )
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise Misconfigured(f"The sample newsroom {path} cannot be read ({error!r}): put it back.") from error


def _outlet(value: Mapping[str, Any]) -> Outlet:
    """Its articles have all arrived before anybody asks, by whichever clock."""
    items = tuple(
        _story({**item, "feed": value["feed"], "summary": item["text"], "arrives": -86_400}) for item in value["item"]
    )
    return Outlet(name=value["name"], feed=value["feed"], url=value["url"], country=value["country"], items=items)


def _story(item: Mapping[str, Any]) -> Story:
    texts = {key: " ".join(item[key].split()) for key in ("feed", "title", "url", "summary")}
    return Story(
        **texts,
        age=_span(item["age"]),
        arrives=timedelta(seconds=item["arrives"]),
        language=item.get("language", ""),
    )


def _span(text: str) -> timedelta:
    match = _AGE.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is no span of time like 25m, 7h or 5d")
    return timedelta(**{_UNIT[match[2]]: int(match[1])})
