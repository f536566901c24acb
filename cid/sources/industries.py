"""config/default_sources.toml: feeds by industry, and which of them a tenant's line of work is."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from cid.domain.errors import Misconfigured
from cid.domain.health import Industry, ListedFeed
from cid.text import urls
from cid.text.words import first_found, phrases, words

_KEYS = frozenset(field.name for field in fields(ListedFeed))


def load_industries(path: Path) -> dict[str, Industry]:
    """Raises Misconfigured with one sentence: which entry, and what is wrong with it."""
    try:
        tables = tomllib.loads(path.read_text())
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read ({error.strerror}).") from error
    except tomllib.TOMLDecodeError as error:
        raise Misconfigured(f"{path} is not valid TOML: {error}.") from error
    return {name: _industry(f"{path.name} [{name}]", table) for name, table in tables.items()}


def feeds_for(trade: str, industries: Mapping[str, Industry]) -> list[ListedFeed]:
    """Of every industry that `trade`, a tenant's own words for what it does, names; each feed once."""
    said = words(trade)
    found: dict[str, ListedFeed] = {}
    for name, industry in industries.items():
        if first_found(phrases([name, *industry.words]), said):
            found.update({feed.url: feed for feed in industry.feeds})
    return list(found.values())


def _industry(where: str, table: object) -> Industry:
    match table:
        case {"words": [*named], "feeds": [*listed], **rest} if not rest and all(isinstance(it, str) for it in named):
            return Industry(words=tuple(named), feeds=tuple(_feed(where, entry) for entry in listed))
    raise Misconfigured(f"{where} is not words and feeds, two lists.")


def _feed(where: str, entry: object) -> ListedFeed:
    if not isinstance(entry, dict) or entry.keys() != _KEYS or not all(isinstance(it, str) for it in entry.values()):
        raise Misconfigured(f"{where}: {entry!r} is not {', '.join(sorted(_KEYS))}.")
    feed = ListedFeed(**entry)
    if urls.located(feed.url) != feed.url or not urls.located(feed.site):
        raise Misconfigured(f"{where}: {feed.url} is no address as it is fetched.")
    return feed
