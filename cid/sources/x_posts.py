"""What X's API v2 answers, as posts. Pure.

Fields and expansions: https://docs.x.com/x-api/fundamentals/data-dictionary. Only `id` and `text` come unasked; the
full text of a long post is in `note_tweet`; whom a post passes on is known by expanding `referenced_tweets`.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cid.domain.llm import Json
from cid.domain.posts import Amplified, How, Post
from cid.domain.run import Profile
from cid.sources.shapes import counts, mapping, number, rows, text
from cid.text import dates
from cid.text.clean import SUMMARY_LIMIT, TITLE_LIMIT, line

FIELDS = "created_at,public_metrics,lang,entities,referenced_tweets,conversation_id,note_tweet,author_id,attachments"
USER_FIELDS = "created_at,description,public_metrics,verified"
"""Of the account that is read: https://docs.x.com/x-api/users/lookup-by-username"""
_HOW = {"retweeted": How.REPOST, "quoted": How.QUOTE, "replied_to": How.REPLY}
_COUNTS = {
    "like_count": "likes",
    "retweet_count": "reposts",
    "reply_count": "replies",
    "quote_count": "quotes",
    "bookmark_count": "bookmarks",
    "impression_count": "views",
}
_PROFILE = {"followers_count": "followers", "following_count": "following", "tweet_count": "posts"}
_NO_LANGUAGE = frozenset({"und", "qam", "qct", "qht", "qme", "qst", "zxx", "art"})
_FORMER = {"in": "id", "iw": "he", "ji": "yi"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """All pages of one read together."""

    posts: Sequence[Mapping[str, Json]]
    """Of the timeline or the search, the newest first."""
    others: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    """Posts that these refer to, by id."""
    users: Mapping[str, str] = field(default_factory=dict)
    """User id → handle."""
    errors: Sequence[str] = ()
    """What X could not give of what was asked."""

    @property
    def newest(self) -> str:
        return max((text(post.get("id")) for post in self.posts), key=snowflake, default="")

    @property
    def units(self) -> dict[str, int]:
        """What is charged: each post and user that came, once."""
        posts = {text(post.get("id")) for post in self.posts} | set(self.others)
        return {name: count for name, count in (("post", len(posts)), ("user", len(self.users))) if count}


def told(bodies: Sequence[Json]) -> Told:
    """`bodies` are answers of the timeline, the search and the user lookup, in any order."""
    posts: dict[str, Mapping[str, Json]] = {}
    others: dict[str, Mapping[str, Json]] = {}
    users: dict[str, str] = {}
    errors: list[str] = []
    for body in map(mapping, bodies):
        data, includes = body.get("data"), mapping(body.get("includes"))
        for post in rows(data):
            posts.setdefault(text(post.get("id")), post)
        for other in rows(includes.get("tweets")):
            others.setdefault(text(other.get("id")), other)
        for user in [*rows(includes.get("users")), *([data] if isinstance(data, dict) else [])]:
            users.setdefault(text(user.get("id")), text(user.get("username")))
        errors += [problem(error) for error in rows(body.get("errors"))]
    posts.pop("", None)
    return Told(
        posts=list(posts.values()),
        others={id_: other for id_, other in others.items() if id_ and id_ not in posts},
        users={id_: handle for id_, handle in users.items() if id_},
        errors=errors,
    )


def profile(bodies: Sequence[Json], handle: str) -> Profile | None:
    """Of the lookup's answer; None: nobody looked it up this time, or X told nothing."""
    for body in map(mapping, bodies):
        user = mapping(body.get("data"))
        if text(user.get("username")).lower() == handle.lower():
            numbers = counts(user.get("public_metrics"), _PROFILE)
            verified = user.get("verified")
            return Profile(
                handle=handle,
                name=line(text(user.get("name")), TITLE_LIMIT),
                bio=line(text(user.get("description")), SUMMARY_LIMIT),
                followers=numbers.get("followers"),
                following=numbers.get("following"),
                posts=numbers.get("posts"),
                created_at=dates.parse(text(user.get("created_at"))),
                verified=verified if isinstance(verified, bool) else None,
            )
    return None


def problem(error: Mapping[str, Json]) -> str:
    return line(text(error.get("title")) or text(error.get("message")) or "an error without a name", 120)


def snowflake(id_: str) -> int:
    return number(id_) or int(id_ or 0) if id_.isascii() and id_.isdigit() and len(id_) <= 20 else 0


def posts(found: Told, handle: str = "") -> list[Post]:
    """`handle` is whose timeline it is; empty: of whoever each post says."""
    return [_post(one, found, handle) for one in found.posts]


def _post(raw: Mapping[str, Json], found: Told, handle: str) -> Post:
    id_ = text(raw.get("id"))
    author = handle or found.users.get(text(raw.get("author_id")), "")
    references = [reference for reference in rows(raw.get("referenced_tweets")) if reference.get("type") in _HOW]
    return Post(
        platform="x",
        id=id_,
        url=address(author, id_),
        text=_said(raw, references, found),
        at=dates.parse(text(raw.get("created_at"))),
        author=f"@{author}" if author else "",
        language=_language(text(raw.get("lang"))),
        engagement=counts(raw.get("public_metrics"), _COUNTS),
        amplifies=[_amplified(reference, found) for reference in references],
        media=_media(raw),
        links=_links(raw),
    )


def address(handle: str, id_: str) -> str:
    """Where X shows a post; without a name it leads there too."""
    return f"https://x.com/{handle or 'i'}/status/{id_}"


def _said(raw: Mapping[str, Json], references: Sequence[Mapping[str, Json]], found: Told) -> str:
    """A repost is cut by X: what it repeats is taken from the original, where that came along."""
    own = _whole(raw)
    for reference in references:
        original = found.others.get(text(reference.get("id")))
        if reference.get("type") == "retweeted" and original:
            head, mark, _ = own.partition(": ")
            return f"{head}{mark}{_whole(original)}" if head.startswith("RT @") else _whole(original)
    return own


def _whole(raw: Mapping[str, Json]) -> str:
    """Long posts whole; shortened addresses as what they stand for; escapes of HTML undone."""
    note = mapping(raw.get("note_tweet"))
    said, entities = text(note.get("text")), note.get("entities")
    if not said:
        said, entities = text(raw.get("text")), raw.get("entities")
    for link in rows(mapping(entities).get("urls")):
        short, long = text(link.get("url")), text(link.get("expanded_url"))
        if short and long:
            said = said.replace(short, "" if "media_key" in link else long)
    return html.unescape(said).strip()


def _links(raw: Mapping[str, Json]) -> list[str]:
    entities = [mapping(raw.get("entities")), mapping(mapping(raw.get("note_tweet")).get("entities"))]
    found = [link for one in entities for link in rows(one.get("urls")) if "media_key" not in link]
    return list(dict.fromkeys(long for link in found if (long := text(link.get("expanded_url"))[:2000])))


def _media(raw: Mapping[str, Json]) -> list[str]:
    """The API tells kinds of media only where each of them is paid for."""
    attachments = mapping(raw.get("attachments"))
    return [*(["media"] if attachments.get("media_keys") else []), *(["poll"] if attachments.get("poll_ids") else [])]


def _amplified(reference: Mapping[str, Json], found: Told) -> Amplified:
    id_ = text(reference.get("id"))
    original = found.others.get(id_) or next((post for post in found.posts if post.get("id") == id_), {})
    who = found.users.get(text(original.get("author_id")), "")
    return Amplified(how=_HOW[reference["type"]], who=f"@{who}" if who else "", url=address(who, id_) if id_ else "")


def _language(tag: str) -> str:
    tag = tag.lower()
    return "" if tag in _NO_LANGUAGE or not tag.isascii() or len(tag) > 10 else _FORMER.get(tag, tag)
