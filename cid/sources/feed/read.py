"""One feed of any kind → its entries, in the feed's own order."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cid.domain.llm import Json
from cid.sources.feed import decode, jsonfeed, memory, xml
from cid.sources.feed.raw import RawEntry, RawFeed, Unreadable
from cid.text import dates, languages, urls
from cid.text.clean import SUMMARY_LIMIT, TITLE_LIMIT, clean, line, shorten
from cid.text.html import plain
from cid.text.words import words

ENTRY_LIMIT = 2000
KEY_LIMIT = 500
AUTHOR_LIMIT = 200
TELLING_WORDS = 3
"""A shorter title names no article: “Weather”, “Live blog”."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is known about the document while its entries are read."""

    base: str
    repeated: frozenset[str]
    """Guids that several entries share: each of them names none."""
    by_title: bool
    """The source was found to name its entries anew at each poll: they go by title and date."""


def parse_feed(value: Json) -> Json:
    """{"body": base64, "content_type", "url", "memory": base64, "by_title"} → {"title", "site", "truncated", "entries",
    "known", "memory", "volatile", "language", "remarks", "wishes"}, or {"error": a sentence}. The question may
    also hold a "base" that relative addresses are relative to, and lack its last two keys.

    An entry is {"key", "url", "link", "title", "title_key", "summary", "author", "published": ISO 8601 or null}; `url`
    is empty where the feed gives none, `link` is how the feed spells it. Entries that the memory holds are `known`:
    counted, and not among `entries`. An error is an answer: the child did its work, and the feed is at fault.
    """
    try:
        raw = _raw(b64decode(value["body"]), value["content_type"], value["url"])
    except Unreadable as error:
        return {"error": error.public}
    site = urls.with_small_host(urls.absolute(raw.site, value["url"]))
    listed = _newest(raw.entries)
    reading = Reading(
        base=value.get("base") or site or value["url"],
        repeated=_repeated(entry.guid for entry in listed),
        by_title=value.get("by_title", False),
    )
    records = [memory.record(_named(entry, reading), entry.title) for entry in listed]
    before = b64decode(value.get("memory", ""))
    known = memory.records(before)
    fresh = [entry for entry, record in zip(listed, records, strict=True) if record not in known]
    entries = _without_common_titles([_entry(entry, reading) for entry in fresh], listed)
    return {
        "title": line(plain(raw.title), TITLE_LIMIT),
        "site": site,
        "truncated": len(raw.entries) > ENTRY_LIMIT,
        "entries": entries,
        "known": len(listed) - len(fresh),
        "memory": b64encode(b"".join(records)).decode(),
        "volatile": memory.volatile(before, b"".join(records)),
        "language": languages.tag(raw.language),
        "remarks": [*raw.remarks, *_remarks(raw, fresh, entries)],
        "wishes": dict(raw.wishes),
    }


def _remarks(raw: RawFeed, fresh: Sequence[RawEntry], entries: Sequence[Json]) -> list[str]:
    """What in the feed was not used, and why."""
    remarks = []
    if len(raw.entries) > ENTRY_LIMIT:
        remarks.append(f"only the newest {ENTRY_LIMIT} of {len(raw.entries)} entries were read")
    undated = sum(any(one.published) and not entry["published"] for one, entry in zip(fresh, entries, strict=True))
    if undated:
        remarks.append(f"{undated} whose date cannot be read")
    if raw.language and not languages.tag(raw.language):
        remarks.append(f"its language is no language tag: {line(raw.language, 40)}")
    return remarks


def _raw(body: bytes, content_type: str, url: str) -> RawFeed:
    """What the bytes are decides, not what the answer calls them: JSON Feed comes as text/html too."""
    text = decode.decode(body, content_type).lstrip("\ufeff \t\r\n\0")
    if not text:
        raise Unreadable("The answer is empty.")
    return jsonfeed.read(text) if text[0] == "{" else xml.read(text, url)


def _newest(entries: Sequence[RawEntry]) -> Sequence[RawEntry]:
    """The newest ENTRY_LIMIT, in the feed's own order; where dates are missing its first are taken for the newest."""
    if len(entries) <= ENTRY_LIMIT:
        return entries
    moments = [moment.timestamp() if (moment := _published(entry)) else 0.0 for entry in entries]
    order = sorted(range(len(entries)), key=lambda place: -moments[place])
    return [entries[place] for place in sorted(order[:ENTRY_LIMIT])]


def _repeated(names: Iterable[str]) -> frozenset[str]:
    counts = Counter(names)
    return frozenset(name for name, count in counts.items() if count > 1)


def _published(raw: RawEntry) -> datetime | None:
    return next((found for text in raw.published if (found := dates.parse(text))), None)


def _named(raw: RawEntry, reading: Reading) -> str:
    """What the entry is recognised by before anything of it is cleaned."""
    if reading.by_title:
        return f"{raw.title}|{next(iter(raw.published), '')}"
    if raw.guid and raw.guid not in reading.repeated:
        return raw.guid
    return f"{raw.guid}|{raw.link}"


def _entry(raw: RawEntry, reading: Reading) -> Json:
    link = urls.absolute(raw.link, raw.base or reading.base)
    url = urls.canonical(link)
    if not url and raw.guid_is_link:
        url = urls.canonical(raw.guid)
    summary = shorten(plain(raw.summary), SUMMARY_LIMIT)
    title = line(plain(raw.title), TITLE_LIMIT) or shorten(summary, TITLE_LIMIT)
    published = _published(raw)
    return {
        "key": _key(raw, url, title, published, reading),
        "url": url,
        "link": urls.with_small_host(link) or clean(raw.link)[: urls.LIMIT],
        "title": title,
        "title_key": _title_key(title),
        "summary": summary,
        "author": line(plain(raw.author), AUTHOR_LIMIT),
        "published": published.isoformat() if published else None,
    }


def _key(raw: RawEntry, url: str, title: str, published: datetime | None, reading: Reading) -> str:
    guid = clean(raw.guid)
    if reading.by_title:
        guid = f"title:{_sha(f'{title}|{published.isoformat() if published else None}')}"
    elif guid and raw.guid in reading.repeated:
        guid = f"{guid}|{url or title}"
    key = guid or url or f"title:{_sha(title)}"
    return key if len(key) <= KEY_LIMIT else f"sha256:{_sha(key)}"


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _title_key(title: str) -> str:
    """Eight bytes in hexadecimal, of the words alone; empty where they are too few to name an article."""
    found = words(title)
    return _sha(" ".join(found))[:16] if len(found) >= TELLING_WORDS else ""


def _without_common_titles(entries: list[Json], listed: Sequence[RawEntry]) -> list[Json]:
    """A title that several entries of the document have, known ones included, names none of them."""
    common = _repeated(" ".join(entry.title.casefold().split()) for entry in listed)
    if common:
        keys = {_title_key(line(plain(title), TITLE_LIMIT)) for title in common}
        for entry in entries:
            entry["title_key"] = "" if entry["title_key"] in keys else entry["title_key"]
    return entries
