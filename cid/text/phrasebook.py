"""Many phrases looked for in a text at once, whatever form their words stand in.

A tree of words: a text is walked once however many phrases there are, and 500 that begin alike cost what one costs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cid.text.inflection import key
from cid.text.words import Phrase, words

LONGEST = 40
"""Words of a phrase. What is longer is a text and not the name of something: it is found nowhere, so that no text of
repeated words costs its square."""


@dataclass(slots=True)
class _Node:
    further: dict[str, _Node] = field(default_factory=dict)
    ends: int | None = None
    """The place of the phrase that ends here."""


@dataclass(frozen=True, slots=True)
class Phrasebook:
    phrases: tuple[Phrase, ...]
    """Without those that hold no word, that are too long, or that say again in other forms what stands before."""
    first: Mapping[str, _Node] = field(repr=False, compare=False)

    def all_in(self, text: Sequence[str]) -> tuple[Phrase, ...]:
        """Those whose words stand side by side in `text` (of `keys`), in the order in which they were written down."""
        return tuple(self.phrases[place] for place in sorted(set(self._ends(text))))

    def any_in(self, text: Sequence[str]) -> Phrase | None:
        """The one that `text` says first."""
        place = next(self._ends(text), None)
        return None if place is None else self.phrases[place]

    def _ends(self, text: Sequence[str]) -> Iterator[int]:
        if self.first.keys().isdisjoint(text):
            return  # as nearly always, and at a tenth of the cost
        for start, word in enumerate(text):
            node, at = self.first.get(word), start
            while node is not None:
                if node.ends is not None:
                    yield node.ends
                at += 1
                node = node.further.get(text[at]) if at < len(text) else None


def phrasebook(written: Iterable[str]) -> Phrasebook:
    root = _Node()
    kept: list[Phrase] = []
    for text in written:
        phrase = Phrase(text, tuple(words(text)))
        if not 1 <= len(phrase.words) <= LONGEST:
            continue
        node = root
        for word in phrase.words:
            node = node.further.setdefault(key(word), _Node())
        if node.ends is None:
            node.ends = len(kept)
            kept.append(phrase)
    return Phrasebook(tuple(kept), root.further)


def keys(text: str) -> list[str]:
    """The words of a text as phrasebooks know them."""
    return [key(word) for word in words(text)]
