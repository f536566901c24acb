"""Ending jobs that their flows did not end themselves: whatever piled up during one flush goes with the next."""

from __future__ import annotations

import asyncio
import time
from collections import deque
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
ALIVE = query("workers.alive")
LINGER_S = 0.002
SETTLED_S = 1.0
"""By then the server has written what it said it committed (wal_writer_delay is 0.2 s, and it takes three at most)."""
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


class _Sent(NamedTuple):
    """Endings whose commit did not wait for the disk; `at` of a monotonic clock."""

    ids: list[int]
    leases: list[int]
    outcomes: list[str]
    at: float = 0.0


NOTHING = _Sent([], [], [])


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
    clock: Callable[[], float] = time.monotonic
    _queue: list[Ending] = field(default_factory=list)
    _unsettled: deque[_Sent] = field(default_factory=deque)
    _doubtful: list[_Sent] = field(default_factory=list)
    """Taken by a server whose connection broke soon after."""
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
            await self._wait()
            await asyncio.sleep(LINGER_S if not failures else PAUSES_S[min(failures, len(PAUSES_S)) - 1])
            batch, self._queue = self._queue, []
            self._filled.clear()
            try:
                await self.flush(batch)
                failures = 0
            except Upstream:
                failures += 1
                self._doubt()
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
            outcomes = [str(e.outcome) for e in ended]
            await self._ended(_Sent(ids, leases, outcomes))
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

    async def _ended(self, sent: _Sent) -> None:
        """These, and again what a server that died may have forgotten: the fence lets nothing happen twice."""
        if self._doubtful:
            for forgotten in self._doubtful:
                await self.link.fetch(ENDED, forgotten.ids, forgotten.leases, forgotten.outcomes)
            self._doubtful = []
        if sent.ids:
            await self.link.fetch(ENDED, sent.ids, sent.leases, sent.outcomes)
        now = self.clock()
        while self._unsettled and self._unsettled[0].at < now - SETTLED_S:
            self._unsettled.popleft()  # their server was alive a second later, and had written them by then
        if sent.ids:
            self._unsettled.append(sent._replace(at=now))

    def _doubt(self) -> None:
        self._doubtful += self._unsettled
        self._unsettled.clear()

    async def _wait(self) -> None:
        """For endings, or a moment for what was sent last to settle."""
        while not self._filled.is_set():
            try:
                async with asyncio.timeout(SETTLED_S * 1.1 if self._unsettled or self._doubtful else None):
                    await self._filled.wait()
            except TimeoutError:
                try:
                    await self.link.fetch(ALIVE)
                    await self._ended(NOTHING)
                except Upstream:
                    self._doubt()


def _fences(endings: list[Ending]) -> tuple[list[int], list[int]]:
    return [e.job.id for e in endings], [e.job.lease for e in endings]


def _remove(batch: list[Ending], written: list[Ending]) -> None:
    gone = {id(ending) for ending in written}
    batch[:] = [ending for ending in batch if id(ending) not in gone]
