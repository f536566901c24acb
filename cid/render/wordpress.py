"""A post at a WordPress: its payload, and the HTML that is stored there.

All of it is one custom HTML block, so that WordPress neither adds paragraphs nor changes quotes, inside one element
that carries the publication's key. https://developer.wordpress.org/block-editor/ names the delimiters.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from html import escape
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

from cid.render.markup import web_address
from cid.render.page import script_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cid.domain.draft import Article

TAGS = 8
CATEGORIES = 3
NAME = 200
"""Characters of a term: `wp_terms.name`."""


def wordpress_payload(article: Article, marks: Mapping[str, Any], page: Mapping[str, Any]) -> dict[str, Any]:
    """What the site's page shows (`page`), and what WordPress wants beside it."""
    config = marks.get("config") or {}
    return {
        **page,
        "excerpt": article.description,
        "categories": _names(config.get("categories"), CATEGORIES),
        "tags": _names(article.keywords, TAGS),
        "image": asdict(article.image) if article.image else None,
    }


def _names(given: Any, most: int) -> list[str]:
    listed = given.split(",") if isinstance(given, str) else given or ()
    names = (" ".join(str(name).split())[:NAME] for name in listed)
    return list({name.casefold(): name for name in names if name}.values())[:most]


def marker(key: str) -> str:
    """By this a post is known as ours, whoever may have taken its address."""
    return f'data-cid="{key}"'


def post_html(payload: Mapping[str, Any], key: str, data: Mapping[str, Any] | None, *, pictured: bool) -> str:
    """`data`: the structured data with its addresses; None: the site keeps no scripts. `pictured`: it has the picture,
    whose credit is due then."""
    banner = f'<p class="cid-banner"><strong>{escape(payload["banner"])}</strong></p>' if payload["banner"] else ""
    lines = "".join(f"<p>{escape(line)}</p>" for line in payload["disclosure"])
    made = f'<section class="cid-made">{lines}</section>' if lines else ""
    credit = _credit(payload["image"]) if pictured and payload.get("image") else ""
    script = f'\n<script type="application/ld+json">{script_json(data)}</script>' if data else ""
    text = f"{banner}{payload['body_html']}{credit}{made}"
    return f'<!-- wp:html -->\n<div class="cid-article" {marker(key)}>{text}</div>{script}\n<!-- /wp:html -->'


def _credit(image: Mapping[str, Any]) -> str:
    if not image["credit"]:
        return ""
    address = web_address(image["credit_url"] or image["page_url"])
    words = escape(image["credit"])
    return f'<p class="cid-credit">{_link(address, words) if address else words}</p>'


def _link(address: str, words: str) -> str:
    return f'<a href="{escape(address)}" rel="nofollow noopener">{words}</a>'


def compared(value: Mapping[str, str]) -> dict[str, Any]:
    """`value`: {"sent", "stored"}, HTML each, the latter anybody's.

    Answers {"lost": tags and attributes that are there fewer times, as `iframe` and `a rel`, "text": whether the words
    outside of scripts are the same, "script": whether the structured data is}.
    """
    sent, stored = _Read(value["sent"]), _Read(value["stored"])
    return {
        "lost": sorted(name for name in sent.parts if stored.parts[name] < sent.parts[name]),
        "text": sent.words == stored.words,
        "script": sent.scripts == stored.scripts,
    }


class _Read(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: Counter[str] = Counter()
        self._text: list[str] = []
        self._scripts: list[str] = []
        self._inside = False
        self.feed(html)
        self.close()

    @property
    def words(self) -> list[str]:
        return " ".join(self._text).split()

    @property
    def scripts(self) -> list[str]:
        return " ".join(self._scripts).split()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "script"
        self.parts[tag] += 1
        self.parts.update(f"{tag} {name}" for name, _ in attrs)

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "script"

    def handle_data(self, data: str) -> None:
        (self._scripts if self._inside else self._text).append(data)
