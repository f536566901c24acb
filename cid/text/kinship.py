"""Whether two feeds are of one house, by their addresses and names."""

from __future__ import annotations

from cid.domain.health import Failing, Kinship
from cid.text.urls import site
from cid.text.words import words

_COMMON = frozenset({"the", "news", "feed", "rss", "atom", "latest", "all", "posts", "blog", "of", "and"})
_ALIKE = 0.6
"""Words that both titles have, of those that either has."""


def kinship(failing: Failing, url: str, title: str, home: str) -> Kinship:
    """Of a candidate at `url`, which calls itself `title` and `home` its home page, with what it would replace."""
    hosts = [host for host in (site(failing.url), site(failing.site)) if host]
    if any(_within(site(url), host) for host in hosts):
        return Kinship.HOST
    if alike(failing.title, title) >= _ALIKE:
        return Kinship.TITLE
    if home and any(_within(site(home), host) for host in [*hosts, failing.publisher] if host):
        return Kinship.PUBLISHER
    return Kinship.NONE


def alike(one: str, other: str) -> float:
    """0 to 1. Words that every feed's title has count for nothing."""
    mine, theirs = set(words(one)) - _COMMON, set(words(other)) - _COMMON
    return len(mine & theirs) / len(mine | theirs) if mine and theirs else 0.0


def _within(host: str, other: str) -> bool:
    """One of the two is the other, or lies below it."""
    return bool(host) and (host == other or host.endswith("." + other) or other.endswith("." + host))
