"""A page that lists articles, read by CSS selectors. Runs in a child: both page and selectors are other people's."""

from __future__ import annotations

import re
from base64 import b64decode
from datetime import datetime
from typing import Any

from lxml import html

from cid.domain.llm import Json
from cid.sources.feed.decode import decode
from cid.text import ago, urls
from cid.text.clean import SUMMARY_LIMIT, TITLE_LIMIT, clean, line

MOST = 200
"""Articles of a page; further ones are not looked at, and named."""
_LABEL = re.compile(r"^[^\W\d]{1,12}(?:\s[^\W\d]{1,12}){0,2}\s*(?::|\bon\b)\s*", re.IGNORECASE)
"""“Published:”, “Posted on”."""


def parse_page(value: Json) -> Json:
    """`{body, content_type, url, now, item, link, title, date, summary}` → what the page lists, and what is wrong with
    it. `now`: ISO 8601, when the page was fetched, from which “2 hours ago” counts.

    `found` counts what the item selector fits; `entries` are those with a link of their own and a title.
    """
    page = decode(b64decode(value["body"]), value["content_type"])
    if not page.strip():
        return {"found": 0, "entries": [], "linkless": 0, "titleless": 0, "title": "", "language": ""}
    root: Any = html.document_fromstring(page.encode(), parser=html.HTMLParser(encoding="utf-8"))
    base = next((link.get("href") for link in root.cssselect("base[href]")), "")
    base = urls.absolute(base, value["url"]) or value["url"]
    now = datetime.fromisoformat(value["now"])
    cards = root.cssselect(value["item"])
    entries, linkless, titleless = [], 0, 0
    for card in cards[:MOST]:
        place, link = _link(card, value["link"], base, urls.canonical(value["url"]))
        title = line(_text(card, value["title"]) if value["title"] else link, TITLE_LIMIT)
        linkless += not place
        titleless += bool(place and not title)
        if place and title:
            entries.append(
                {
                    "url": place,
                    "title": title,
                    "summary": line(_text(card, value["summary"]), SUMMARY_LIMIT) if value["summary"] else "",
                    "published": _date(card, value["date"], now),
                }
            )
    return {
        "found": len(cards),
        "entries": entries,
        "linkless": linkless,
        "titleless": titleless,
        "title": line(root.findtext(".//title") or "", TITLE_LIMIT),
        "language": line(root.get("lang") or "", 20).lower(),
    }


def _link(card: Any, selector: str, base: str, listing: str) -> tuple[str, str]:
    """The article's canonical address and the link's text; empty where it has none but the page's own."""
    for link in card.cssselect(selector):
        if place := urls.canonical(urls.absolute(link.get("href") or "", base)):
            return ("" if place == listing else place), " ".join(link.text_content().split())
    return "", ""


def _text(card: Any, selector: str) -> str:
    found = card.cssselect(selector)
    return found[0].text_content() if found else ""


def _date(card: Any, selector: str, now: datetime) -> str | None:
    """What is meant for machines first; None where nothing is clear."""
    for place in card.cssselect(selector)[:5] if selector else []:
        for said in (place.get("datetime"), place.get("content"), place.text_content(), place.get("title")):
            text = clean((said or "")[:200])
            if told := ago.told(text, now) or ago.told(_LABEL.sub("", text), now):
                return told.at.isoformat()
    return None
