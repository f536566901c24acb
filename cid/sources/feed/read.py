"""One feed of any kind → its entries, newest first."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from collections import Counter
from collections.abc import Iterable

from cid.domain.llm import Json
from cid.sources.feed import decode, jsonfeed, xml
from cid.sources.feed.raw import RawEntry, RawFeed, Unreadable
from cid.text import dates, urls
from cid.text.clean import SUMMARY_LIMIT, TITLE_LIMIT, clean, line, shorten
from cid.text.html import plain

ENTRY_LIMIT = 2000
KEY_LIMIT = 500
AUTHOR_LIMIT = 200


def parse_feed(value: Json) -> Json:
    """{"body": base64, "content_type", "url"} → {"title", "site", "truncated", "entries", "wishes"} or {"error": text}.

    An entry is {"key", "url", "title", "summary", "author", "published": ISO 8601 or null}; `url` is empty where the
    feed gives none. An error is an answer: the child did its work, and the feed is at fault.
    """
    try:
        raw = _raw(b64decode(value["body"]), value["content_type"], value["url"])
    except Unreadable as error:
        return {"error": error.public}
    site = urls.canonical(urls.absolute(raw.site, value["url"]))
    repeated = _repeated_guids(raw.entries)
    entries = [_entry(entry, site or value["url"], repeated) for entry in raw.entries]
    entries.sort(key=lambda entry: entry["published"] or "", reverse=True)  # stable: without dates the feed's own order
    return {
        "title": line(plain(raw.title), TITLE_LIMIT),
        "site": site,
        "truncated": len(entries) > ENTRY_LIMIT,
        "entries": entries[:ENTRY_LIMIT],
        "wishes": dict(raw.wishes),
    }


def _raw(body: bytes, content_type: str, url: str) -> RawFeed:
    """What the bytes are decides, not what the answer calls them: JSON Feed comes as text/html too."""
    text = decode.decode(body, content_type).lstrip("\ufeff \t\r\n\0")
    if not text:
        raise Unreadable("The answer is empty.")
    return jsonfeed.read(text) if text[0] == "{" else xml.read(text, url)


def _repeated_guids(entries: Iterable[RawEntry]) -> frozenset[str]:
    """A guid that several entries of one document share names none of them."""
    counts = Counter(entry.guid for entry in entries)
    return frozenset(guid for guid, count in counts.items() if count > 1)


def _entry(raw: RawEntry, base: str, repeated: frozenset[str]) -> Json:
    url = urls.canonical(urls.absolute(raw.link, raw.base or base))
    if not url and raw.guid_is_link:
        url = urls.canonical(raw.guid)
    summary = shorten(plain(raw.summary), SUMMARY_LIMIT)
    title = line(plain(raw.title), TITLE_LIMIT) or shorten(summary, TITLE_LIMIT)
    published = next((found for text in raw.published if (found := dates.parse(text))), None)
    return {
        "key": _key(raw, url, title, repeated),
        "url": url,
        "title": title,
        "summary": summary,
        "author": line(plain(raw.author), AUTHOR_LIMIT),
        "published": published.isoformat() if published else None,
    }


def _key(raw: RawEntry, url: str, title: str, repeated: frozenset[str]) -> str:
    guid = clean(raw.guid)
    if guid and raw.guid in repeated:
        guid = f"{guid}|{url or title}"
    key = guid or url or "title:" + hashlib.sha256(title.encode()).hexdigest()
    return key if len(key) <= KEY_LIMIT else "sha256:" + hashlib.sha256(key.encode()).hexdigest()
