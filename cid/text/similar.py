"""Which story a headline belongs to: by its words, without asking anybody.

A story is looked up by pairs of words (one shared word finds half of the news, two find a story), and decided by the
cosine between the headline's words and all the words that the story's headlines used, each as often as it was used.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import combinations
from typing import Generic, TypeVar
from zlib import crc32

from cid.text.words import words

WINDOW = timedelta(hours=48)
ALIKE = 0.30
SHARED = 2
PAIRED = 6
"""Words of a headline that are paired: the longest, which are the rarer ones in any language."""
WORDS_KEPT = 200

_LIGHT_WORDS = (
    "a an the and or but of to in on at for from by with as is are was be been it its this that will has have had "
    "not no new says said say after over up out how why what who his her their you your we our "
    "der die das den dem des und ein eine von zu mit im auf ist für "
    "le la les de du un une et en au aux sur pour est el los las y o con por para il lo gli di da del per che"
)
_LIGHT = frozenset(words(_LIGHT_WORDS))

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Headline:
    """A title made ready for comparison."""

    words: tuple[str, ...]
    """Each once; all of them where a title has none but light ones."""
    pairs: tuple[int, ...]
    """32-bit hashes of the pairs among its longest words, or of a lone word with itself."""


def headline(title: str) -> Headline:
    found = set(words(title))
    kept = tuple(sorted(found - _LIGHT or found))
    longest = sorted(sorted(kept, key=len, reverse=True)[:PAIRED])
    pairs = list(combinations(longest, 2)) or [(word, word) for word in longest]
    return Headline(kept, tuple(crc32(f"{one} {two}".encode()) for one, two in pairs))


def bucket(at: datetime) -> int:
    """Number of the window that a moment lies in: what is near in time lies in the same or the next one."""
    return int(at.timestamp() // WINDOW.total_seconds())


def first_key(window: int) -> int:
    """The lowest key of a window. That it is part of the key keeps a look-up as cheap as what the window holds, however
    old the table grows."""
    return window << 32


def lookup_keys(title: Headline, at: datetime, now: datetime) -> list[int]:
    """Keys under which stories within WINDOW of `at` may stand, on either side of it but not ahead of `now`."""
    here = bucket(at)
    windows = range(here - 1, min(here + 1, bucket(now)) + 1)
    return [first_key(window) + pair for window in windows for pair in title.pairs]


@dataclass(slots=True)
class Known(Generic[K]):
    """A story while headlines are placed: `made` for one of them, or `touched` because one was placed in it.

    `keys` are those it is known to stand under, `added` those that are new.
    """

    id: K
    words: list[str]
    keys: set[int]
    at: datetime
    """Of its latest item."""
    sample: bool
    made: bool = False
    touched: bool = False
    added: list[int] = field(default_factory=list)
    _counts: Counter[str] = field(init=False)
    _square: int = field(init=False)

    def __post_init__(self) -> None:
        self._count()

    def likeness(self, title: Headline) -> float:
        """Cosine, 0 to 1; 0 below SHARED common words unless the title has no more."""
        shared = [count for word in title.words if (count := self._counts.get(word))]
        if not shared or len(shared) < min(SHARED, len(title.words)):
            return 0.0
        return sum(shared) / math.sqrt(len(title.words) * self._square)

    def take(self, title: Headline, at: datetime) -> None:
        self.touched = True
        self.words = [*self.words, *title.words][-WORDS_KEPT:]
        self.at = max(self.at, at)
        self._count()

    def _count(self) -> None:
        self._counts = Counter(self.words)
        self._square = sum(count * count for count in self._counts.values())


class Shelf(Generic[K]):
    """Stories by key. Placing is sequential: a headline sees the stories that those before it made."""

    def __init__(self, stories: Iterable[Known[K]], now: datetime) -> None:
        self._now = now
        self._by_key: dict[int, list[Known[K]]] = defaultdict(list)
        self.stories: list[Known[K]] = []
        for story in stories:
            self.stories.append(story)
            for key in story.keys:
                self._by_key[key].append(story)

    def place(self, title: Headline, at: datetime, *, sample: bool, fresh: K) -> Known[K]:
        """In the nearest story, or in a new one whose id is `fresh`. Sample and real news never meet."""
        return self.nearest(title, at, sample=sample, fresh=fresh)[0]

    def nearest(self, title: Headline, at: datetime, *, sample: bool, fresh: K) -> tuple[Known[K], float, bool]:
        """`place`, with the likeness to the story as it was before, and whether the story is new."""
        story, likeness = self._nearest(title, at, sample=sample)
        made = story is None
        if story is None:
            story = Known(id=fresh, words=list(title.words), keys=set(), at=at, sample=sample, made=True)
            self.stories.append(story)
        else:
            story.take(title, at)
        start = first_key(bucket(story.at))
        for key in {start + pair for pair in title.pairs} - story.keys:
            story.keys.add(key)
            story.added.append(key)
            self._by_key[key].append(story)
        return story, likeness, made

    def _nearest(self, title: Headline, at: datetime, *, sample: bool) -> tuple[Known[K] | None, float]:
        """The first of those that are most alike."""
        seen = {id(story): story for key in lookup_keys(title, at, self._now) for story in self._by_key.get(key, ())}
        alike = [
            (story.likeness(title), story)
            for story in seen.values()
            if story.sample == sample and abs(story.at - at) <= WINDOW
        ]
        most, best = max(alike, key=lambda pair: pair[0], default=(0.0, None))
        return (best, most) if most >= ALIKE else (None, 0.0)
