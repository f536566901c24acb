"""A filter learned from a tenant's own past scores, and what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One story that was scored."""

    title: str
    summary: str
    wanted: bool
    """It passed gate 2, unless a person decided about its draft later: then as they did."""
    decided: bool = False
    stands_for: float = 1.0
    """Stories: one that was asked about by chance, although the filter would have dropped it, stands for the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    bias: float
    threshold: float
    weights: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What one word does, and in how many of the stories it was learned from."""

    word: str
    weight: float
    wanted: int
    unwanted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What the filter did on what was held back from it."""

    labels: int
    decided: int
    passes: int
    held: int
    held_passes: int
    recall: float | None
    """Of what passed. None: nothing that was held back did."""
    sure: float
    """What recall is at least, as far as so few can tell: 95 of 100 times."""
    saved: float
    """The share of stories that would not have been asked about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    filter: Filter
    proof: Proof
    up: tuple[Word, ...]
    down: tuple[Word, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What became of stories since it is on."""

    kept_passes: int
    asked: int
    """Stories it would have dropped that were asked about by chance, and are scored."""
    asked_passes: int
    missed: float
    """Stories that those stand for: each that passed by chance stands for all that were not asked about."""

    @property
    def recall(self) -> float | None:
        """None: nothing passed yet."""
        return self.kept_passes / (self.kept_passes + self.missed) if self.kept_passes + self.missed else None
