"""A text's letters and words as readers compare them, each with its place in the text as it stands.

Two views: letters (compatibility forms, invisible characters, kinds of spaces, quotation marks and dashes do not
matter) and words (accents, case and punctuation do not matter either). Both take a time linear in the text.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from cid.text.clean import clean
from cid.text.words import fold, word_spans

_MARKS = str.maketrans(
    dict.fromkeys("“”„‟«»‹›「」『』〝〞＂", '"') | dict.fromkeys("‘’‚‛ʼ′´`", "'") | dict.fromkeys("‐‑‒–—―−", "-")
)
_SPACED = re.compile(" {2,}")


@lru_cache(maxsize=8192)
def _letters(char: str) -> str:
    if char.isspace():
        return " "
    return unicodedata.normalize("NFKD", clean(char.translate(_MARKS)))


@lru_cache(maxsize=8192)
def _folded(char: str) -> str:
    # Alone, an accent is no letter; folding brings a letter and its marks together again, which would merge places.
    return unicodedata.normalize("NFKD", fold(char))


@dataclass(frozen=True, slots=True)
class Letters:
    """`text` is what is compared; `places[n]` is where its letter n stands in the text as it was."""

    text: str
    places: array[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """In the text as it was. `end` is behind the last letter, and greater than `start`."""
        return self.places[start], self.places[end - 1] + 1


@dataclass(frozen=True, slots=True)
class Words:
    """`text` has each word between single spaces, a space at both ends."""

    text: str
    starts: array[int]
    """Of each word, in `text`."""
    spans: tuple[tuple[int, int], ...]
    """Of each word, in the text as it was."""

    def number(self, at: int) -> int:
        """Of the word at this letter of `text`."""
        return bisect_right(self.starts, at) - 1

    def __getitem__(self, number: int) -> str:
        start = self.starts[number]
        return self.text[start : self.text.index(" ", start)]

    def __len__(self) -> int:
        return len(self.spans)


def letters(text: str) -> Letters:
    found, places, spaced = [], array("q"), True
    for place, char in enumerate(text):
        for letter in _letters(char):
            if letter == " " and spaced:
                continue
            spaced = letter == " "
            found.append(letter)
            places.append(place)
    return Letters("".join(found), places)


def plain(text: str) -> str:
    """`letters(text).text`, several times faster: for what has no places to tell."""
    return _SPACED.sub(" ", "".join(map(_letters, text))).removeprefix(" ")


def plain_words(text: str) -> list[str]:
    """The words of `in_words(letters(text))`."""
    folded = "".join(map(_folded, plain(text)))
    return [folded[start:end] for start, end in word_spans(folded)]


def in_words(of: Letters) -> Words:
    folded, origin = [], array("q")
    for at, letter in enumerate(of.text):
        for one in _folded(letter):
            folded.append(one)
            origin.append(at)
    plain, starts, spans, size = "".join(folded), array("q"), [], 1
    parts: list[str] = []
    for start, end in word_spans(plain):
        starts.append(size)
        parts.append(plain[start:end])
        spans.append(of.span(origin[start], origin[end - 1] + 1))
        size += end - start + 1
    return Words(f" {' '.join(parts)} ", starts, tuple(spans))


def found_in(needle: str, text: str, start: int = 0, end: int | None = None, *, most: int = 8) -> Iterator[int]:
    """The first places at which it stands, at most so many: what hostile text can cost stays bounded."""
    at = text.find(needle, start, end)
    while at >= 0 and most:
        yield at
        most -= 1
        at = text.find(needle, at + 1, end)
