"""HTML read as plain text, in one pass over the input."""

from __future__ import annotations

import html
import re

from cid.text.clean import clean

_HIDDEN = re.compile(r"<(script|style|template|noscript|svg|iframe|object)\b", re.IGNORECASE)
# How pages hide an element's text: by attribute, by style, or in letters without size.
_UNSEEN = re.compile(
    r"<([a-zA-Z][a-zA-Z0-9-]*)\b(?=[^<>]*?(?:\shidden(?=[\s=/>])|\saria-hidden\s*=\s*[\"']?true|\sstyle\s*=[^<>]*?(?:"
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|font-size\s*:\s*0*(?:\.\d+|0|1)?(?:px|pt|em|rem|%)?\s*[;\"'!]"
    r"|opacity\s*:\s*0?(?:\.0\d*|0)?\s*[;\"'!]|(?:left|top|text-indent)\s*:\s*-\d{3,}|mso-hide\s*:\s*all"
    r"|(?:max-)?(?:height|width)\s*:\s*0(?:px)?\s*[;\"'!])))[^<>]*>",
    re.IGNORECASE,
)
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_TAG = re.compile(r"<(/?[a-zA-Z][a-zA-Z0-9:-]*)[^<>]*>|<![a-zA-Z\[][^<>]*>|<\?[^<>]*>")
# Tags that stand inside a word or a sentence; every other one separates.
_INLINE = frozenset(
    {"a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins",
     "kbd", "mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var",
     "wbr"}
)  # fmt: skip
# Only with a semicolon: without one, `?page=1&copy=2` would lose its parameter.
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_LOOKS = re.compile(r"<[a-zA-Z/!?]|&[a-zA-Z#]")
READ_LIMIT = 40_000
"""Characters looked at: a summary is the beginning of a text, and the rest of a long page is not read for it."""


def plain(text: str) -> str:
    """The text a reader would see. What merely looks like a tag, as in `5 < 6`, stays."""
    text = text[:READ_LIMIT]
    if not _LOOKS.search(text):
        return clean(text)
    return clean(
        _ENTITY.sub(lambda entity: html.unescape(entity[0]), _TAG.sub(_gap, _without_unseen(_without_hidden(text))))
    )


def _gap(tag: re.Match[str]) -> str:
    return "" if (tag[1] or "").lstrip("/").lower() in _INLINE else " "


def _without_hidden(text: str) -> str:
    """Without comments and elements whose content is not text. By hand: lazy patterns are quadratic."""
    kept: list[str] = []
    position = 0
    while True:
        comment = text.find("<!--", position)
        element = _HIDDEN.search(text, position)
        if comment >= 0 and (element is None or comment < element.start()):
            start, end = comment, _after(text, "-->", comment)
        elif element is not None:
            start, end = element.start(), _after_element(text, element)
        else:
            kept.append(text[position:])
            return "".join(kept)
        kept.append(text[position:start])
        kept.append(" ")
        position = end


def _after(text: str, mark: str, start: int) -> int:
    found = text.find(mark, start)
    return len(text) if found < 0 else found + len(mark)


def _after_element(text: str, opening: re.Match[str]) -> int:
    closing = re.compile(rf"</{opening[1]}\s*>", re.IGNORECASE).search(text, opening.end())
    return closing.end() if closing else len(text)


def _without_unseen(text: str) -> str:
    """Without elements that a page hides. One that is never closed hides what follows it, as it does in a browser."""
    kept: list[str] = []
    position = 0
    while element := _UNSEEN.search(text, position):
        kept.append(text[position : element.start()])
        position = element.end()
        if element[1].lower() not in _VOID:
            kept.append(" ")
            position = _after_matching(text, element[1], position)
    return "".join([*kept, text[position:]])


def _after_matching(text: str, name: str, start: int) -> int:
    """Where the element ends that was opened before `start`, others of its name inside it passed over."""
    depth = 1
    for tag in re.compile(rf"<(/?){re.escape(name)}\b[^<>]*>", re.IGNORECASE).finditer(text, start):
        depth += -1 if tag[1] else 1
        if not depth:
            return tag.end()
    return len(text)
