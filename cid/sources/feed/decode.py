"""Bytes → text. What a feed says about its own encoding is believed last."""

from __future__ import annotations

import codecs
import re

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_PROLOG = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)
_WIDER = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "cp1252",
}
_ESCAPED = frozenset({"iso-2022-jp", "iso-2022-kr", "hz-gb-2312"})


def decode(body: bytes, content_type: str) -> str:
    """Byte order mark, valid UTF-8, charset of the answer, of the prolog, Windows-1252: the first that fits."""
    for mark, name in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace")
    for start, name in ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be")):
        if body.startswith(start):
            return body.decode(name, "replace")
    said = _said(body, content_type)
    escaped = [name for name in said if name in _ESCAPED and b"\x1b" in body]  # seven bits: would pass for UTF-8
    for name in (*escaped, "utf-8", *said):
        try:
            return body.decode(_WIDER.get(name, name))
        except (UnicodeDecodeError, LookupError):
            continue
    return body.decode("cp1252", "replace")


def _said(body: bytes, content_type: str) -> list[str]:
    header, prolog = _CHARSET.search(content_type), _PROLOG.search(body[:400])
    names = [header[1] if header else "", prolog[1].decode() if prolog else ""]
    return [name.lower() for name in names if name]
