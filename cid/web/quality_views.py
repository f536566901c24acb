"""What the templates about the review of drafts are given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cid.domain.choices import Asked
from cid.domain.guardrails import Guardrail
from cid.domain.review import Finding
from cid.render.diff import Span
from cid.store.quality import Reviewed, Round
from cid.store.switches import Switched
from cid.text.recurring import Recurring
from cid.web.draft_views import Chip


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChoice:
    """One filter of the list; the key is empty for all."""

    key: str
    text: str
    tone: str
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class ChangeView:
    field: str
    spans: Sequence[Span]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundView:
    round: Round
    outcome: str
    findings: Sequence[Finding]
    changes: Sequence[ChangeView]


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftLine:
    row: Reviewed
    chip: Chip
    first: RoundView | None
    second: RoundView | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecurringLine:
    one: Recurring
    stands: bool
    """A rule came of it already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityView:
    choices: Sequence[StatusChoice]
    newest: int
    """Drafts that the counts are over, at most."""
    lately: int
    rows: Sequence[DraftLine]
    first: str
    next: str
    recurring: Sequence[RecurringLine]
    rules: Sequence[Guardrail]
    most: int
    asked: Sequence[Asked]
    gate5: bool
    revision: bool
    ready_score: int
    revise_score: int
    problem: str = ""
    typed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformQualityView:
    rules: Sequence[Guardrail]
    most: int
    gate5: bool
    revision: bool
    switched: Switched | None
    problem: str = ""
    text: str = ""
    industry: str = ""
