"""CommonMark of anybody → HTML that is safe to show and to publish."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

import nh3
from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token

_TEXT = {
    "p",
    "br",
    "hr",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "strong",
    "em",
    "del",
    "s",
    "code",
    "pre",
    "blockquote",
    "a",
    "img",
}
TAGS = _TEXT | {"ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td"}
# Contents that are no text for a reader go with their tag; of every other unknown tag the text stays.
SILENCED = {"script", "style", "iframe", "object", "noscript", "template", "svg", "math", "title", "textarea", "select"}
_WEB = re.compile(r"https?://[^\s/]", re.IGNORECASE)
_ALIGN = re.compile(r"text-align:(left|center|right)")


def _attribute(tag: str, name: str, value: str) -> str | None:
    if tag == "img" and name == "src":
        return value if _WEB.match(value) else None
    return value


_CLEANER = nh3.Cleaner(
    tags=TAGS,
    clean_content_tags=SILENCED,
    attributes={
        "a": {"href", "title"},
        "img": {"src", "alt", "title"},
        "th": {"align"},
        "td": {"align"},
        "ol": {"start"},
    },
    attribute_filter=_attribute,
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
    link_rel="nofollow noopener",
)


def web_address(text: str) -> str | None:
    """`text` when it is an absolute http(s) address, else None."""
    return text if _WEB.match(text) and not re.search(r"[\s<>\"]", text) else None


def article_html(markdown: str) -> str:
    """The body of an article. Raw HTML in it is shown as text; headings start at the second level, below the title."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(markdown)
    _demote(tokens)
    _align(tokens)
    return _CLEANER.clean(parser.renderer.render(tokens, parser.options, {}))


def _demote(tokens: Sequence[Token]) -> None:
    """The page has its one first-level heading already."""
    for token in tokens:
        if token.tag == "h1":
            token.tag = "h2"


def _align(tokens: Sequence[Token]) -> None:
    """The parser aligns table cells by `style`, which the allow-list does not let through."""
    for token in tokens:
        if token.tag in {"th", "td"} and (found := _ALIGN.match(str(token.attrGet("style") or ""))):
            token.attrs = {"align": found[1]}


def paragraphs(text: str) -> str:
    """Plain text as HTML paragraphs: nothing in it is markup."""
    return "".join(f"<p>{escape(part.strip())}</p>" for part in re.split(r"\n\s*\n", text) if part.strip())
