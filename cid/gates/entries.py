"""Which entries of a poll can be stored. A bad one is named and left out; it takes none of the good ones along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cid.domain.news import Entry, Polled

URL_LIMIT = 2000
NAMED = 3
"""So many are named; the others are counted."""


def sound(polled: Polled, limit: int) -> Polled:
    """What of it can be stored: one entry for each article, the first, and no more than `limit`."""
    if not polled.entries:
        return polled
    kept: dict[str, Entry] = {}
    flaws: list[str] = []
    for entry in polled.entries:
        flaw = _flaw(entry)
        if flaw:
            flaws.append(f"{flaw} (“{_shown(entry.title or entry.url or entry.key)}”)")
        else:
            kept.setdefault(entry.identity or entry.url, entry)
    remarks = [polled.detail] if polled.detail else []
    if flaws:
        more = f" and {len(flaws) - NAMED} more" if len(flaws) > NAMED else ""
        remarks.append("left out: " + ", ".join(flaws[:NAMED]) + more)
    if len(kept) > limit:
        remarks.append(f"only {limit} of {len(kept)} entries were taken")
    return replace(polled, entries=tuple(kept.values())[:limit], detail="; ".join(remarks))


def _flaw(entry: Entry) -> str:
    """What Postgres or people could make nothing of; empty: it is sound."""
    told = (entry.key, entry.url, entry.title, entry.summary, entry.author)
    texts = (*told, entry.language, entry.via, entry.publisher, entry.identity)
    if any("\0" in text for text in texts):
        return "a NUL character"
    if not all(_is_text(text) for text in texts):
        return "half a character"
    if not entry.url or len(entry.url) > URL_LIMIT:
        return "no usable address"
    return "" if entry.title.strip() else "no title"


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(text: str) -> str:
    return "".join(letter for letter in text[:40] if letter.isprintable())


def newest_first(entries: Sequence[Entry]) -> list[Entry]:
    """The undated ones last, and otherwise in the order in which they came."""
    return sorted(
        entries, key=lambda entry: entry.published_at.timestamp() if entry.published_at else 0.0, reverse=True
    )
