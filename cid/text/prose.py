"""Prose taken apart: sentences, figures, quotations. No language is assumed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cid.text.words import words

# Begins with a set of letters, which the engine leaps to: led by a choice or a look behind it would try every place.
_END = re.compile(
    r"[.!?…\n。！？।۔؟](?:(?<=[.!?…])(?<![.!?…].)[.!?…]*+[\"”’»)\]]*+\s+"
    r"|(?<=[。！？।۔؟])[。！？।۔؟]*[」』”]*\s*|(?<=\n)\n+)"
)
_SHORT = frozenset(
    [
        "Mr",
        "Mrs",
        "Ms",
        "Dr",
        "Prof",
        "St",
        "No",
        "vs",
        "approx",
        "e.g",
        "i.e",
        "Inc",
        "Ltd",
        "Co",
        "Gov",
        "Sen",
        "Rep",
        "Gen",
    ]
)
"""What has a full stop behind it that ends no sentence; and so has any single letter."""
_NUMBER = re.compile(r"(?<![\w.])\d+(?:[.,\u00a0\u202f]\d+)*")
_QUOTE = re.compile(
    r"“([^“”]{3,1500})”|«([^«»]{3,1500})»|»([^«»]{3,1500})«|„([^„“”]{3,1500})[“”]|[「『]([^「」『』]{3,1500})[」』]"
    r"|\"([^\"\n]{3,1500})\""
)
AROUND = 16
"""Letters at either side of a full stop that say whether it ends a sentence: looking further would cost the square of a
long text's length."""
SIGNIFICANT = 4
"""Words of fewer letters say little in most languages that put spaces between words."""


def significant(text: str) -> set[str]:
    """The words that tell one story from another; figures count, however short."""
    return {word for word in words(text) if len(word) >= SIGNIFICANT or word.isdigit()}


def ends(text: str) -> list[int]:
    """Where its sentences end, the last at its own end. A full stop before a small letter ends nothing."""
    found: list[int] = []
    start = 0
    for match in _END.finditer(text):
        rest = text[match.end() : match.end() + AROUND].lstrip('"“‘«(')
        before = text[max(start, match.start() - AROUND) : match.start()]
        abbreviated = match[0].startswith(".") and _shortened(before)
        if "\n" not in match[0] and (abbreviated or rest[:1].islower()):
            continue
        found.append(match.end())
        start = match.end()
    return [*found, len(text)]


def _shortened(before: str) -> bool:
    """Whether what stands right before a full stop is an abbreviation."""
    if not before or before[-1].isspace():
        return False
    word = before.rsplit(None, 1)[-1]
    return word in _SHORT or (len(word) == 1 and word.isalnum() and not word.isdecimal())


def sentences(text: str) -> list[str]:
    """In order, trimmed, whitespace made single."""
    places = ends(text)
    found = (text[start:end] for start, end in zip([0, *places], places, strict=False))
    return [" ".join(sentence.split()) for sentence in found if sentence.strip()]


def numbers(text: str) -> list[str]:
    """Figures as written, without grouping: `1,200` and `1 200` are 1200, `4,5` is 4.5."""
    return [_plain(found) for found in _NUMBER.findall(text)]


def _plain(number: str) -> str:
    *groups, last = re.split(r"[.,\u00a0\u202f]", number)
    if groups and (len(last) != 3 or (len(groups) == 1 and groups[0] == "0")):
        return "".join(groups) + "." + last
    return "".join(groups) + last


@dataclass(frozen=True, slots=True)
class Quoted:
    """Words between marks, and where the marks begin and end."""

    text: str
    start: int
    end: int


def quoted(text: str) -> list[Quoted]:
    return [
        Quoted(" ".join(next(filter(None, match.groups())).split()), match.start(), match.end())
        for match in _QUOTE.finditer(text)
    ]


def quotations(text: str) -> list[str]:
    return [found.text for found in quoted(text)]
