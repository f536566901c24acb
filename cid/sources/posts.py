"""Posts of platforms as entries."""

from __future__ import annotations

from cid.domain.llm import Json
from cid.domain.news import Entry
from cid.domain.posts import Post, facts
from cid.text import urls
from cid.text.clean import SUMMARY_LIMIT, TITLE_LIMIT, clean, line
from cid.text.posts import headline


def entry(post: Post) -> Entry | None:
    """None: it has no words, or no address of its own. Nothing is made up for a picture without a caption."""
    title, url = headline(post.text), urls.canonical(post.url)
    if not title or not url:
        return None
    return Entry(
        key=f"{post.platform}:{post.id}",
        url=url,
        title=title,
        summary=line(post.text, SUMMARY_LIMIT),
        author=line(post.author, TITLE_LIMIT),
        published_at=post.at,
        language=post.language,
        facts=_storable(facts(post)),
    )


def _storable(value: Json) -> Json:
    """Without what no column holds, in texts of whatever depth."""
    if isinstance(value, dict):
        return {name: _storable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_storable(inner) for inner in value]
    return clean(value) if isinstance(value, str) else value


def entries(posts: list[Post]) -> tuple[tuple[Entry, ...], str]:
    """And a remark on those that are left out; empty: none is."""
    found = [one for post in posts if (one := entry(post))]
    left = len(posts) - len(found)
    return tuple(found), f"posts without words: {left}" if left else ""
