"""Ending jobs that their flows did not end themselves: whatever piled up during one flush goes with the next."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from cid.domain.errors import Upstream
from cid.pg.sql import query
from cid.queue import wakeups
from cid.queue.jobs import DEAD, reason

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cid.domain.jobs import Job, JobKind
    from cid.queue.link import Link

ENDED = query("workers.ended")
PUT_BACK = query("workers.put_back")
LINGER_S = 0.002
PAUSES_S = (0.2, 0.5, 1.0, 2.0, 5.0)


class Outcome(StrEnum):
    DONE = "done"
    CANCELLED = "cancelled"
    RETRY = "retry"
    """Waits until `at`; the attempt counts."""
    SNOOZE = "snooze"
    """Waits until `at`; the attempt does not count."""
    HAND_BACK = "hand_back"
    """Ready at once; the attempt does not count."""
    DEAD = "dead"


class Ending(NamedTuple):
    job: Job
    outcome: Outcome
    at: datetime | None = None
    why: str = ""


@dataclass(slots=True)
class Endings:
    """Filled by the job edge, emptied by the part `endings` through one connection.

    What cannot be written (Postgres is away) is kept and tried again; if the process ends first, the jobs are rescued.
    """

    link: Link
    freed: Callable[[set[JobKind]], None] = lambda _kinds: None
    """Hears which kinds' jobs stopped counting as running."""
    _queue: list[Ending] = field(default_factory=list)
    _filled: asyncio.Event = field(default_factory=asyncio.Event)
    _written: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._written.set()

    def add(self, *endings: Ending) -> None:
        self._queue.extend(endings)
        self._written.clear()
        self._filled.set()

    @property
    def waiting(self) -> int:
        return len(self._queue)

    async def drained(self) -> None:
        """Returns once everything added so far is written."""
        await self._written.wait()

    async def run(self) -> None:
        """For ever. Raises nothing that Postgres does."""
        failures = 0
        while True:
            await self._filled.wait()
            await asyncio.sleep(LINGER_S if not failures else PAUSES_S[min(failures, len(PAUSES_S)) - 1])
            batch, self._queue = self._queue, []
            self._filled.clear()
            try:
                await self.flush(batch)
                failures = 0
            except Upstream:
                failures += 1
            if batch:
                self._queue[:0] = batch
                self._filled.set()
            elif not self._queue:
                self._written.set()

    async def flush(self, batch: list[Ending]) -> None:
        """Writes one sort of ending after the other and takes it out of `batch`. Raises Upstream."""
        ended = [e for e in batch if e.outcome in {Outcome.DONE, Outcome.CANCELLED}]
        if ended:
            ids, leases = _fences(ended)
            await self.link.fetch(ENDED, ids, leases, [str(e.outcome) for e in ended])
            _remove(batch, ended)
            self.freed({e.job.kind for e in ended})
        for outcome in (Outcome.RETRY, Outcome.SNOOZE, Outcome.HAND_BACK):
            back = [e for e in batch if e.outcome is outcome]
            if back:
                ids, leases = _fences(back)
                refund = outcome is not Outcome.RETRY
                whys = [reason(e.why) or None for e in back]
                rows = await self.link.fetch(PUT_BACK, ids, leases, [e.at for e in back], refund, whys)
                _remove(batch, back)
                wakeups.ready({row["kind"] for row in rows if row["outcome"] == "ready"})
                self.freed({e.job.kind for e in back})
        dead = [e for e in batch if e.outcome is Outcome.DEAD]
        if dead:
            ids, leases = _fences(dead)
            await self.link.fetch(DEAD, ids, leases, [reason(e.why) for e in dead])
            _remove(batch, dead)
            self.freed({e.job.kind for e in dead})


def _fences(endings: list[Ending]) -> tuple[list[int], list[int]]:
    return [e.job.id for e in endings], [e.job.lease for e in endings]


def _remove(batch: list[Ending], written: list[Ending]) -> None:
    gone = {id(ending) for ending in written}
    batch[:] = [ending for ending in batch if id(ending) not in gone]
