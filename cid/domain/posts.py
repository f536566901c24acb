"""What platforms say about a post, spelled alike for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from cid.domain.llm import Json

LINKS = 20
"""Of a post, at most so many are kept."""


class How(StrEnum):
    """In which way a post passes on another one."""

    REPOST = "repost"
    QUOTE = "quote"
    REPLY = "reply"
    FORWARD = "forward"


@dataclass(frozen=True, slots=True, kw_only=True)
class Amplified:
    """Another post that this one passes on. Empty: the platform does not say."""

    how: How
    who: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One post, of whatever platform."""

    platform: str
    id: str
    url: str
    """Canonical: where people read it."""
    text: str
    """Lines as they are; without markup."""
    at: datetime | None = None
    author: str = ""
    language: str = ""
    engagement: Mapping[str, int] = field(default_factory=dict)
    """likes, reposts, replies, quotes, bookmarks, views, reactions: those that the platform tells."""
    amplifies: Sequence[Amplified] = ()
    media: Sequence[str] = ()
    """photo, video, poll, document, voice, sticker, location …"""
    links: Sequence[str] = ()
    edited: bool = False


def facts(post: Post) -> dict[str, Json]:
    """For `Entry.facts` and `sightings.facts`: what is not said is left out."""
    amplified = [
        {"how": str(one.how), **({"who": one.who} if one.who else {}), **({"url": one.url} if one.url else {})}
        for one in post.amplifies
    ]
    told: dict[str, Json] = {
        "platform": post.platform,
        "id": post.id,
        "engagement": dict(post.engagement),
        "amplifies": amplified,
        "media": list(post.media),
        "links": list(post.links)[:LINKS],
        "edited": post.edited,
    }
    return {name: value for name, value in told.items() if value}
