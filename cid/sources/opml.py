"""OPML → the feeds it lists. Runs in a killable child."""

from __future__ import annotations

from base64 import b64decode

from lxml import etree

from cid.domain.llm import Json
from cid.sources.feed.decode import decode
from cid.sources.feed.raw import Unreadable
from cid.sources.feed.repair import giant_tag, legal
from cid.sources.feed.xml import document
from cid.text.clean import TITLE_LIMIT, line

FEED_LIMIT = 20_000


def parse_opml(value: Json) -> Json:
    """{"body": base64} → {"title", "feeds": [{"url", "title", "site"}]} in the file's order, or {"error": sentence}."""
    text = decode(b64decode(value["body"]), "").lstrip("\ufeff \t\r\n\0")
    if not text.startswith("<") or giant_tag(text):
        return {"error": "The file is not OPML."}
    try:
        root, whole = document(legal(text))
    except Unreadable:
        return {"error": "The file is not well-formed OPML."}
    if etree.QName(root).localname.lower() != "opml":
        return {"error": "The file is XML, but not OPML."}
    feeds = [_feed(outline) for outline in root.iter("{*}outline") if _attribute(outline, "xmlUrl")]
    if not feeds:
        return {"error": "The OPML file lists no feeds." if whole else "The file is not well-formed OPML."}
    return {"title": line(root.findtext(".//{*}head/{*}title") or "", TITLE_LIMIT), "feeds": feeds[:FEED_LIMIT]}


def _feed(outline: etree._Element) -> Json:
    title = _attribute(outline, "title") or _attribute(outline, "text")
    return {
        "url": _attribute(outline, "xmlUrl").strip(),
        "title": line(title, TITLE_LIMIT),
        "site": _attribute(outline, "htmlUrl").strip(),
    }


def _attribute(outline: etree._Element, name: str) -> str:
    """Programs disagree about the case of these names."""
    return next((str(value) for key, value in outline.attrib.items() if str(key).lower() == name.lower()), "")
