"""OPML → the sources it lists, with the settings that only this desk writes. Runs in a killable child."""

from __future__ import annotations

import json
from base64 import b64decode

from lxml import etree

from cid.domain.errors import Refused
from cid.domain.llm import Json
from cid.render.opml import NAMESPACE
from cid.sources.feed.decode import decode
from cid.sources.feed.raw import Unreadable
from cid.sources.feed.repair import giant_tag, legal
from cid.sources.feed.xml import document
from cid.text.clean import TITLE_LIMIT, line

FEED_LIMIT = 20_000
_TRUE, _FALSE = frozenset({"true", "yes", "1"}), frozenset({"false", "no", "0"})


def parse_opml(value: Json) -> Json:
    """{"body": base64} → {"title", "feeds": [{"url", "title", "site", …}]} in the file's order, or {"error": sentence}.

    A feed holds what its outline says in our namespace: kind, config, trust, role, interval_s, active, full_text,
    replace_itself, private; null where it says nothing. Where what it says cannot be, "problem" is a sentence.
    """
    text = decode(b64decode(value["body"]), "").lstrip("\ufeff \t\r\n\0")
    if not text.startswith("<") or giant_tag(text):
        return {"error": "The file is not OPML."}
    try:
        root, whole = document(legal(text))
    except Unreadable:
        return {"error": "The file is not well-formed OPML."}
    if etree.QName(root).localname.lower() != "opml":
        return {"error": "The file is XML, but not OPML."}
    outlines = root.iter("{*}outline")
    feeds = [_feed(outline) for outline in outlines if _attribute(outline, "xmlUrl") or _own(outline, "kind")]
    if not feeds:
        return {"error": "The OPML file lists no feeds." if whole else "The file is not well-formed OPML."}
    return {"title": line(root.findtext(".//{*}head/{*}title") or "", TITLE_LIMIT), "feeds": feeds[:FEED_LIMIT]}


def _feed(outline: etree._Element) -> Json:
    url, kind = _attribute(outline, "xmlUrl").strip(), _own(outline, "kind")
    text = _attribute(outline, "text")
    title = _attribute(outline, "title") or ("" if text in {url, kind} else text)  # a stop-gap for no title is none
    feed = {
        "url": url,
        "title": line(title, TITLE_LIMIT),
        "site": _attribute(outline, "htmlUrl").strip(),
        "problem": "",
    }
    try:
        return {**feed, **_settings(outline)}
    except Refused as error:
        return {**feed, "problem": error.public}


def _settings(outline: etree._Element) -> dict[str, Json]:
    """Raises Refused."""
    if _bool(outline, "withheld"):
        raise Refused("It was exported without its secret: add it by hand.")
    return {
        "kind": _own(outline, "kind") or None,
        "config": _config(_own(outline, "config")),
        "trust": _number(outline, "trust"),
        "role": _own(outline, "role") or None,
        "interval_s": _number(outline, "interval"),
        "active": _bool(outline, "active"),
        "full_text": _bool(outline, "fullText"),
        "replace_itself": _bool(outline, "replaceItself"),
        "private": _bool(outline, "private"),
    }


def _config(text: str) -> Json:
    """Raises Refused."""
    if not text:
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Refused("Its settings (cid:config) cannot be read.")
    return found


def _number(outline: etree._Element, name: str) -> float | None:
    """Raises Refused."""
    text = _own(outline, name)
    if not text:
        return None
    try:
        found = float(text)
    except ValueError:
        raise Refused(f"Its cid:{name} is no number.") from None
    if not abs(found) < 1e9:  # infinite, or no number at all
        raise Refused(f"Its cid:{name} is no number.")
    return found


def _bool(outline: etree._Element, name: str) -> bool | None:
    """Raises Refused."""
    text = _own(outline, name).lower()
    if text and text not in _TRUE | _FALSE:
        raise Refused(f"Its cid:{name} is neither true nor false.")
    return text in _TRUE if text else None


def _own(outline: etree._Element, name: str) -> str:
    return str(outline.get(f"{{{NAMESPACE}}}{name}") or "").strip()


def _attribute(outline: etree._Element, name: str) -> str:
    """Programs disagree about the case of these names."""
    return next((str(value) for key, value in outline.attrib.items() if str(key).lower() == name.lower()), "")
