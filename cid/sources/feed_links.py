"""The feeds that a web page names. Runs in a killable child."""

from __future__ import annotations

from base64 import b64decode
from itertools import islice
from urllib.parse import urlsplit

from lxml import etree, html

from cid.domain.llm import Json
from cid.sources.feed.decode import decode
from cid.sources.feed.repair import giant_tag, legal
from cid.text.clean import TITLE_LIMIT, line
from cid.text.urls import absolute

LINKS = 20
_TYPES = frozenset(
    {
        "application/rss+xml",
        "application/atom+xml",
        "application/rdf+xml",
        "application/feed+json",
        "application/json",
        "application/xml",
        "text/xml",
    }
)
_LAST_PARTS = frozenset(
    {"rss", "feed", "atom", "rss.xml", "feed.xml", "atom.xml", "index.rdf", "feed.json", "index.rss"}
)


def find_feeds(value: Json) -> Json:
    """{"body": base64, "content_type", "url"} → {"title", "links": [{"url", "title"}]}, the most likely first, or
    {"error": a sentence}.

    What the page declares (`link rel=alternate`), else what it only links to by a telling name. Feeds of comments come
    last.
    """
    text = decode(b64decode(value["body"]), value["content_type"]).lstrip("\ufeff \t\r\n\0")
    if giant_tag(text):
        return {"error": "The page holds a tag of more than 16 kB and was not read."}
    try:
        root = html.document_fromstring(legal(text).encode(), parser=html.HTMLParser(encoding="utf-8"))
    except (etree.ParserError, etree.XMLSyntaxError):
        return {"error": "The page cannot be read."}
    declared = root.find(".//base")
    base = absolute((declared.get("href") if declared is not None else "") or "", value["url"]) or value["url"]
    found = _declared(root, base) or _named(root, base)
    found.sort(key=lambda link: "comment" in f"{link['title']} {link['url']}".lower())
    return {"title": line(root.findtext(".//title") or "", TITLE_LIMIT), "links": found[:LINKS]}


def _declared(root: html.HtmlElement, base: str) -> list[Json]:
    links: dict[str, Json] = {}
    for link in root.iter("link"):
        kind = (link.get("type") or "").partition(";")[0].strip().lower()
        url = absolute(link.get("href") or "", base)
        # WordPress declares its programming interface in the same way
        if "alternate" not in (link.get("rel") or "").lower().split() or kind not in _TYPES or "/wp-json/" in url:
            continue
        if url:
            links.setdefault(url, {"url": url, "title": line(link.get("title") or "", TITLE_LIMIT)})
    return list(links.values())


def _named(root: html.HtmlElement, base: str) -> list[Json]:
    links: dict[str, Json] = {}
    for anchor in islice(root.iter("a"), 5000):
        url = absolute(anchor.get("href") or "", base)
        last = urlsplit(url).path.rstrip("/").rpartition("/")[2].lower() if url else ""
        if last in _LAST_PARTS:
            links.setdefault(url, {"url": url, "title": line(anchor.text_content()[:1000], TITLE_LIMIT)})
    return list(links.values())
