"""What a briefing scores: the rubric of form, point by point, and beside it checks of content that cap the rating."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

CEILING = 70


class Rating(StrEnum):
    """From the best to the worst."""

    EXCELLENT = "excellent"
    GOOD = "good"
    ACCEPTABLE = "acceptable"
    POOR = "poor"
    FAILING = "failing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One sub-check of the rubric."""

    check: str
    points: int
    of: int
    why: str
    """A sentence: what was there, or what is missing for the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    name: str
    points: tuple[Point, ...]

    @property
    def score(self) -> int:
        return sum(point.points for point in self.points)

    @property
    def of(self) -> int:
        return sum(point.of for point in self.points)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentCheck:
    """A look at what the rubric cannot see. Its result is no points: it may cap the rating that is shown."""

    name: str
    passed: bool | None
    """None: there was nothing to look at."""
    why: str
    where: tuple[str, ...] = ()
    """The sentences, quotes or addresses that it is about."""
    cap: Rating | None = None
    """The best rating that can be shown where it did not pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    dimensions: tuple[Dimension, ...]
    checks: tuple[ContentCheck, ...]
    rating: Rating
    """By the rubric alone."""
    shown: Rating
    """What people see: `rating`, or the lowest cap of a check that did not pass."""
    version: str
    """Of the rubric and the checks together."""

    @property
    def total(self) -> int:
        return sum(dimension.score for dimension in self.dimensions)

    @property
    def capped_by(self) -> tuple[str, ...]:
        """The checks that hold the shown rating where it is."""
        if self.shown is self.rating:
            return ()
        return tuple(check.name for check in self.checks if check.passed is False and check.cap is self.shown)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredScorecard:
    card: Scorecard
    made_at: datetime
