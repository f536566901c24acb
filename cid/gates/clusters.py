"""Internal links: which of a tenant's own published articles belong to the topic of a story."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from urllib.parse import urlsplit

from cid.domain.clusters import Post
from cid.domain.draft import Reference
from cid.domain.evidence import Pack
from cid.text.prose import significant
from cid.text.words import first_found, phrases, words

KEYWORD = 3
"""What a shared keyword is worth in shared words."""
NEAR = 3
"""Worth from which on two articles are of one topic."""


def related(posts: Sequence[Post], told: str, *, most: int) -> tuple[Reference, ...]:
    """The nearest first; of equals the newer. `told`: what the story's headline and claims say."""
    text, terms = words(told), significant(told)
    worth = {
        post.url: KEYWORD * sum(first_found([phrase], text) is not None for phrase in phrases(post.keywords))
        + len(terms & significant(post.title))
        for post in posts
        if urlsplit(post.url).scheme in {"http", "https"}
    }
    near = [post for post in posts if worth.get(post.url, 0) >= NEAR]
    near.sort(key=lambda post: (-worth[post.url], -post.live_at.timestamp(), post.url))
    by_url = {post.url: Reference(title=post.title, url=post.url) for post in near}
    return tuple(by_url.values())[:most]


def allowed_addresses(pack: Pack, internal: Collection[str]) -> frozenset[str]:
    """All that a draft may link to: its evidence, and the tenant's own articles."""
    return frozenset([*(claim.url for claim in pack.claims), *(url for _, url in pack.references), *internal]) - {""}
