"""What a feed says about how often to ask it, and where it will be.

RSS 2.0: `ttl`, `skipHours`, `skipDays`. RSS 1.0 module Syndication: `sy:updatePeriod` over `sy:updateFrequency`, which
real feeds also write as fractions and misspell. Podcasts: `itunes:new-feed-url`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from lxml import etree

from cid.domain.llm import Json

Element = etree._Element  # noqa: SLF001 - lxml names its element type nowhere else
LONGEST_S = 365 * 86_400
_PERIODS = {
    "hourly": 3600,
    "always": 3600,
    "daily": 86_400,
    "dayly": 86_400,
    "weekly": 7 * 86_400,
    "monthly": 30 * 86_400,
    "yearly": 365 * 86_400,
}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NAMES = frozenset({"ttl", "skiphours", "skipdays", "updateperiod", "updatefrequency", "new-feed-url"})


def read(channel: Element) -> dict[str, Json]:
    """{"ttl_s", "update_s", "skip_hours", "skip_days", "moved_to"}, each only where the feed says something usable."""
    found: dict[str, Element] = {}
    for child in channel:
        name = _name(child)
        if name in _NAMES:
            found.setdefault(name, child)
    if not found:
        return {}
    told: dict[str, Json] = {
        "ttl_s": _ttl(_text(found.get("ttl"))),
        "update_s": _update(_text(found.get("updateperiod")), _text(found.get("updatefrequency"))),
        "skip_hours": sorted({hour % 24 for hour in _numbers(found.get("skiphours")) if hour <= 24}),
        "skip_days": sorted({_DAYS.index(day) for day in _words(found.get("skipdays")) if day in _DAYS}),
        "moved_to": _text(found.get("new-feed-url"))[:2000],
    }
    return {name: value for name, value in told.items() if value}


def _ttl(text: str) -> int | None:
    """Minutes."""
    minutes = _number(text)
    return int(min(minutes * 60, LONGEST_S)) if minutes else None


def _update(period: str, frequency: str) -> int | None:
    """A period without a known name says nothing; a frequency that is none counts as one."""
    seconds = _PERIODS.get(period.lower())
    return int(min(seconds / (_number(frequency) or 1.0), LONGEST_S)) if seconds else None


def _number(text: str) -> float | None:
    """Finite and more than zero."""
    try:
        value = float(text[:20])
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None


def _numbers(parent: Element | None) -> list[int]:
    return [int(word) for word in _words(parent) if word.isascii() and word.isdecimal() and len(word) <= 2]


def _words(parent: Element | None) -> Iterable[str]:
    return [] if parent is None else [_text(child).lower() for child in parent]


def _text(element: Element | None) -> str:
    return "" if element is None else "".join(str(part) for part in element.itertext()).strip()


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else ""  # type: ignore[redundant-expr]
