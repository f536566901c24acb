"""Which entries of a poll can be stored. What is wrong with one is named; it takes none of the good ones along."""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from cid.domain.llm import Json
from cid.domain.news import Entry, Polled
from cid.text import dates, languages, urls
from cid.text.clean import SUMMARY_LIMIT, TITLE_LIMIT, clean, line

KEY_LIMIT = 500
AUTHOR_LIMIT = 200
VIA_LIMIT = 200
HEAD_LIMIT = 2000
"""Characters of what a source says of itself."""
NAMED = 3
"""So many are named for each reason; the others are counted."""

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""What Postgres refuses, and the controls that nobody reads."""
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
"""As JSON escapes it; a backslash before it would make it plain text."""


def sound(polled: Polled, limit: int) -> Polled:
    """What of it can be stored: one entry for each article, the first, and no more than `limit`.

    Takes some 60 microseconds an entry: of many, in a thread.
    """
    polled = _head(polled)
    if not polled.entries:
        return polled
    flaws: defaultdict[str, list[str]] = defaultdict(list)
    kept: dict[str, Entry] = {}
    for entry in polled.entries:
        fit = _fit(entry, flaws)
        name = fit.identity or urls.identity(fit.url)
        if fit.url and fit.title.strip() and kept.setdefault(name, fit) is not fit:
            flaws["at the address of another"].append(kept[name].title)
    remarks = [polled.detail] if polled.detail else []
    remarks += [f"{len(shown)} {flaw} ({_listed(shown)})" for flaw, shown in flaws.items()]
    if len(kept) > limit:
        remarks.append(f"only {limit} of {len(kept)} entries were taken")
    return replace(polled, entries=tuple(kept.values())[:limit], detail="; ".join(remarks))


def _head(polled: Polled) -> Polled:
    """What a source says of itself, as it can be stored: one character that cannot would lose the whole poll."""
    bad: dict[str, str | None] = {}
    for name in ("title", "publisher", "detail"):
        text = getattr(polled, name)
        if _FORBIDDEN.search(text) or len(text) > HEAD_LIMIT:
            bad[name] = line(clean(text), HEAD_LIMIT)
    for name in ("site", "moved_to", "etag", "last_modified"):
        text = getattr(polled, name)
        if _FORBIDDEN.search(text) or len(text) > urls.LIMIT:
            bad[name] = ""  # mended it would be another one
    if polled.cursor and _FORBIDDEN.search(polled.cursor):
        bad["cursor"] = None
    return replace(polled, **bad) if bad else polled  # type: ignore[arg-type]


def _listed(shown: Sequence[str]) -> str:
    more = f" and {len(shown) - NAMED} more" if len(shown) > NAMED else ""
    return ", ".join(f"“{_shown(text)}”" for text in shown[:NAMED]) + more


def _shown(text: str) -> str:
    return "".join(letter for letter in text[:40] if letter.isprintable())


def _fit(entry: Entry, flaws: Mapping[str, list[str]]) -> Entry:
    """As it is stored, with its flaws noted. Without address or title it is not."""
    named = entry.title.strip() or entry.url or entry.key
    if any(map(_FORBIDDEN.search, _texts(entry))) or _forbidden(entry.facts):
        flaws["that held what no text may hold"].append(named)
        entry = _cleaned(entry)
    if entry.facts and not _storable(entry.facts):
        flaws["whose facts no column holds"].append(named)
        entry = replace(entry, facts={})
    if entry.language and not languages.tag(entry.language):
        flaws["whose language is no language tag"].append(named)
        entry = replace(entry, language="")
    if entry.published_at and not _possible(entry.published_at):
        flaws["whose date cannot be"].append(named)
        entry = replace(entry, published_at=None)
    url, long = urls.canonical(entry.url), _long(entry)
    if not url:
        flaws["without a usable address"].append(named)
    elif not entry.title.strip():
        flaws["without a title"].append(named)
    return replace(entry, url=url, **long) if long or url != entry.url else entry  # type: ignore[arg-type]


def _storable(facts: Mapping[str, object]) -> bool:
    """Whether jsonb takes it: no NUL, no half of a pair, no NaN, nothing endlessly nested."""
    try:
        spelled = json.dumps(facts, allow_nan=False, ensure_ascii=False)
        spelled.encode()  # half of a pair has no bytes
    except (ValueError, TypeError, RecursionError):
        return False
    return not _NUL.search(spelled)


def _texts(entry: Entry) -> tuple[str, ...]:
    what = (entry.title, entry.summary, entry.author, entry.publisher)
    return (*what, entry.key, entry.identity, entry.link, entry.via)


def _cleaned(entry: Entry) -> Entry:
    title, summary, author, publisher, key, identity, link, via = map(clean, _texts(entry))
    return replace(
        entry,
        title=title,
        summary=summary,
        author=author,
        publisher=publisher,
        key=key,
        identity=identity,
        link=link,
        via=via,
        facts=_plain(entry.facts),
    )


def _forbidden(fact: Json) -> bool:
    if isinstance(fact, str):
        return _FORBIDDEN.search(fact) is not None
    if isinstance(fact, Mapping):
        return any(_forbidden(name) or _forbidden(value) for name, value in fact.items())
    return isinstance(fact, list | tuple) and any(map(_forbidden, fact))


def _plain(fact: Json) -> Json:
    if isinstance(fact, str):
        return clean(fact) if _FORBIDDEN.search(fact) else fact
    if isinstance(fact, Mapping):
        return {_plain(name): _plain(value) for name, value in fact.items()}
    return [_plain(value) for value in fact] if isinstance(fact, list | tuple) else fact


def _long(entry: Entry) -> dict[str, str]:
    """What is longer than it may be, made to fit."""
    limits = (("title", TITLE_LIMIT), ("summary", SUMMARY_LIMIT), ("author", AUTHOR_LIMIT), ("via", VIA_LIMIT))
    long = {name: line(text, limit) for name, limit in limits if len(text := getattr(entry, name)) > limit}
    if len(entry.key) > KEY_LIMIT:
        long["key"] = "sha256:" + hashlib.sha256(entry.key.encode()).hexdigest()
    return long | ({"link": entry.link[: urls.LIMIT]} if len(entry.link) > urls.LIMIT else {})


def _possible(moment: datetime) -> bool:
    return moment.tzinfo is not None and dates.FIRST_YEAR <= moment.year <= dates.LAST_YEAR


def newest_first(entries: Sequence[Entry]) -> list[Entry]:
    """The undated ones last, and otherwise in the order in which they came."""
    return sorted(
        entries, key=lambda entry: entry.published_at.timestamp() if entry.published_at else 0.0, reverse=True
    )
