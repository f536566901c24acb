"""How well a grouping agrees with one that people made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grade:
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def b_cubed(found: Sequence[Hashable], right: Sequence[Hashable]) -> Grade:
    """Per item, the share of its group that belongs there, and of its story the share that it met; the mean of both.

    A. Bagga and B. Baldwin, Entity-Based Cross-Document Coreferencing Using the Vector Space Model (1998).
    """
    groups, stories, both = Counter(found), Counter(right), Counter(zip(found, right, strict=True))
    if not both:
        return Grade(0.0, 0.0)
    precision = sum(number * number / groups[group] for (group, _), number in both.items())
    recall = sum(number * number / stories[story] for (_, story), number in both.items())
    return Grade(precision / len(found), recall / len(found))


def pairwise(found: Sequence[Hashable], right: Sequence[Hashable]) -> Grade:
    """Of the pairs that a grouping puts together, the share that belong together, and the other way round."""
    hits = _pairs(Counter(zip(found, right, strict=True)))
    together, belong = _pairs(Counter(found)), _pairs(Counter(right))
    return Grade(hits / together if together else 1.0, hits / belong if belong else 1.0)


def _pairs(groups: Counter[Hashable] | Counter[tuple[Hashable, Hashable]]) -> int:
    return sum(number * (number - 1) // 2 for number in groups.values())
