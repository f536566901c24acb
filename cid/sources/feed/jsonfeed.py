"""JSON Feed 1.0 and 1.1."""

from __future__ import annotations

import json

from cid.domain.llm import Json
from cid.sources.feed.raw import FORBIDDEN, RawEntry, RawFeed, Unreadable
from cid.sources.feed.repair import illegal
from cid.text.html import READ_LIMIT


def read(text: str) -> RawFeed:
    """Raises Unreadable."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise Unreadable("The answer begins like JSON but is not.") from None
    items = document.get("items") if isinstance(document, dict) else None
    if not isinstance(items, list) or "version" not in document:
        raise Unreadable("The answer is JSON, but not a JSON Feed.")
    entries = tuple(_entry(item) for item in items if isinstance(item, dict))
    return RawFeed(
        title=_escaped(document.get("title")),
        site=_text(document.get("home_page_url")),
        language=_text(document.get("language")),
        entries=entries,
        remarks=(FORBIDDEN,) if any(_illegal(entry) for entry in entries) else (),
    )


def _entry(item: dict[str, Json]) -> RawEntry:
    plain = item.get("summary") or item.get("content_text")
    return RawEntry(
        guid=_text(item.get("id")),
        guid_is_link=True,
        link=_text(item.get("url")) or _text(item.get("external_url")),
        title=_escaped(item.get("title")),
        summary=_escaped(plain) if plain else _text(item.get("content_html")),
        author=_escaped(_author(item)),
        published=(_text(item.get("date_published")), _text(item.get("date_modified"))),
    )


def _illegal(entry: RawEntry) -> bool:
    """JSON can say by escapes what no text may hold: NUL, and halves of surrogate pairs."""
    return any(illegal(part) for part in (entry.guid, entry.link, entry.title, entry.summary, entry.author))


def _author(item: dict[str, Json]) -> Json:
    many = item.get("authors")
    one = many[0] if isinstance(many, list) and many else item.get("author")
    return one.get("name") if isinstance(one, dict) else None


def _text(value: Json) -> str:
    """Numbers are allowed where the format asks for text, because feeds write ids as numbers."""
    return value if isinstance(value, str) else str(value) if isinstance(value, int | float) else ""


def _escaped(value: Json) -> str:
    """Plain text as markup, which is what titles and summaries are in every other format."""
    return _text(value)[:READ_LIMIT].replace("&", "&amp;").replace("<", "&lt;")
