"""What the machine says about a version, and what a person decides."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from cid.domain.draft import DraftState
from cid.domain.ids import CallId, DecisionId, DraftId, ReviewId, TenantId, UserId, VersionId


class Severity(StrEnum):
    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"


class ReviewOutcome(StrEnum):
    """`needs_auto_revision` is resolved within the review and never stored."""

    READY_FOR_APPROVAL = "ready_for_approval"
    AUTO_REVISED = "auto_revised"
    NEEDS_ADMIN_REVIEW = "needs_admin_review"
    BLOCKED_FACTUAL_REVIEW = "blocked_factual_review"
    REVIEW_FAILED = "review_failed"


DRAFT_AFTER: dict[ReviewOutcome, DraftState] = {
    ReviewOutcome.READY_FOR_APPROVAL: DraftState.READY,
    ReviewOutcome.AUTO_REVISED: DraftState.READY,
    ReviewOutcome.NEEDS_ADMIN_REVIEW: DraftState.HELD,
    ReviewOutcome.BLOCKED_FACTUAL_REVIEW: DraftState.HELD,
    ReviewOutcome.REVIEW_FAILED: DraftState.HELD,
}


class Course(StrEnum):
    """What one reading of a draft comes to, before it is known whether the machine may mend it."""

    READY = "ready_for_approval"
    REVISE = "needs_auto_revision"
    PERSON = "needs_admin_review"
    BLOCKED = "blocked_factual_review"


def concluded(course: Course, round_: int) -> ReviewOutcome:
    """What is stored. The second round follows a revision, and there is no second revision."""
    match course:
        case Course.READY:
            return ReviewOutcome.READY_FOR_APPROVAL if round_ == 1 else ReviewOutcome.AUTO_REVISED
        case Course.BLOCKED:
            return ReviewOutcome.BLOCKED_FACTUAL_REVIEW
        case _:
            return ReviewOutcome.NEEDS_ADMIN_REVIEW


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    severity: Severity
    category: str
    where: str
    what: str
    fix: str = ""
    check: str = ""
    """The name of the check that found it; empty: a model did."""
    field: str = ""
    """The part of the article: title, description, body, questions, linkedin or other; empty: not said."""


def findings(listed: str) -> list[Finding]:
    """Those of a review, as it keeps them."""
    return [Finding(**row | {"severity": Severity(row["severity"])}) for row in json.loads(listed)]


class ReviewKind(StrEnum):
    REVIEW = "review"
    AUTO_FIX = "auto_fix"
    """Of a version that the machine's own revision made."""


@dataclass(frozen=True, slots=True)
class Change:
    """One place that a revision changed."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    tenant_id: TenantId
    id: ReviewId
    draft_id: DraftId
    version_id: VersionId
    outcome: ReviewOutcome
    score: int | None
    findings: str
    """JSON list of Finding."""
    call_id: CallId | None
    round: int
    """1, or 2 after a revision."""
    kind: ReviewKind
    changes: list[dict[str, str]] | None
    """Of that revision: a Change each."""
    cost: Decimal | None
    """US dollars, the revision's call included; None: no model was asked."""
    made_at: datetime


class DecisionKind(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"
    REQUEST_CHANGES = "request_changes"
    UNDO = "undo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    tenant_id: TenantId
    id: DecisionId
    draft_id: DraftId
    version_id: VersionId
    sha256: bytes
    kind: DecisionKind
    user_id: UserId
    reason: str
    via: str
    made_at: datetime
