"""A headline for what has none: the beginning of a post."""

from __future__ import annotations

import re

from cid.text.clean import clean, shorten
from cid.text.prose import sentences

LIMIT = 140
FEWEST_WORDS = 4
"""A line with fewer, like “BREAKING”, says nothing by itself: the next one is added."""
READ = 4000
"""Letters; a headline lies in them."""
_ADDRESS = re.compile(r"\bhttps?://\S+")
_WORD = re.compile(r"\w+")


def headline(text: str) -> str:
    """The first line or sentence that says something, without addresses, in at most LIMIT letters; empty: no word."""
    parts = (  # one by one: the first few are nearly always enough
        sentence
        for line in text[:READ].split("\n")
        if (bare := clean(_ADDRESS.sub("", line)))
        for sentence in (sentences(bare) or [bare])
    )
    said = ""
    for part in parts:
        if said and len(said) + len(part) >= LIMIT:
            break
        said = f"{said} {part}" if said else part
        if len(_WORD.findall(said)) >= FEWEST_WORDS:
            break
    if not _WORD.search(said):
        said = clean(text[:READ]) if _WORD.search(text[:READ]) else ""
    return shorten(said, LIMIT)
