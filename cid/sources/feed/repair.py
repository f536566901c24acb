"""XML that is not: mended where the meaning is plain. Recovering parsers drop text at a bare `&` instead, and with it
half an address."""

from __future__ import annotations

import html.entities
import re

_AMPERSAND = re.compile(r"&(?:(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6});|([A-Za-z][A-Za-z0-9]{1,31});)?")
_SECTION = re.compile(r"<!\[CDATA\[|<!--")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_GIANT = re.compile(r"<[^<>]{16384,}")
_PREFIX = re.compile(r"</?([A-Za-z_][\w.-]{0,40}):[A-Za-z_]|\s([A-Za-z_][\w.-]{0,40}):[A-Za-z_][\w.-]{0,40}\s*=")
_PADDED = re.compile(r"(\bxmlns(?::[\w.-]{1,41})?=[\"'])\s+")
_ROOT = re.compile(r"(?>(?:\s|<\?(?>.*?\?>)|<!--(?>.*?-->)|<!DOCTYPE[^\[>]*>)*)<(?![!?])[^\s<>/]+", re.DOTALL)
_KNOWN = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "sy": "http://purl.org/rss/1.0/modules/syndication/",
}
"""What feeds mean by prefixes that they forget to declare."""
_XML = frozenset({"amp", "lt", "gt", "quot", "apos"})


def giant_tag(text: str) -> bool:
    """A tag over 16 kB: none is honest, and parsers take time quadratic in it."""
    return _GIANT.search(text) is not None


def illegal(text: str) -> bool:
    return _ILLEGAL.search(text) is not None


def legal(text: str) -> str:
    """Without the characters that XML forbids."""
    return _ILLEGAL.sub("", text)


def repair(text: str) -> str:
    """Named entities of HTML become their characters, any other `&` stands for itself; sections and comments stay."""
    mended: list[str] = []
    position = 0
    while opening := _SECTION.search(text, position):
        close = "]]>" if opening[0] == "<![CDATA[" else "-->"
        end = text.find(close, opening.end())
        if end < 0:
            break
        mended += _AMPERSAND.sub(_mend, text[position : opening.start()]), text[opening.start() : end + 3]
        position = end + 3
    mended.append(_AMPERSAND.sub(_mend, text[position:]))
    return "".join(mended)


def declared(text: str) -> str:
    """Every prefix that is used is declared at the root, and no namespace's name begins with a space."""
    root = _ROOT.match(text)
    if root is None:
        return text
    text = _PADDED.sub(r"\1", text)
    used = {one or other for one, other in _PREFIX.findall(text)} - {"xml", "xmlns"}
    missing = [name for name in sorted(used) if f"xmlns:{name}=" not in text][:20]
    spaces = "".join(f' xmlns:{name}="{_KNOWN.get(name, f"urn:undeclared:{name}")}"' for name in missing)
    return text[: root.end()] + spaces + text[root.end() :]


def _mend(ampersand: re.Match[str]) -> str:
    number, name = ampersand[1], ampersand[2]
    if number:
        code = int(number.lower().removeprefix("#x"), base=16) if number[1] in "xX" else int(number[1:])
        return ampersand[0] if _allowed(code) else ""
    if name in _XML:
        return ampersand[0]
    characters = html.entities.html5.get(f"{name};") if name else None
    if characters:
        return "".join(f"&#{ord(character)};" for character in characters)
    return "&amp;" + ampersand[0][1:]


def _allowed(code: int) -> bool:
    return code in {9, 10, 13} or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or 0x10000 <= code <= 0x10FFFF
