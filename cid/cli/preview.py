"""What a source would bring, as `cid sources test` prints it for scripts."""

from __future__ import annotations

from typing import Any

from cid.domain.news import Entry, Polled
from cid.gates.entries import sound
from cid.text import urls


def shape(polled: Polled) -> dict[str, Any]:
    """`entries` are all that the source reports, in its order; what could not be stored of them is in `detail`."""
    return {
        "outcome": polled.outcome,
        "cause": polled.cause,
        "detail": sound(polled, len(polled.entries)).detail,
        "title": polled.title,
        "site": polled.site or None,
        "publisher": polled.publisher,
        "moved_to": polled.moved_to or None,
        "retry_after_s": polled.retry_after_s,
        "entries": [_entry(entry) for entry in polled.entries],
    }


def _entry(entry: Entry) -> dict[str, Any]:
    """`url` as the source spells it, made absolute; `canonical` is equal for all spellings of one article."""
    return {
        "id": entry.key,
        "title": entry.title,
        "url": entry.link or entry.url or None,
        "canonical": urls.identity(entry.url) or None,
        "published": entry.published_at.isoformat() if entry.published_at else None,
        "author": entry.author,
        "summary": entry.summary,
        "language": entry.language or None,
    }
