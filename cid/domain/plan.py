"""Places for drafts: a tenant's plan has so many a day and a week."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cid.domain.ids import ScreeningId


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A screening that wants a place."""

    id: ScreeningId
    urgent: bool
    score: float | None
    opened_at: datetime

    def before(self, other: Turn) -> bool:
        """Urgency first, then score, then age."""
        return self._rank < other._rank

    @property
    def _rank(self) -> tuple[bool, bool, float, datetime, str]:
        return not self.urgent, self.score is None, -(self.score or 0.0), self.opened_at, str(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Places that were taken, in UTC."""

    day_taken: int = 0
    week_taken: int = 0
