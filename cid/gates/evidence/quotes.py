"""Quotations in the text they were taken from: word for word, or not at all."""

from __future__ import annotations

import re

from cid.domain.evidence import ClaimKind
from cid.text.prose import numbers, quotations
from cid.text.words import words

LONGEST = 600
"""Characters of a quotation."""
SHORTEST = 4
"""Words; what is shorter says nothing that could be checked."""


def located(quote: str, text: str) -> tuple[int, str] | None:
    """Where `quote` begins in `text`, in characters, and how it stands there with single spaces. Only whitespace may
    differ; it begins and ends at a word's."""
    parts = quote.split()
    if not parts or len(quote) > LONGEST or len(words(quote)) < SHORTEST:
        return None
    spelled = r"\s+".join(map(re.escape, parts))
    found = re.search(rf"(?<!\w){spelled}(?!\w)", text)
    return (found.start(), " ".join(found.group().split())) if found else None


def kind_of(quote: str, said: ClaimKind) -> ClaimKind:
    """What it is called, unless what makes it that is not there."""
    if said is ClaimKind.NUMBER and not numbers(quote):
        return ClaimKind.STATEMENT
    if said is ClaimKind.QUOTE and not quotations(quote):
        return ClaimKind.STATEMENT
    return said
