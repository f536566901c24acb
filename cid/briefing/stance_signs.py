"""The words of a text by which it is told who answers for a claim, sentence by sentence, each read once."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter

from cid.briefing.stance_answers import MORE
from cid.briefing.stance_words import WORDS, Mark
from cid.text.prose import quoted
from cid.text.spotting import Spotter
from cid.text.tongue import guess
from cid.text.words import Told

PARAGRAPH = 3000
"""Characters around a sentence in which quotation marks are looked for."""
_PHRASES = [
    (language, mark, phrase.strip())
    for language, marks in (*WORDS.items(), *MORE.items())
    for mark, listed in marks.items()
    for phrase in listed.replace("\n", " ").split("|")
]
_SPOTTER = Spotter([phrase.rstrip(":") for _language, _mark, phrase in _PHRASES])
_FIRST = itemgetter(1)


@dataclass(frozen=True, slots=True)
class Sign:
    """A mark in a sentence: its words, the last excluded."""

    mark: Mark
    first: int
    end: int


class Sentences:
    """A text whose sentences are known; what stands in one is read once, however many claims are looked at there."""

    def __init__(self, text: str, limits: Sequence[int], told: Sequence[Told]) -> None:
        """`limits`: 0, where each sentence ends, and the text's end. `told`: the text's words."""
        self.text, self.limits = text, limits
        self._told, self._starts = told, [one.start for one in told]
        self._marked: list[tuple[int, int, int]] | None = None
        self._signs: dict[tuple[int, int], list[Sign]] = {}
        self._quotes: dict[tuple[int, int], list[tuple[int, int]]] = {}

    def number(self, place: int) -> int:
        """Of the sentence at `place`, from 1."""
        return bisect_right(self.limits, place)

    def bounds(self, number: int) -> tuple[int, int]:
        return self.limits[number - 1], self.limits[number] if number < len(self.limits) else len(self.text)

    def word(self, place: int) -> int:
        """How many words begin before `place`."""
        return bisect_left(self._starts, place)

    def between(self, first: int, beyond: int) -> str:
        """From one word to the beginning of another, by their numbers."""
        end = self._starts[beyond] if beyond < len(self._starts) else len(self.text)
        return self.text[self._starts[first] : end] if first < len(self._starts) else ""

    def word_at(self, number: int) -> str:
        return self._told[number].word if number < len(self._told) else ""

    def signs(self, start: int, end: int) -> list[Sign]:
        """Of the words that begin between the two; their numbers are those of the text."""
        if (start, end) not in self._signs:
            first, beyond = self.word(start), self.word(end)
            if self._marked is None:
                self._marked = _in_its_language(_SPOTTER.find(self._told), guess(self.text))
            here = bisect_left(self._marked, first, key=_FIRST), bisect_left(self._marked, beyond, key=_FIRST)
            found = self._marked[here[0] : here[1]]
            self._signs[start, end] = _kept([Sign(_PHRASES[n][1], a, b) for n, a, b in found if b <= beyond])
        return self._signs[start, end]

    def quotes(self, first: int, last: int) -> list[tuple[int, int]]:
        """Of the paragraph around `first` and `last`, or of so much of a long one as lies near them."""
        start = max(self.text.rfind("\n", 0, first) + 1, (first // PARAGRAPH - 1) * PARAGRAPH)
        beyond = (last // PARAGRAPH + 2) * PARAGRAPH
        line = self.text.find("\n", last, beyond)
        end = line if line >= 0 else beyond
        if (start, end) not in self._quotes:
            found = quoted(self.text[start:end])
            self._quotes[start, end] = [(start + one.start, start + one.end) for one in found]
        return self._quotes[start, end]


def _in_its_language(found: list[tuple[int, int, int]], language: str) -> list[tuple[int, int, int]]:
    """`These` is a claim in German alone. Of a text that does not tell its language the words of all count."""
    return [one for one in found if _PHRASES[one[0]][0] == language] if language in WORDS else found


def _kept(every: list[Sign]) -> list[Sign]:
    """In order; where two share a word, the longer phrase counts, and among equals what means nothing."""
    every.sort(key=lambda one: (one.first - one.end, one.mark is not Mark.PLAIN, one.first))
    taken: dict[int, tuple[int, int]] = {}
    kept = [one for one in every if one.mark is Mark.THIS]
    for one in every:
        if one.mark is Mark.THIS:
            continue
        if all(taken.get(n, (one.first, one.end)) == (one.first, one.end) for n in range(one.first, one.end)):
            kept.append(one)
            taken.update(dict.fromkeys(range(one.first, one.end), (one.first, one.end)))
    return sorted((one for one in kept if one.mark is not Mark.PLAIN), key=lambda one: one.first)
