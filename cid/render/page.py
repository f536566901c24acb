"""The site's pages: one article, the index, the feed. Values in, text out; the same values give the same bytes."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RIGHT_TO_LEFT = frozenset({"ar", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})
ATOM = "http://www.w3.org/2005/Atom"
FEED_LENGTH = 50
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' https: data:; base-uri 'none'; form-action 'none'"
)
"""Content-Security-Policy of every page made here: no script at all, styles are in the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """What is known only at publication."""

    url: str
    canonical: str
    """Where the text is at home: `url` itself on the canonical channel."""
    published: datetime
    key: str
    """The publication's id: what the page is found by."""
    home: str
    feed: str
    modified: datetime | None = None
    """When another version took the place of the first."""
    picture: str = ""
    """Where the picture is; empty: there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One article as index and feed show it."""

    key: str
    url: str
    title: str
    description: str
    language: str
    site_name: str
    sample: bool
    published: datetime
    picture: str = ""
    """Where its picture is; empty: it has none."""
    picture_type: str = ""
    picture_bytes: int = 0


def preview_html(payload: Mapping[str, Any], picture: str = "") -> str:
    """The page as the site will show it, before it has an address. `picture`: a data URL; a preview reaches nothing."""
    return article_page(payload, None, picture)


def article_page(payload: Mapping[str, Any], address: Address | None, picture: str = "") -> str:
    data = payload["json_ld"] if address is None else placed(payload["json_ld"], address)
    return (
        _environment()
        .get_template("article.html")
        .render(
            p=payload,
            body=Markup(payload["body_html"]),  # noqa: S704 - came through the allow-list when the version was rendered
            json_ld=script_json(data),
            address=address,
            picture=address.picture if address else picture,
            direction=direction(payload["language"]),
        )
    )


def index_page(site_name: str, entries: Sequence[Listed], *, home: str) -> str:
    """`entries` newest first."""
    language = entries[0].language if entries else "en"
    return (
        _environment()
        .get_template("index.html")
        .render(
            site_name=site_name,
            entries=entries,
            home=home,
            language=language,
            direction=direction(language),
            sample=any(entry.sample for entry in entries),
        )
    )


def feed(site_name: str, entries: Sequence[Listed], *, home: str, feed_url: str) -> str:
    """RSS 2.0, newest first. An article's guid is its publication's id: it stays when the address moves."""
    ET.register_namespace("atom", ATOM)
    rss = ET.Element("rss", version="2.0")
    channel = ET.SubElement(rss, "channel")
    _text(channel, "title", site_name)
    _text(channel, "link", home)
    _text(channel, "description", f"Articles of {site_name}")
    ET.SubElement(channel, f"{{{ATOM}}}link", href=feed_url, rel="self", type="application/rss+xml")
    if entries:
        _text(channel, "language", entries[0].language)
        _text(channel, "lastBuildDate", format_datetime(entries[0].published))
    for entry in entries[:FEED_LENGTH]:
        item = ET.SubElement(channel, "item")
        _text(item, "title", f"Sample: {entry.title}" if entry.sample else entry.title)
        _text(item, "link", entry.url)
        _text(item, "description", entry.description)
        _text(item, "guid", entry.key).set("isPermaLink", "false")
        _text(item, "pubDate", format_datetime(entry.published))
        if entry.picture:
            ET.SubElement(
                item, "enclosure", url=entry.picture, type=entry.picture_type, length=str(entry.picture_bytes)
            )
    ET.indent(rss)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(rss, encoding="unicode") + "\n"


def direction(language: str) -> str:
    return "rtl" if language.partition("-")[0].lower() in RIGHT_TO_LEFT else "ltr"


def script_json(value: object) -> Markup:
    """JSON that no parser of HTML can leave: `<`, `>` and `&` only occur inside strings, where escapes are allowed."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704 - escaped above


def placed(json_ld: Mapping[str, Any], address: Address) -> dict[str, Any]:
    """The structured data with the address and the time."""
    data = copy.deepcopy(dict(json_ld))
    data["@graph"][0] |= {
        "url": address.canonical,
        "mainEntityOfPage": address.canonical,
        "datePublished": address.published.isoformat(timespec="seconds"),
        "dateModified": (address.modified or address.published).isoformat(timespec="seconds"),
    }
    if address.picture and "image" in data["@graph"][0]:
        data["@graph"][0]["image"] |= {"url": address.picture, "contentUrl": address.picture}
    return data


def _text(parent: ET.Element, name: str, text: str) -> ET.Element:
    element = ET.SubElement(parent, name)
    element.text = text
    return element


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        keep_trailing_newline=True,
    )
