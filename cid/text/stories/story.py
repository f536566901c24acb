"""A story while items are placed: what its titles have in common, and some of the titles themselves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime

from cid.domain.ids import StoryId
from cid.text.stories.guards import Apart, apart
from cid.text.stories.keys import bucket, heaviest, key
from cid.text.stories.terms import Title, title

TERMS_KEPT = 40
"""Of a story: the heaviest."""
VOICES = 64
"""Of the items that shaped a story the latest, whose sources are known."""
FROM_ONE = 5
"""Of those at most from one source, or a feed that says much could make a story into what it likes."""
FACES = 6
"""Titles of a story that are kept to compare others with: the latest that differ."""
KNOWN_BY = 4
"""Terms under which a story that has grown is found by any one of them."""
GROWN = 4
"""Items from which on a story is known by single terms: before, nobody can tell which of them matter."""


class Story:
    """`keys` are those it is known to stand under, `added` those that are new, each with its level, and `dropped` those
    that it outgrew. `made` and `touched` say what has to be written."""

    def __init__(
        self,
        *,
        id: StoryId,  # noqa: A002 - what everybody else calls it
        at: datetime,
        sample: bool,
        weights: Mapping[str, float] = {},
        mass: int = 0,
        faces: Sequence[str] = (),
        voices: Sequence[int] = (),
        follows: StoryId | None = None,
        keys: set[int] | None = None,
    ) -> None:
        self.id, self.at, self.sample, self.mass, self.follows = id, at, sample, mass, follows
        # `mass`: items of public sources whose terms are in there; 0 where only private ones have it
        self.weights = dict(weights)
        """Term → sum over the items of its weight in the item's title."""
        self.faces = list(faces)
        self.voices = list(voices)
        self.keys = keys or set()
        self.added: dict[int, int] = {}
        self.dropped: set[tuple[int, int]] = set()
        self.made = self.touched = False
        self.into: Story | None = None
        self._titles: list[Title] | None = None
        self._measure()

    @property
    def level(self) -> int:
        """How big it is, in doublings: of those that are known by one term the biggest are looked at."""
        return self.mass.bit_length()

    def likeness(self, vector: Mapping[str, float]) -> float:
        """Cosine, 0 to 1; 0 where less than two terms are shared, unless there is only one."""
        shared = [weight * mine for term, weight in vector.items() if (mine := self.weights.get(term))]
        if not shared or len(shared) < min(2, len(vector)):
            return 0.0
        return min(1.0, math.fsum(shared) / self.length)

    def alike(self, other: Story) -> float:
        """Cosine of two stories, 0 to 1."""
        product = math.fsum(mine * other.weights.get(term, 0.0) for term, mine in self.weights.items())
        return min(1.0, product / (self.length * other.length)) if product else 0.0

    def nearest_face(self, item: Title) -> Title | None:
        """The kept title that shares most of its terms with `item`."""
        terms = set(item.terms)
        return max(self.titles, key=lambda face: _overlap(terms, face), default=None)

    def apart(self, other: Story) -> Apart | None:
        """What speaks against two stories being one, by the two of their titles that are most alike."""
        near = [(mine, face) for mine in self.titles if (face := other.nearest_face(mine))]
        best = max(near, key=lambda pair: _overlap(set(pair[0].terms), pair[1]), default=None)
        return apart(*best) if best else None

    @property
    def titles(self) -> list[Title]:
        if self._titles is None:
            self._titles = [title(face) for face in self.faces]
        return self._titles

    def heard(self, source: int | None) -> bool:
        """Whether `source` has said enough here: it may say more, and that counts for nothing."""
        return source is not None and self.voices.count(source) >= FROM_ONE

    def take(
        self,
        item: Title,
        vector: Mapping[str, float],
        pairs: Sequence[str],
        at: datetime,
        *,
        public: bool = True,
        source: int | None = None,
    ) -> list[int]:
        """Answers the keys that are new. What private sources said counts until the first public one says something."""
        before = self.level
        if public and not self.mass:
            self._forget()
        elif self.mass and not public:
            return []
        self._add(vector, int(public))
        if public and source is not None:
            self.voices = [*self.voices, source][-VOICES:]
        self.at = max(self.at, at)
        self._show([item])
        return self._stand(pairs, before)

    def absorb(self, other: Story) -> None:
        """What `other` held; it is gone afterwards. Its keys go on to lead here."""
        before = self.level
        if other.mass and not self.mass:
            self._forget()
        if other.mass or not self.mass:
            self._add(other.weights, other.mass)
            self._show(other.titles)
            self.voices = [*self.voices, *other.voices][-VOICES:]
        self.at = max(self.at, other.at)
        self.keys |= other.keys
        self.added |= {number: level and self.level for number, level in other.added.items()}
        self._stand((), before)
        other.into, self.touched = self, True

    def _forget(self) -> None:
        self.weights, self.faces, self._titles = {}, [], []

    def _add(self, weights: Mapping[str, float], mass: int) -> None:
        for term, weight in weights.items():
            self.weights[term] = self.weights.get(term, 0.0) + weight
        if len(self.weights) > TERMS_KEPT:
            kept = set(heaviest(self.weights, TERMS_KEPT))
            self.weights = {term: weight for term, weight in self.weights.items() if term in kept}
        self.mass += mass
        self.touched = True
        self._measure()

    def _measure(self) -> None:
        self.length = math.sqrt(math.fsum(weight * weight for weight in self.weights.values())) or 1.0

    def _show(self, titles: Sequence[Title]) -> None:
        known = {face.same for face in self.titles}
        fresh = [item for item in {item.same: item for item in titles}.values() if item.same not in known]
        if fresh:
            self._titles = [*self.titles, *fresh][-FACES:]
            self.faces = [face.text for face in self._titles]

    def _stand(self, pairs: Sequence[str], before: int) -> list[int]:
        window = bucket(self.at)
        new = [number for pair in pairs if self._under(number := key(window, pair), 0)]
        if self.mass < GROWN:
            return new
        for term in heaviest(self.weights, KNOWN_BY):
            number = key(window, term)
            if self.level != before:
                self.dropped.update((old, before) for old in (number, key(window - 1, term)))
                self.keys.discard(number)
            if self._under(number, self.level):
                new.append(number)
        return new

    def _under(self, number: int, level: int) -> bool:
        if number in self.keys:
            return False
        self.keys.add(number)
        self.added[number] = level
        return True


def _overlap(terms: set[str], face: Title) -> float:
    shared = len(terms.intersection(face.terms))
    return shared / (len(terms) + len(face.terms) - shared or 1)
