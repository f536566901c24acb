"""What Dev.to and Ghost are given: the same article in their own words."""

from __future__ import annotations

import re
import unicodedata
from html import escape
from typing import TYPE_CHECKING, Any

from cid.render.markup import web_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cid.domain.draft import Article

TAGS = 4
"""Dev.to's own bound, and letters and digits are all that a tag may have."""
TAG_LENGTH = 30
BOT = "abotwrotethis"
"""How Dev.to's readers expect a text to say that a model wrote it."""
EXCERPT = 300
"""Ghost's bounds, from here on."""
NAMES = 10
NAME_LENGTH = 190
META_TITLE = 300
META_DESCRIPTION = 500
FRONT = re.compile(r"\A\s*---[ \t]*\n.*?\n---[ \t]*(\n|\Z)", re.DOTALL)
FENCE = re.compile(r"^ {0,3}(```|~~~)")
# an HTML tag, comment or declaration, but no address in angle brackets
TAG = re.compile(r"<(?=[A-Za-z/!?])(?!https?://[^\s<>]+>)")
SCHEME = re.compile(r"(\]\(\s*<?|^ {0,3}\[[^\]]+\]:\s*<?)\s*(?!https?:|mailto:)([a-z][a-z0-9+.-]*:)", re.IGNORECASE)


def markdown(text: str) -> str:
    """Without front matter, raw HTML, Liquid tags and links that lead nowhere safe: Dev.to acts on the first three.

    Fences are left alone but for Liquid, which is acted on inside them too.
    """
    text = FRONT.sub("", text, count=1)
    lines, fence = [], ""
    for line in text.split("\n"):
        opened = FENCE.match(line)
        if opened and fence in {"", opened[1]}:
            fence = "" if fence else opened[1]
        lines.append(line if fence or opened else TAG.sub("&lt;", SCHEME.sub(r"\1#", line)))
    return "\n".join(lines).replace("{%", "{&#37;").replace("{{", "{&#123;").strip()


def plain(text: str) -> str:
    """One line of plain text, as Markdown: nothing in it is markup."""
    return re.sub(r"([\\`*_\[\]<>#|~])", r"\\\1", " ".join(text.split()))


def body(article: Article, banner: str, disclosure: Iterable[str]) -> str:
    """The whole text that readers see, in Markdown."""
    parts = [f"> {plain(banner)}"] if banner else []
    parts.append(article.body)
    if article.questions:
        parts.append("## Questions and answers")
        parts += [f"### {plain(q.question)}\n\n{plain(q.answer)}" for q in article.questions]
    if article.references:
        rows = [_reference(number, r.title, r.url) for number, r in enumerate(article.references, 1)]
        parts += ["## Sources", "\n".join(rows)]
    if said := " ".join(plain(line) for line in disclosure):
        parts += ["---", f"*{said}*"]
    return markdown("\n\n".join(parts))


def _reference(number: int, title: str, address: str) -> str:
    url = web_address(address)
    name = plain(title or address)
    if url is None:
        return f"{number}. {name}"
    return f"{number}. [{name}]({url.replace('(', '%28').replace(')', '%29')})"


def tags(keywords: Iterable[str], *, bot: bool) -> tuple[list[str], list[str]]:
    """Dev.to's, and the keywords that are none there: of other letters, too long, or one too many."""
    kept, dropped = [BOT] if bot else [], []
    for keyword in keywords:
        folded = unicodedata.normalize("NFKD", keyword.casefold())
        letters = [char for char in folded if char.isalnum()]
        tag = "".join(char for char in letters if char.isascii())
        if tag in kept:
            continue
        if not tag or len(tag) > TAG_LENGTH or len(tag) < len(letters) or len(kept) >= TAGS:
            dropped.append(keyword)
        else:
            kept.append(tag)
    return kept, dropped


def short(text: str, longest: int) -> str:
    """Cut between words."""
    if len(text) <= longest:
        return text
    cut = text[: longest - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut else cut).rstrip(" ,;:–-") + "…"


def devto(article: Article, *, banner: str, disclosure: list[str], bot: bool) -> dict[str, Any]:
    kept, dropped = tags(article.keywords, bot=bot)
    return {
        "title": article.title,
        "description": article.description,
        "body_markdown": body(article, banner, disclosure),
        "tags": kept,
        "tags_left_out": dropped,
    }


def ghost(article: Article, page: Mapping[str, Any]) -> dict[str, Any]:
    """`page` is what the site is given, whose HTML this is, with what the site's own frame says around it."""
    banner = f'<p class="banner"><strong>{escape(page["banner"])}</strong></p>' if page["banner"] else ""
    said = "".join(f"<p><small>{escape(line)}</small></p>" for line in page["disclosure"])
    return {
        "html": f"{banner}{page['body_html']}{f'<hr>{said}' if said else ''}",
        "excerpt": short(article.description, EXCERPT),
        "tags": [short(word.replace(",", " "), NAME_LENGTH) for word in article.keywords[:NAMES]],
        "meta_title": short(article.title, META_TITLE),
        "meta_description": short(article.description, META_DESCRIPTION),
    }
