"""A tenant's sources as OPML 2.0, to take elsewhere.

Other programs read the feeds; what only this desk knows stands in attributes of a namespace of its own, and comes back
with an import.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import quoteattr

from cid.domain.llm import Json
from cid.text.clean import clean

NAMESPACE = "urn:content-intelligence-desk:opml:1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """One source as one tenant has it. `url` is empty for kinds that are told everything by their settings."""

    url: str
    title: str = ""
    kind: str = "rss"
    config: Mapping[str, Json] = field(default_factory=dict)
    trust: float = 0.7
    role: str = "news"
    interval_s: int | None = None
    """A fixed one; None: the source's own rhythm."""
    active: bool = True
    full_text: bool = True
    replace_itself: bool = False
    private: bool = False
    withheld: bool = False
    """Its address or settings are shown without their secrets: it cannot be read back."""


def opml(title: str, outlines: Iterable[Outline]) -> str:
    head = clean(title).replace("&", "&amp;").replace("<", "&lt;")
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<opml version="2.0" xmlns:cid={quoteattr(NAMESPACE)}>',
            f"  <head><title>{head}</title></head>\n  <body>",
            *(f"    <outline {_attributes(outline)}/>" for outline in outlines),
            "  </body>\n</opml>\n",
        ]
    )


def _attributes(outline: Outline) -> str:
    name = clean(outline.title) or outline.url or outline.kind
    feed = outline.kind == "rss"
    said = {
        "type": "rss" if feed else "cid",
        "text": name,
        "title": clean(outline.title),
        "xmlUrl": outline.url,
        "cid:kind": outline.kind,
        "cid:config": json.dumps(dict(outline.config), sort_keys=True) if outline.config else "",
        "cid:trust": f"{outline.trust:.2f}",
        "cid:role": outline.role,
        "cid:interval": str(outline.interval_s or ""),
        "cid:active": _word(yes=outline.active),
        "cid:fullText": _word(yes=outline.full_text),
        "cid:replaceItself": _word(yes=outline.replace_itself),
        "cid:private": "true" if outline.private else "",
        "cid:withheld": "true" if outline.withheld else "",
    }
    return " ".join(f"{name}={quoteattr(value)}" for name, value in said.items() if value)


def _word(*, yes: bool) -> str:
    return "true" if yes else "false"
