"""What the machine says about a version, and what a person decides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    severity: Severity
    category: str
    where: str
    what: str
    fix: str = ""
    check: str = ""
    """The name of the check that found it; empty: a model did."""


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
