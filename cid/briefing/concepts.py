"""Words that mean much the same to a classifier: what one sentence calls Banderites, another calls neo-Nazis."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from cid.text.words import words

SHORTEST_STEM = 3


class Concepts:
    """By name, words (`coup`) and beginnings of words (`overthr*`). Raises ValueError for an entry that is neither."""

    __slots__ = ("_longest", "_stems", "_words", "table")

    def __init__(self, table: Mapping[str, Sequence[str]]) -> None:
        self.table = {name: tuple(table[name]) for name in sorted(table)}
        self._words: dict[str, set[str]] = {}
        self._stems: dict[str, set[str]] = {}
        for name, entries in self.table.items():
            for entry in entries:
                self._add(name, entry)
        self._longest = max(map(len, self._stems), default=0)

    def _add(self, name: str, entry: str) -> None:
        bare = entry.removesuffix("*")
        found = words(bare)
        if len(found) != 1 or (bare != entry and len(found[0]) < SHORTEST_STEM):
            raise ValueError(f"{entry!r} in {name} is neither one word nor the beginning of one with a * behind it")
        (self._words if bare == entry else self._stems).setdefault(found[0], set()).add(name)

    def of(self, told: Iterable[str]) -> list[str]:
        """Of folded words: the concepts that one of them belongs to, by name."""
        found: set[str] = set()
        for word in told:
            found |= self._words.get(word, frozenset())
            for end in range(SHORTEST_STEM, min(len(word), self._longest) + 1):
                found |= self._stems.get(word[:end], frozenset())
        return sorted(found)
