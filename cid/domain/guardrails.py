"""Standing rules: what reviews found again and again, and every later draft is told beforehand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cid.domain.ids import DraftId, TenantId

SHORTEST, LONGEST = 10, 400
"""Characters of a rule."""
MOST = 40
"""Rules that one tenant may have in force, and the platform as many: each is read, and paid for, with every draft."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guardrail:
    id: UUID
    tenant_id: TenantId | None
    """None: the platform's own."""
    industry: str
    """A phrase that a tenant's own words for its trade hold; empty: any."""
    text: str
    category: str
    """Of the finding that it came from; empty where somebody wrote it out of nothing."""
    finding: str
    draft_id: DraftId | None
    active: bool
    who: str | None
    """Who made it; None where that is nobody of this tenant."""
    made_at: datetime
    changed_at: datetime
