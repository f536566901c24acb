"""What a model of stances is asked about: a sentence without its claim.

The claim's own words tell what is claimed and not what the text makes of it, so one word stands for all of them.
"""

from __future__ import annotations

from collections.abc import Sequence

CLAIM = "xclaimx"
"""No word of any language."""
LONGEST_CLAIM = 120
"""Characters from a claim's first word to its last; where there are more, each of its parts is left out by itself."""
AROUND = 400
"""Characters before the claim, and behind it."""


def asked(text: str, start: int, end: int, places: Sequence[tuple[int, int]]) -> str:
    """Of the sentence from `start` to `end` with claims at `places`."""
    first, last = min(place[0] for place in places), max(place[1] for place in places)
    begin, beyond = max(start, first - AROUND), min(max(end, last), last + AROUND)
    told, at = [], begin
    for a, b in [(first, last)] if last - first <= LONGEST_CLAIM else sorted(places):
        told += [text[at:a], CLAIM]
        at = max(at, b)
    return " ".join([*told, text[at:beyond]])
