"""Many words and phrases found in one walk through a text: what a catalogue of thousands is matched with.

A pattern is words side by side. `encircl*` is every word that begins so, any other word stands for its regular forms
(`cid.text.inflection`). Elided articles are laid aside: `l'OTAN` is OTAN. A word is never found inside another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from cid.text.inflection import key
from cid.text.words import Told, placed

SHORTEST = 2
"""Letters before a `*`."""
KEPT, LONGEST = 50_000, 60
"""Words that are kept from one text to the next with what they are, and letters of such a word."""
_PIECE = re.compile(r"[^\s\-‐‑–]+")
_ELIDED = frozenset(["l", "d", "qu", "n", "s", "c", "j", "m", "t", "dell", "all", "nell", "dall", "sull", "un"])


def bare(word: str) -> str:
    """A folded word without its elided article."""
    before, apostrophe, after = word.partition("'")
    return after if apostrophe and before in _ELIDED and after else word


def pieces(pattern: str) -> tuple[str, ...]:
    """A pattern's words as `Spotter` compares them. Raises ValueError where one cannot be."""
    found = []
    for piece in _PIECE.findall(pattern):
        stem, star, rest = piece.partition("*")
        told = [bare(one.word) for one in placed(stem)]
        if rest or len(told) != 1 or (star and len(told[0]) < SHORTEST):
            raise ValueError(f"{piece!r} is no word, nor the beginning of one with a * behind it")
        found.append(f"{told[0]}*" if star else key(told[0]))
    if not found:
        raise ValueError(f"{pattern!r} holds no word")
    return tuple(found)


class _Atoms(NamedTuple):
    """What a word is among the patterns' words."""

    names: tuple[str, ...]
    alone: tuple[int, ...]
    """The patterns that it is by itself."""
    begins: Mapping[str, tuple[tuple[int, tuple[str, ...]], ...]]
    """By their second word, the patterns that it begins: their numbers, and what follows the second word."""


class Spotter:
    """Finds patterns by their numbers. Built once; knows nothing of what they mean."""

    __slots__ = ("_alone", "_atoms", "_begins", "_exact", "_sizes", "_stems")

    def __init__(self, patterns: Iterable[str]) -> None:
        alone: dict[str, list[int]] = {}
        begins: dict[str, dict[str, tuple[tuple[int, tuple[str, ...]], ...]]] = {}
        every: set[str] = set()
        for number, pattern in enumerate(patterns):
            first, *rest = pieces(pattern)
            every.update((first, *rest))
            if rest:
                seconds = begins.setdefault(first, {})
                seconds[rest[0]] = (*seconds.get(rest[0], ()), (number, tuple(rest[1:])))
            else:
                alone.setdefault(first, []).append(number)
        self._alone, self._begins = alone, begins
        self._exact = frozenset(one for one in every if not one.endswith("*"))
        self._stems = {one[:-1]: one for one in every if one.endswith("*")}
        self._sizes = tuple(sorted({len(one) for one in self._stems}))
        self._atoms = lru_cache(maxsize=KEPT)(self._looked)

    def _looked(self, word: str) -> _Atoms | None:
        word = bare(word)
        names = [key(word)] if key(word) in self._exact else []
        for size in self._sizes:
            if size > len(word):
                break
            if stem := self._stems.get(word[:size]):
                names.append(stem)
        if not names:
            return None
        begins: dict[str, tuple[tuple[int, tuple[str, ...]], ...]] = {}
        for name in names:
            for second, patterns in self._begins.get(name, {}).items():
                begins[second] = (*begins.get(second, ()), *patterns)
        return _Atoms(tuple(names), tuple(number for name in names for number in self._alone.get(name, ())), begins)

    def find(self, text: Sequence[Told]) -> list[tuple[int, int, int]]:
        """(pattern, first word, word behind the last), in the order of the first words."""
        known = {
            word: self._atoms(word) if len(word) <= LONGEST else self._looked(word) for word in {one[0] for one in text}
        }
        told = [known[word] for word, _start, _end in text]
        found: list[tuple[int, int, int]] = []
        for at, one in enumerate(told):
            if one is None:
                continue
            if one.alone:
                found += [(number, at, at + 1) for number in one.alone]
            if one.begins and at + 1 < len(told) and (behind := told[at + 1]) is not None:
                found += [(number, at, end) for number, end in _followed(one, behind, told, at)]
        return found


def _followed(one: _Atoms, behind: _Atoms, told: Sequence[_Atoms | None], at: int) -> Iterator[tuple[int, int]]:
    """The patterns that begin with the word at `at`, and where each ends."""
    for second in behind.names:
        for number, rest in one.begins.get(second, ()):
            end = at + 2 + len(rest)
            if not rest or (end <= len(told) and all(_is(told[at + 2 + n], name) for n, name in enumerate(rest))):
                yield number, end


def _is(word: _Atoms | None, name: str) -> bool:
    return word is not None and name in word.names
