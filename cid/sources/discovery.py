"""What a page says about feeds, and what a news search says about publishers. Runs in a child: strangers wrote both."""

from __future__ import annotations

from base64 import b64decode

from lxml import etree

from cid.domain.llm import Json
from cid.sources.feed import decode
from cid.text import urls
from cid.text.clean import TITLE_LIMIT, line

LIMIT = 20
_TYPES = frozenset({"application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml"})


def find_feeds(value: Json) -> Json:
    """{"body": base64, "content_type", "url"} → {"feeds": [{"url", "title"}]}: what the page's `link` elements name as
    its alternate in a feed's format, in their order, each once, at most LIMIT."""
    text = decode.decode(b64decode(value["body"]), value["content_type"])
    try:
        root = etree.fromstring(text.encode(), etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False))
    except etree.XMLSyntaxError:
        root = None
    if root is None:
        return {"feeds": []}
    base = value["url"]
    for element in root.iter("base"):
        base = urls.absolute(element.get("href", ""), value["url"]) or base
        break
    found: dict[str, str] = {}
    for link in root.iter("link"):
        rel, kind = link.get("rel", "").lower().split(), link.get("type", "").lower().split(";")[0].strip()
        url = urls.located(urls.absolute(link.get("href", ""), base))
        if "alternate" in rel and kind in _TYPES and url:
            found.setdefault(url, line(link.get("title", ""), TITLE_LIMIT))
    return {"feeds": [{"url": url, "title": title} for url, title in list(found.items())[:LIMIT]]}


def find_publishers(value: Json) -> Json:
    """{"body": base64, "content_type"} → {"publishers": [{"url", "title"}]}, or {"error": a sentence}.

    Of an RSS document whose items name where they come from by `<source url="https://publisher">name</source>`, as a
    search at Google News does. Each site once, in the order of their first items.
    """
    parser = etree.XMLParser(recover=True, no_network=True, load_dtd=False, resolve_entities=False, huge_tree=False)
    try:
        root = etree.fromstring(b64decode(value["body"]), parser)
    except etree.XMLSyntaxError:
        root = None
    if root is None or str(root.tag).lower() != "rss":
        return {"error": "The news search did not answer with a feed."}
    found: dict[str, Json] = {}
    for source in root.iter("source"):
        url = urls.located(urls.absolute(source.get("url", "")))
        if url:
            found.setdefault(urls.site(url), {"url": url, "title": line(source.text or "", TITLE_LIMIT)})
    return {"publishers": list(found.values())}
