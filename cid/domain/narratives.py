"""Known narratives, and where a run's items or its report match them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from cid.domain.ids import MatchId, RunId, UserId


class Strength(StrEnum):
    """By distinct, independent cues."""

    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"


class Stance(StrEnum):
    REPEATS = "repeats"
    """The text makes the claim its own."""
    REPORTS = "reports"
    """It says that somebody makes it."""
    DEBUNKS = "debunks"
    """It says that it is wrong."""


class Where(StrEnum):
    ITEM = "item"
    REPORT = "report"
    """In what the model wrote, which has read the catalogue: such a match says little by itself."""


class By(StrEnum):
    CATALOGUE = "catalogue"
    CLASSIFIER = "classifier"


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrative:
    id: str
    name: str
    category: str
    category_name: str
    description: str
    frequency: str
    """One of `briefing.FREQUENCY`."""
    first_documented: str
    """A year, or words such as "Soviet era"."""
    active: bool
    version: str
    claims: tuple[str, ...]
    """Examples."""
    sources: tuple[str, ...]
    """Who documented it."""
    cues: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By language (BCP 47, two letters; empty: any): words and phrases. Finer shapes are the matcher's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What was matched, in letters of an item's title, a line feed and its text, or of the report."""

    start: int
    end: int
    text: str
    cue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """As the matcher finds it."""

    narrative: str
    where: Where
    item: int | None
    """The number of the run's item; None: in the report."""
    spans: tuple[Span, ...]
    cues: int
    """Distinct and independent of each other."""
    strength: Strength
    stance: Stance
    language: str
    by: By = By.CATALOGUE
    probability: float | None = None
    """As the classifier has it; None: the catalogue found it."""
    version: str = ""
    """Of the catalogue, or of the classifier."""


class MatchVerdict(StrEnum):
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMatch:
    id: MatchId
    run_id: RunId
    name: str
    """The narrative's, as it was called then."""
    category: str
    match: Match
    made_at: datetime
    verdict: MatchVerdict | None = None
    """The last that a person said; None: nobody did."""
    verdict_by: UserId | None = None
    verdict_at: datetime | None = None
