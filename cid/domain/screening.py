"""One tenant's judgement of one story."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cid.domain.ids import ItemId, ScreeningId, StoryId, TenantId
from cid.domain.jobs import JobKind
from cid.domain.lifecycle import Lifecycle
from cid.domain.tenants import Desk
from cid.domain.verdicts import Gate, Reason


class ScreeningState(StrEnum):
    """Being worked on is a running job, never a state."""

    OPEN = "open"
    WAITING = "waiting"
    PASSED = "passed"
    DROPPED = "dropped"
    FAILED = "failed"


class Stage(StrEnum):
    """What an open screening waits to have done to it next."""

    RELATE = "relate"
    ASSESS = "assess"
    GATHER = "gather"
    FIT = "fit"
    DRAFT = "draft"
    TRACK = "track"


JOB_OF: dict[Stage, JobKind] = {
    Stage.RELATE: JobKind.RELATE,
    Stage.ASSESS: JobKind.ASSESS,
    Stage.GATHER: JobKind.GATHER,
    Stage.FIT: JobKind.FIT,
    Stage.DRAFT: JobKind.DRAFT,
    Stage.TRACK: JobKind.TRACK,
}
FIRST: dict[Desk, Stage] = {Desk.PUBLISHING: Stage.RELATE, Desk.TRACKER: Stage.TRACK}
"""Where a story begins after gate 1. The analysis desk screens nothing."""


class WaitFor(StrEnum):
    SIGNAL = "signal"
    BUDGET = "budget"
    BATCH = "batch"
    PLAN = "plan"
    APPROVAL = "approval"
    OUTAGE = "outage"
    """The model that a gate needs has been out for so long that trying often is over."""


SCREENING = Lifecycle(
    "screening",
    {
        ScreeningState.OPEN: frozenset(ScreeningState),
        ScreeningState.WAITING: frozenset(
            {ScreeningState.OPEN, ScreeningState.WAITING, ScreeningState.DROPPED, ScreeningState.FAILED}
        ),
        # by a person, who has it judged again
        ScreeningState.DROPPED: frozenset({ScreeningState.OPEN}),
        # dropped: its story merged into one that had gone further
        ScreeningState.FAILED: frozenset({ScreeningState.OPEN, ScreeningState.DROPPED}),
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    tenant_id: TenantId
    id: ScreeningId
    desk: Desk
    story_id: StoryId
    item_id: ItemId
    state: ScreeningState
    stage: Stage
    waiting_for: WaitFor | None
    until: datetime | None
    gate: Gate | None
    reason: Reason | None
    failure: str
    urgent: bool
    spread: int
    score: float | None
    merged_into: ScreeningId | None
    """The one that goes on for both since their stories merged."""
    opened_at: datetime
    changed_at: datetime

    @property
    def unsettled(self) -> bool:
        return self.state in {ScreeningState.OPEN, ScreeningState.WAITING}

    def wants(self, stage: Stage) -> bool:
        """Whether a job of this stage has anything to do. A failed one has, since only a person runs its job again."""
        if self.stage is not stage:
            return False
        if self.state is ScreeningState.WAITING:
            return self.waiting_for in {WaitFor.SIGNAL, WaitFor.BUDGET, WaitFor.BATCH, WaitFor.PLAN, WaitFor.OUTAGE}
        return self.state in {ScreeningState.OPEN, ScreeningState.FAILED}
