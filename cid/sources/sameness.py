"""Whether a body says what the one before it said, though its bytes differ."""

from __future__ import annotations

import hashlib
import re

_FIRST = re.compile(rb"<(?:[A-Za-z][\w.-]{0,30}:)?(?:item|entry)[\s>/]")
_LAST = re.compile(rb"</(?:[A-Za-z][\w.-]{0,30}:)?(?:item|entry)\s{0,5}>")
_CHANGES = re.compile(
    rb"<((?:[A-Za-z][\w.-]{0,30}:)?(?:lastBuildDate|pubDate|updated|modified|date|generator|generatorAgent))"
    rb"(?:\s[^<>]{0,1000})?>[^<]{0,1000}</\1\s{0,5}>",
)
_NONCE = re.compile(rb"""\s(?:nonce|data-nonce)\s{0,5}=\s{0,5}(?:"[^"<>]{0,200}"|'[^'<>]{0,200}')""")
EDGE = 65_536
"""Bytes before the first and behind the last entry that are looked through; what is longer counts as it is."""


def sha(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()


def same_sha(body: bytes) -> bytes:
    """SHA-256 without what changes at every poll and is no news: before the first entry dates, generator, nonces and
    comments; behind the last one comments. Linear. Entries themselves count to the byte."""
    first = _FIRST.search(body)
    if first is None:
        return sha(body)
    end = body.rfind(b"</")
    for _ in range(6):  # the closing tags of a feed: entry, channel, rss, and few that somebody added
        if end < 0 or _LAST.match(body, end):
            break
        end = body.rfind(b"</", 0, end)
    else:
        end = len(body)
    end = max(end, first.start())
    made = hashlib.sha256(_head(body[: first.start()]))
    made.update(memoryview(body)[first.start() : end])
    made.update(_bare(body[end:]))
    return made.digest()


def _head(head: bytes) -> bytes:
    return head if len(head) > EDGE else _CHANGES.sub(b"", _NONCE.sub(b"", _bare(head)))


def _bare(text: bytes) -> bytes:
    """Without comments, processing instructions and the space between tags. An open one runs to the end."""
    if len(text) > EDGE:
        return text
    kept: list[bytes] = []
    position = 0
    while True:
        opening = min((found for mark in (b"<!--", b"<?") if (found := text.find(mark, position)) >= 0), default=-1)
        if opening < 0:
            break
        close = b"-->" if text.startswith(b"<!--", opening) else b"?>"
        kept.append(text[position:opening])
        end = text.find(close, opening + 2)
        position = len(text) if end < 0 else end + len(close)
    kept.append(text[position:])
    return b"".join(b"".join(kept).split())
