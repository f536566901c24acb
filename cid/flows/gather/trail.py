"""What happened on the way to a story's evidence, and what its tenant goes on without."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from cid.domain.errors import Batched, CidError, Deferred
from cid.domain.evidence import Report
from cid.domain.ids import CallId
from cid.domain.policy import Evidence, GatePolicy, Outage
from cid.domain.screening import Screening
from cid.domain.tenants import Profile
from cid.gates.outage import Then, then

NOTES = 20
"""Of one pack."""


class Busy(CidError):
    """Somebody else does what we would: look again at `until`."""

    def __init__(self, why: str, until: datetime) -> None:
        super().__init__(why)
        self.until = until


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that is known before anything is searched for."""

    screening: Screening
    reports: tuple[Report, ...]
    policy: GatePolicy
    profile: Profile
    attempt: int

    @property
    def wanted(self) -> Evidence:
        return self.policy.evidence

    @property
    def sample(self) -> bool:
        return any(report.sample for report in self.reports)


@dataclass(slots=True)
class Trail:
    case: Case
    notes: list[str] = field(default_factory=list)
    broken: bool = False
    """A search or a question failed, and it went on without."""
    searched: bool = False
    paid: list[CallId] = field(default_factory=list)
    """Searches whose answers stay in the ledger until the pack is stored."""
    call: CallId | None = None
    """That read the pages."""
    reused: bool = False
    counts: Counter[str] = field(default_factory=Counter)

    def note(self, sentence: str) -> None:
        if sentence not in self.notes and len(self.notes) < NOTES:
            self.notes.append(sentence)

    def excuse(self, error: CidError) -> None:
        """Notes the failure where the tenant's policy goes on without. Raises it where it does not, or where it is
        too early to call it an outage."""
        passes = self.case.wanted.on_outage is Outage.PASS
        if not passes or isinstance(error, Batched | Busy):
            raise error
        if not isinstance(error, Deferred) and then(error, self.case.attempt, Outage.PASS) is Then.RAISE:
            raise error
        self.broken = True
        self.note(f"{str(error)[:250].rstrip('.')}.")
