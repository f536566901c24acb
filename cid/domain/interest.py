"""How much is searched for something, as an outside party says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Interest:
    """`score` is None where nothing is known, and `missing` says why in one sentence."""

    score: float | None = None
    """0 to 100."""
    of: str = ""
    """What it is the score of: a keyword, and where."""
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What one answer is about. Shared by all tenants: no tenant is in it."""

    place: str
    """ISO 3166-1 alpha-2."""
    keyword: str
    """Folded; empty: whatever is searched for most in that place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a provider answered to one question."""

    scores: Mapping[str, float] = field(default_factory=dict)
    """Search → 0 to 100: the keyword asked about, or all that the place's list holds, folded."""
    missing: str = ""
    """Why there is no answer."""
    settled: bool = False
    """Asking again soon would bring the same."""
    rest: timedelta | None = None
    """For so long the provider wants to be left alone, about everything."""
    own: bool = False
    """It is the asking tenant's own trouble: another one may be answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is kept of a question, or of a list."""

    scores: Mapping[str, float]
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Busy:
    """Another process is asking the same."""

    until: datetime


class Ours:
    """Nobody knows, and nobody else is asking: we have to."""


Found: TypeAlias = Known | Busy | Ours
