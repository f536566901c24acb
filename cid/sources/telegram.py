"""Public Telegram channels by their preview page: no key, about 20 posts a page, the newest last."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cid.domain.errors import Refused
from cid.domain.llm import Json
from cid.domain.news import Cause, Polled, PollOutcome, Source
from cid.domain.outside import ChildFailure, HttpFailure
from cid.domain.posts import Amplified, How, Post
from cid.domain.run import Profile
from cid.sources import answers
from cid.sources.accounts import Telegram as Wanted
from cid.sources.options import read
from cid.sources.posts import entries
from cid.text import dates
from cid.text.clean import SUMMARY_LIMIT, TITLE_LIMIT, clean, line

if TYPE_CHECKING:
    from cid.ports import Children, Clock, Http

PLACE = "https://t.me"
PAGES = 5
"""Of one poll, at most."""
MAX_BYTES = 3_000_000
TIMEOUT_S = 20.0
PARSE_S = 5.0


@dataclass(kw_only=True)
class Pages:
    """What one poll got so far."""

    title: str = ""
    profile: Profile | None = None
    posts: list[Json] = field(default_factory=list)
    failure: Polled | None = None
    reached: bool = False
    """The last post that is stored was met, or the beginning of the channel."""


class TelegramReader:
    """Satisfies `ports.SourceReader`. Raises Stopping."""

    def __init__(self, http: Http, children: Children, clock: Clock, *, place: str = PLACE) -> None:
        self._http = http
        self._children = children
        self._clock = clock
        self._place = place.rstrip("/")

    async def poll(self, source: Source) -> Polled:
        try:
            name = read(Wanted, source.config).channel
        except Refused as refusal:
            return answers.config(refusal.public)
        seen = int(source.cursor) if source.cursor.isascii() and source.cursor.isdigit() else 0
        pages = await self._pages(name, seen)
        if pages.failure and not pages.posts:
            return pages.failure
        newest = max(pages.posts, key=lambda post: int(post["id"]))
        if newest["id"] < seen and _later(newest, source):
            seen = 0  # another channel has the name now: it counts from one again
        return _polled(name, seen, pages)

    async def _pages(self, name: str, seen: int) -> Pages:
        pages, before = Pages(), ""
        for number in range(PAGES):
            page = await self._page(f"{self._place}/s/{name}{before}")
            if isinstance(page, Polled):
                pages.failure = page
                return pages
            if not page["posts"]:
                pages.reached = number > 0
                pages.failure = None if number else _alarm(page)
                return pages
            pages.title = pages.title or page["title"]
            pages.profile = pages.profile or _profile(name, page)
            pages.posts += page["posts"]
            oldest = min(post["id"] for post in page["posts"])
            pages.reached = oldest <= seen + 1 or page["before"] is None
            if not seen or pages.reached:
                return pages
            before = f"?before={oldest}"
        return pages

    async def _page(self, url: str) -> Json | Polled:
        try:
            answer = await self._http.request("GET", url, max_bytes=MAX_BYTES, timeout_s=TIMEOUT_S)
        except HttpFailure as failure:
            return answers.failed(failure)
        if answer.status != 200:
            return answers.refused(answer, self._clock.now())
        if "/s/" not in urlsplit(answer.url).path:
            return answers.config(
                "Telegram shows no posts of it to the public: it is private, a group, a person, or not there."
            )
        value = {"body": b64encode(answer.body).decode(), "content_type": answer.headers.get("content-type", "")}
        try:
            return await self._children.call("parse_telegram", value, timeout_s=PARSE_S)
        except ChildFailure:
            detail = "The page could not be read within its limits."
            return Polled(outcome=PollOutcome.BROKEN, cause=Cause.PARSE_ERROR, detail=detail)


def _alarm(page: Json) -> Polled:
    detail = (
        "The channel's page shows no post that we can read: it is empty, or Telegram changed the page."
        if page["info"]
        else "What Telegram answers is no channel's page as we know it: it changed the page."
    )
    return Polled(outcome=PollOutcome.BROKEN, cause=Cause.ALARM, detail=detail)


def _later(newest: Json, source: Source) -> bool:
    at = dates.parse(newest.get("at", ""))
    return at is not None and source.polled_at is not None and at > source.polled_at


def _polled(name: str, seen: int, pages: Pages) -> Polled:
    new = {post["id"]: post for post in pages.posts if post["id"] > seen}
    posts = [_post(post) for _, post in sorted(new.items(), reverse=True) if not post["service"]]
    stored, remark = entries(posts)
    remarks = [remark]
    cursor: str | None = str(max([seen, *new]))
    if pages.failure:
        remarks.append(f"older pages could not be read: {pages.failure.detail}")
        cursor = None  # the next poll comes by here again
    elif seen and not pages.reached:
        remarks.append(f"more than {PAGES} pages of new posts: the older ones were not read")
    return Polled(
        outcome=PollOutcome.NEW if stored else PollOutcome.NOT_MODIFIED,
        cause=Cause.NEW if stored else Cause.NOTHING_NEW,
        detail="; ".join(filter(None, remarks)),
        entries=stored,
        title=line(pages.title, TITLE_LIMIT) or f"@{name} on Telegram",
        publisher=f"t.me/{name.lower()}",
        site=f"https://t.me/{name}",
        cursor=cursor,
        profile=pages.profile,
    )


def _profile(name: str, page: Json) -> Profile:
    counters = page["counters"]
    return Profile(
        handle=name,
        name=line(page["title"], TITLE_LIMIT),
        bio=line(page["bio"], SUMMARY_LIMIT),
        followers=counters.get("subscribers", counters.get("subscriber")),
        verified=page["verified"],
        facts={"counters": counters},
    )


def _post(told: Json) -> Post:
    amplifies = [
        Amplified(how=how, who=clean(one["who"]), url=one["url"] if one["url"].startswith("https://") else "")
        for how, one in ((How.FORWARD, told["forwarded"]), (How.REPLY, told["reply"]))
        if one
    ]
    engagement = {name: told[name] for name in ("views", "reactions") if told[name]}
    return Post(
        platform="telegram",
        id=f"{told['channel']}/{told['id']}",
        url=f"https://t.me/{told['channel']}/{told['id']}",
        text=told["text"],
        at=dates.parse(told["at"] or ""),
        author=told["author"] or f"@{told['channel']}",
        engagement=engagement,
        amplifies=amplifies,
        media=told["media"],
        links=[link[:2000] for link in told["links"]],
        edited=told["edited"],
    )
