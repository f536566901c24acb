"""Which story a headline belongs to: by its words, without asking anybody.

A story is looked up by pairs of words (one shared word finds half of the news, two find a story), and decided by the
cosine between the headline's words and all the words that the story's headlines used, each as often as it was used.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import combinations
from typing import Generic, TypeVar
from zlib import crc32

from cid.text.words import words

WINDOW = timedelta(hours=48)
ALIKE = 0.30
SHARED = 2
PAIRED = 7
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


def title_words(title: str) -> tuple[str, ...]:
    """Each once, in alphabetical order; all of them where a title has none but light ones."""
    found = set(words(title))
    return tuple(sorted(found - _LIGHT or found))


def bucket(at: datetime) -> int:
    """Number of the window that a moment lies in: what is near in time lies in the same or the next one."""
    return int(at.timestamp() // WINDOW.total_seconds())


def first_key(window: int) -> int:
    """The lowest key that a title can have in a window."""
    return window << 32


def keys(title: Sequence[str], window: int) -> list[int]:
    """64-bit keys of the pairs among the title's longest words (of a lone word, with itself), for one window.

    The window is part of the key, so that looking up costs what the window holds, however old the table grows.
    """
    longest = sorted(sorted(title, key=lambda word: (-len(word), word))[:PAIRED])
    pairs = list(combinations(longest, 2)) or [(word, word) for word in longest]
    return sorted({first_key(window) + crc32(f"{one} {two}".encode()) for one, two in pairs})


def lookup_keys(title: Sequence[str], at: datetime, now: datetime) -> list[int]:
    """Keys under which stories within WINDOW of `at` may stand, on either side of it but not ahead of `now`."""
    here = bucket(at)
    return [key for window in range(here - 1, min(here + 1, bucket(now)) + 1) for key in keys(title, window)]


def likeness(title: Sequence[str], story: Counter[str]) -> float:
    """Cosine, 0 to 1; 0 below SHARED common words unless the title has no more."""
    shared = [story[word] for word in title if word in story]
    if not shared or len(shared) < min(SHARED, len(title)):
        return 0.0
    return sum(shared) / math.sqrt(len(title) * sum(count * count for count in story.values()))


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
    counts: Counter[str] = field(init=False)

    def __post_init__(self) -> None:
        self.counts = Counter(self.words)


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

    def place(self, title: Sequence[str], at: datetime, *, sample: bool, fresh: K) -> Known[K]:
        """In the nearest story, or in a new one whose id is `fresh`. Sample and real news never meet."""
        story = self._nearest(title, at, sample=sample)
        if story is None:
            story = Known(id=fresh, words=list(title), keys=set(), at=at, sample=sample, made=True)
            self.stories.append(story)
        else:
            story.touched = True
            story.words = [*story.words, *title][-WORDS_KEPT:]
            story.counts = Counter(story.words)
            story.at = max(story.at, at)
        self._stand(story, [key for key in keys(title, bucket(story.at)) if key not in story.keys])
        return story

    def _nearest(self, title: Sequence[str], at: datetime, *, sample: bool) -> Known[K] | None:
        """The first of those that are most alike."""
        seen = {id(story): story for key in lookup_keys(title, at, self._now) for story in self._by_key.get(key, ())}
        alike = [
            (likeness(title, story.counts), story)
            for story in seen.values()
            if story.sample == sample and abs(story.at - at) <= WINDOW
        ]
        most, best = max(alike, key=lambda pair: pair[0], default=(0.0, None))
        return best if most >= ALIKE else None

    def _stand(self, story: Known[K], under: Sequence[int]) -> None:
        story.keys.update(under)
        story.added += under
        for key in under:
            self._by_key[key].append(story)
