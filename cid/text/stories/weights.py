"""How much a term says: the fewer titles use it, the more.

Inverse document frequency (K. Spärck Jones, 1972) over the titles of the last two to four days, kept in the database,
with a prior that stands for the titles not yet seen.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from cid.text.stories.keys import ALL, bucket, first_key, hashed
from cid.text.stories.terms import Title

PRIOR_TITLES = 500
PRIOR_USES = 3
RARENESS = 1.25
"""Power of the logarithm: above 1, a name counts for more against words that many stories use."""


class Uses:
    """How many titles of a window used a term. Counts up as titles are placed; `added` is what is to be stored."""

    def __init__(self, stored: Mapping[int, int]) -> None:
        self._counts = Counter(stored)
        self.added: Counter[int] = Counter()

    def weigh(self, title: Title, at: datetime) -> dict[str, float]:
        """Term → weight, of length 1; empty for a title without a word. Counts the title for those that come after."""
        here, before = first_key(bucket(at)), first_key(bucket(at) - 1)
        numbers = {term: hashed(term) for term in (ALL, *title.terms)}
        counts = self._counts
        used = {term: counts.get(before + each, 0) + counts.get(here + each, 0) for term, each in numbers.items()}
        titles = used[ALL] + PRIOR_TITLES
        raw = {term: math.log(titles / (used[term] + PRIOR_USES)) ** RARENESS for term in title.terms}
        for each in numbers.values():
            counts[here + each] += 1
            self.added[here + each] += 1
        length = math.sqrt(math.fsum(weight * weight for weight in raw.values()))
        return {term: weight / length for term, weight in raw.items()}
