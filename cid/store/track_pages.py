"""The tracker desk as people look at it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from cid.domain.ids import EntryId, ItemId, ScreeningId, TenantId
from cid.domain.screening import ScreeningState, WaitFor
from cid.domain.tracker import EntryState, Fault, Progress
from cid.pg.rows import each, into
from cid.pg.sql import query
from cid.ports import Tx

STORIES = query("track_pages.stories")
ENTRIES = query("track_pages.entries")
WAITING = query("track_pages.waiting")
REPORT = query("track_pages.report")
UNDER_WAY = (ScreeningState.OPEN, ScreeningState.WAITING)
STATES: dict[Progress, tuple[ScreeningState, ...]] = {
    Progress.SCRAPED: UNDER_WAY,
    Progress.PROCESSING: UNDER_WAY,
    Progress.PROCESSED: (ScreeningState.PASSED,),
    Progress.DROPPED: (ScreeningState.DROPPED,),
    Progress.FAILED: (ScreeningState.FAILED,),
}
MUCH = 0.1
"""The share of failures that is worth a warning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One story, with its entry where it has one."""

    place_id: UUID
    place_at: datetime
    screening_id: ScreeningId
    item_id: ItemId
    title: str
    url: str
    state: ScreeningState
    waiting_for: WaitFor | None
    until: datetime | None
    failure: str
    running: bool
    attempts: int
    last_error: str
    last_fault_at: datetime | None
    entry_id: EntryId | None
    entry_state: EntryState | None
    category: str | None
    regions: Sequence[str] | None
    summary: str | None
    score: int | None
    provider: str | None

    @property
    def progress(self) -> Progress:
        match self.state:
            case ScreeningState.PASSED:
                return Progress.PROCESSED
            case ScreeningState.DROPPED:
                return Progress.DROPPED
            case ScreeningState.FAILED:
                return Progress.FAILED
        return Progress.PROCESSING if self.running else Progress.SCRAPED


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What wants a person, up to a thousand of each."""

    pending: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What became of stories in one hour, which is a run, or on one day."""

    start: datetime
    processed: int
    not_relevant: int
    failed: int
    recovered: int
    """Judged after an answer that could not be used."""
    calls: int
    input: int
    output: int
    """Tokens, as `input`."""
    dollars: Decimal
    fault: Fault | None
    """The commonest of what failed."""
    error: str
    """Its last, in words."""

    @property
    def done(self) -> int:
        return self.processed + self.not_relevant + self.failed

    @property
    def processing(self) -> float:
        """The share that ended on the tracker. This and the others are shares from 0 to 1; 0 where nothing was."""
        return _share(self.processed, self.done)

    @property
    def failure(self) -> float:
        return _share(self.failed, self.done)

    @property
    def saved(self) -> float:
        """Calls, against one for each story that was judged; calls made again count as made."""
        judged = self.processed + self.not_relevant
        return _share(max(judged - self.calls, 0), judged)

    @property
    def retry_success(self) -> float:
        return _share(self.recovered, self.recovered + self.failed)

    @property
    def warning(self) -> bool:
        return self.failure > MUCH


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


SHAPES = {STORIES: Line, ENTRIES: Line, WAITING: Waiting, REPORT: Period}


async def stories(
    tx: Tx,
    tenant: TenantId,
    progress: Progress | None,
    *,
    before: tuple[datetime, UUID] | None = None,
    limit: int,
) -> list[Line]:
    """None: whatever became of them."""
    states = STATES[progress] if progress else tuple(ScreeningState)
    running = {Progress.SCRAPED: False, Progress.PROCESSING: True}.get(progress) if progress else None
    at, place = before or (None, None)
    return each(Line, await tx.fetch(STORIES, tenant, list(states), at, place, running, limit))


async def entries(
    tx: Tx,
    tenant: TenantId,
    states: Collection[EntryState],
    *,
    category: str | None = None,
    region: str | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int,
) -> list[Line]:
    at, place = before or (None, None)
    return each(Line, await tx.fetch(ENTRIES, tenant, list(states), category, region, at, place, limit))


async def waiting(tx: Tx, tenant: TenantId) -> Waiting:
    row = await tx.fetchrow(WAITING, tenant)
    assert row, "an aggregate answers one row"
    return into(Waiting, row)


async def report(tx: Tx, tenant: TenantId, unit: str, since: datetime) -> list[Period]:
    """By `hour` or `day`, the latest first."""
    return each(Period, await tx.fetch(REPORT, tenant, unit, since))
