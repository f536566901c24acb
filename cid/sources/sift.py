"""What a source reported → what can be stored of it. Every row that is left out or changed is counted by its reason."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cid.domain.news import Entry
from cid.text import dates, languages, urls
from cid.text.clean import SUMMARY_LIMIT, TITLE_LIMIT, clean, line

KEY_LIMIT = 500
AUTHOR_LIMIT = 200
VIA_LIMIT = 200

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""What Postgres refuses, and the controls that nobody reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sifted:
    entries: tuple[Entry, ...]
    """One per article, in their order."""
    remarks: tuple[str, ...]


def sift(reported: Sequence[Entry]) -> Sifted:
    """Some 50 microseconds an entry: of many, in a thread."""
    counts: Counter[str] = Counter()
    kept: dict[str, Entry] = {}
    for entry in reported:
        fit = _fit(entry, counts)
        if not fit.url:
            counts["without an address"] += 1
        elif not fit.title.strip():
            counts["without a title"] += 1
        elif (identity := urls.identity(fit.url)) in kept:
            counts["at the address of another"] += 1
        else:
            kept[identity] = fit
    return Sifted(entries=tuple(kept.values()), remarks=tuple(f"{count} {what}" for what, count in counts.items()))


def _fit(entry: Entry, counts: Counter[str]) -> Entry:
    if _FORBIDDEN.search(f"{entry.title}{entry.summary}{entry.author}{entry.key}{entry.link}{entry.via}"):
        counts["that held what no text may hold"] += 1
        entry = _cleaned(entry)
    if entry.language and not languages.tag(entry.language):
        counts["whose language is no language tag"] += 1
        entry = replace(entry, language="")
    if entry.published_at and not _possible(entry.published_at):
        counts["whose date cannot be"] += 1
        entry = replace(entry, published_at=None)
    url, long = urls.canonical(entry.url), _long(entry)
    return replace(entry, url=url, **long) if long or url != entry.url else entry  # type: ignore[arg-type]


def _long(entry: Entry) -> dict[str, str]:
    """What is longer than it may be, made to fit."""
    limits = (("title", TITLE_LIMIT), ("summary", SUMMARY_LIMIT), ("author", AUTHOR_LIMIT), ("via", VIA_LIMIT))
    long = {name: line(text, limit) for name, limit in limits if len(text := getattr(entry, name)) > limit}
    if len(entry.key) > KEY_LIMIT:
        long["key"] = "sha256:" + hashlib.sha256(entry.key.encode()).hexdigest()
    return long | ({"link": entry.link[: urls.LIMIT]} if len(entry.link) > urls.LIMIT else {})


def _cleaned(entry: Entry) -> Entry:
    return replace(
        entry,
        title=clean(entry.title),
        summary=clean(entry.summary),
        author=clean(entry.author),
        key=clean(entry.key),
        link=clean(entry.link),
        via=clean(entry.via),
    )


def _possible(moment: datetime) -> bool:
    return moment.tzinfo is not None and dates.FIRST_YEAR <= moment.year <= dates.LAST_YEAR
