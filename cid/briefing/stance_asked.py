"""What a model of stances is asked about: a sentence without its claim, and the signs that stand in it.

The claim's own words tell what is claimed and not what the text makes of it, so one word stands for all of them. Signs
(`stance_signs`) are told as words of their own, each with the side of the claim it stands on: a denial that was never
met in training is still a denial.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cid.briefing.stance_signs import Sentences
from cid.domain.narratives import Stance

CLAIM = "xclaimx"
LONGEST_CLAIM = 120
"""Characters from a claim's first word to its last; where there are more, each of its parts is left out by itself."""
AROUND = 400
"""Characters before the claim, and behind it."""


def asked(text: Sentences, start: int, end: int, places: Sequence[tuple[int, int]], rules: Stance) -> str:
    """Of the sentence from `start` to `end` with claims at `places`; `rules`: what is told of it by rules."""
    first, last = min(place[0] for place in places), max(place[1] for place in places)
    parts = [(first, last)] if last - first <= LONGEST_CLAIM else sorted(places)
    begin, beyond = max(start, first - AROUND), min(max(end, last), last + AROUND)
    told, at = [], begin
    for a, b in parts:
        told += [text.text[at : max(a, at)], CLAIM]
        at = max(at, b)
    told.append(text.text[at:beyond])
    return " ".join([*told, *_signs(text, start, end, first, last), f"xrule{rules}x"])


def _signs(text: Sentences, start: int, end: int, first: int, last: int) -> Iterator[str]:
    begin, behind = text.word(first), text.word(last)
    for sign in text.signs(start, max(end, last)):
        if sign.first < begin:
            yield f"xahead{sign.mark}x"
        elif sign.first >= behind:
            yield f"xbehind{sign.mark}x"
