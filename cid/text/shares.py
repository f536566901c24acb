"""How well a yes or no agrees with what people say: shares of counts, and how sure a share is. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SURE = 1.645
"""Standard deviations of a normal distribution that 95 of 100 values are above: a bound on one side."""


def lower_bound(right: float, of: float, z: float = SURE) -> float:
    """What a share is at least, as far as `of` trials can tell: the lower end of Wilson's score interval (E. B. Wilson,
    J. Am. Stat. Assoc. 22, 1927). Five of five are no proof of 0.98: they bear out 0.65. 0 without a trial."""
    if of <= 0:
        return 0.0
    share = min(right / of, 1.0)
    centre = share + z * z / (2 * of)
    spread = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return max(0.0, (centre - spread) / (1 + z * z / of))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """What passes at a score of `at` or more, against what people say. None: nothing to count a share of."""

    at: int
    right: int
    """Passed, and people want it."""
    wrong: int
    missed: int

    @property
    def precision(self) -> float | None:
        return self.right / (self.right + self.wrong) if self.right + self.wrong else None

    @property
    def recall(self) -> float | None:
        return self.right / (self.right + self.missed) if self.right + self.missed else None

    @property
    def f1(self) -> float | None:
        all_ = 2 * self.right + self.wrong + self.missed
        return 2 * self.right / all_ if all_ else None


def cuts(scored: Sequence[tuple[float, bool]], at: Iterable[int]) -> list[Cut]:
    """`scored`: each with its score and whether people want it."""
    return [
        Cut(
            at=one,
            right=sum(score >= one and wanted for score, wanted in scored),
            wrong=sum(score >= one and not wanted for score, wanted in scored),
            missed=sum(score < one and wanted for score, wanted in scored),
        )
        for one in at
    ]
