"""Words and phrases of any language, folded so that case, accents and width do not matter."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

# Accents are laid aside, the vowel signs of other scripts are not: there they are the word.
_ACCENTS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")
_LETTERS = str.maketrans(
    {"ı": "i", "ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "’": "'", "ʼ": "'"}
)
# Scripts without spaces between words: each character counts as a word, and a name is a phrase of them.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
# Vowel signs and joiners are parts of words, which `\w` does not know: Hebrew, Arabic, the scripts of India, Tibetan.
_SIGNS = "\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0900-\u0963\u0966-\u0dff\u0f18-\u0fbc\u200c\u200d"
_RUN = rf"(?:[^\W_{_UNSPACED}]++|[{_SIGNS}])++"
_WORD = re.compile(rf"[{_UNSPACED}]|{_RUN}(?:'{_RUN})*(?:\+\+|#(?!\w))?")
# As `_WORD`, in a text that is not folded: accents may still stand beside their letters.
_LOOSE = _RUN.replace(f"[{_SIGNS}]", f"[{_SIGNS}\u0300-\u036f]")
_PLACED = re.compile(rf"[{_UNSPACED}]|{_LOOSE}(?:['’ʼ]{_LOOSE})*")
_COMPOUND = re.compile(r"(?<=\w)[-‐‑](?=\w)")


def fold(text: str) -> str:
    if text.isascii():
        return text.casefold()
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", text))
    return unicodedata.normalize("NFC", bare.casefold().translate(_LETTERS))


def words(text: str) -> list[str]:
    """In order, folded; a possessive counts as its owner."""
    return [word.removesuffix("'s") for word in _WORD.findall(fold(text))]


class Told(NamedTuple):
    """A word, folded, and where it stands in what was written. There are as many as words: a tuple is made thrice as
    fast as a frozen dataclass."""

    word: str
    start: int
    end: int


_told = partial(tuple.__new__, Told)
"""As calling `Told`, whose own constructor takes half again as long."""


def placed(text: str) -> list[Told]:
    """As `words`, with places. Each spelling is folded once."""
    known: dict[str, str] = {}
    found: list[Told] = []
    for match in _PLACED.finditer(text):
        written = match[0]
        word = known.get(written)
        if word is None:
            word = known[written] = fold(written).removesuffix("'s")
        found.append(_told((word, *match.span())))
    return found


def word_spans(folded: str) -> Iterator[tuple[int, int]]:
    """Where the words of a folded text begin and end; possessives are kept."""
    return (found.span() for found in _WORD.finditer(folded))


def uncompounded(text: str) -> str:
    """`text` in which the parts of `record-breaking` are no words of their own."""
    return _COMPOUND.sub("'", text)


@dataclass(frozen=True, slots=True)
class Phrase:
    """What somebody wrote, and the words it consists of."""

    written: str
    words: tuple[str, ...]


def phrases(written: Iterable[str]) -> tuple[Phrase, ...]:
    """Those that hold a word at all: the empty phrase would be found everywhere."""
    made = (Phrase(text, tuple(words(text))) for text in written)
    return tuple(phrase for phrase in made if phrase.words)


def first_found(looked_for: Iterable[Phrase], text: Sequence[str]) -> Phrase | None:
    """The first of `looked_for` whose words stand side by side in `text`."""
    present = set(text)
    for phrase in looked_for:
        if present.issuperset(phrase.words) and (len(phrase.words) == 1 or _side_by_side(phrase.words, text)):
            return phrase
    return None


def _side_by_side(phrase: tuple[str, ...], text: Sequence[str]) -> bool:
    size = len(phrase)
    return any(tuple(text[start : start + size]) == phrase for start in range(len(text) - size + 1))
