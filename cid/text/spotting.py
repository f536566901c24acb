"""Many words and phrases found in one walk through a text: what a catalogue of thousands is matched with.

A pattern is words side by side. `encircl*` is every word that begins so, any other word stands for its regular forms
(`cid.text.inflection`). Elided articles are laid aside: `l'OTAN` is OTAN. A word is never found inside another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from cid.text.inflection import key
from cid.text.words import Told, placed

SHORTEST = 2
"""Letters before a `*`."""
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


class Spotter:
    """Finds patterns by their numbers. Built once; knows nothing of what they mean."""

    __slots__ = ("_alone", "_exact", "_sizes", "_starts", "_stems")

    def __init__(self, patterns: Iterable[str]) -> None:
        alone: dict[str, list[int]] = {}
        starts: dict[tuple[str, str], list[tuple[int, tuple[str, ...]]]] = {}
        every: set[str] = set()
        for number, pattern in enumerate(patterns):
            first, *rest = pieces(pattern)
            every.update((first, *rest))
            if rest:
                starts.setdefault((first, rest[0]), []).append((number, tuple(rest[1:])))
            else:
                alone.setdefault(first, []).append(number)
        self._alone, self._starts = alone, starts
        self._exact = frozenset(one for one in every if not one.endswith("*"))
        self._stems = frozenset(one for one in every if one.endswith("*"))
        self._sizes = tuple(sorted({len(one) - 1 for one in self._stems}))

    def _atoms(self, word: str) -> tuple[str, ...]:
        """What of the patterns' words this one is."""
        word = bare(word)
        found = [key(word)] if key(word) in self._exact else []
        for size in self._sizes:
            if size > len(word):
                break
            if f"{word[:size]}*" in self._stems:
                found.append(f"{word[:size]}*")
        return tuple(found)

    def find(self, text: Sequence[Told]) -> list[tuple[int, int, int]]:
        """(pattern, first word, word behind the last), in the order of the first words."""
        known: dict[str, tuple[str, ...]] = {}
        told: list[tuple[str, ...]] = []
        begun: list[int] = []
        for at, (word, _start, _end) in enumerate(text):
            atoms = known.get(word)
            if atoms is None:
                atoms = known[word] = self._atoms(word)
            told.append(atoms)
            if atoms:
                begun.append(at)
        found = []
        told.append(())
        for at in begun:
            for atom in told[at]:
                found += [(number, at, at + 1) for number in self._alone.get(atom, ())]
                for second in told[at + 1]:
                    for number, rest in self._starts.get((atom, second), ()):
                        end = at + 2 + len(rest)
                        if not rest or (end < len(told) and all(w in told[at + 2 + n] for n, w in enumerate(rest))):
                            found.append((number, at, end))
        return found
