"""The edge of jobs: one hand-out under its deadline, and what every way of ending means for the queue."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence

import structlog

from cid.domain.errors import BadReply, Deferred, LostLease, Upstream
from cid.domain.ids import JobId
from cid.domain.jobs import Job, JobKind
from cid.domain.outside import Stopping
from cid.queue import backoff
from cid.queue.endings import Ending, Endings, Outcome
from cid.queue.hand import CURRENT, Hand
from cid.services import Services
from cid.workers.table import Handler

log = structlog.get_logger("job")


LOOK_S = 1.0
"""How often overdue hand-outs are looked for, unless deadlines are shorter."""


class Overdue(Exception):
    """The hand-out's deadline passed."""


class Edge:
    """Runs hand-outs. Every job of one is ended by its flow, or gets its ending here."""

    def __init__(
        self,
        services: Services,
        table: Mapping[JobKind, Handler],
        endings: Endings,
        chance: Callable[[], float],
    ) -> None:
        self._services = services
        self._table = table
        self._endings = endings
        self._chance = chance
        self._hands: dict[JobId, Hand] = {}
        self._deadlines = {kind: handler.deadline.total_seconds() for kind, handler in table.items()}
        self._look_s = min([LOOK_S, *(seconds / 10 for seconds in self._deadlines.values())])
        self._look: asyncio.TimerHandle | None = None
        self.counts: dict[str, int] = {}
        """Outcome → jobs, over the life of this process."""

    async def run(self, jobs: Sequence[Job], task: asyncio.Task[None] | None = None) -> None:
        """One hand-out, in `task`, which is the current one.

        Raises nothing but CancelledError, and that only after its jobs are handed back.
        """
        hand = Hand(jobs, task or asyncio.current_task())
        before = CURRENT.set(hand)
        for job in jobs:
            self._hands[job.id] = hand
        try:
            await self._run(jobs, hand)
        finally:
            for job in jobs:
                self._hands.pop(job.id, None)
            CURRENT.reset(before)
            if hand.cancels:
                await _feel(hand)

    def cancel(self, ids: frozenset[JobId]) -> None:
        """Somebody asked for it. The other jobs of the same hand-out are handed back."""
        for job_id in ids:
            hand = self._hands.get(job_id)
            if hand and job_id not in hand.asked:
                hand.asked.add(job_id)
                _cancel(hand)

    async def _run(self, jobs: Sequence[Job], hand: Hand) -> None:
        ended = hand.ended
        try:
            await self._flow(jobs, hand)
            self._end(jobs, ended, Outcome.DONE)
        except asyncio.CancelledError:
            self._end([job for job in jobs if job.id in hand.asked], ended, Outcome.CANCELLED)
            self._end([job for job in jobs if job.id not in hand.asked], ended, Outcome.HAND_BACK)
            if not _felt(hand):
                raise
        except Exception as error:  # noqa: BLE001 - the edge of jobs: whatever a flow raises has an ending
            await self._failed(jobs, ended, _leaf(error), hand)

    async def _flow(self, jobs: Sequence[Job], hand: Hand) -> None:
        """One clock for all deadlines: a timer for every hand-out costs more than a short flow."""
        kind = jobs[0].kind
        hand.until = time.monotonic() + self._deadlines[kind]
        if self._look is None:
            self._look = asyncio.get_running_loop().call_later(self._look_s, self._look_for_overdue)
        try:
            await self._table[kind].flow(self._services, jobs)
        except asyncio.CancelledError as error:
            if hand.until or hand.asked or not _felt(hand):
                raise
            raise Overdue(f"not finished in {self._deadlines[kind]:g} s") from error

    def _look_for_overdue(self) -> None:
        loop = asyncio.get_running_loop()
        now = time.monotonic()
        for hand in {id(hand): hand for hand in self._hands.values()}.values():
            if hand.until and hand.until <= now:
                hand.until = 0
                _cancel(hand)
        self._look = loop.call_later(self._look_s, self._look_for_overdue) if self._hands else None

    async def _failed(self, jobs: Sequence[Job], ended: dict[JobId, str], error: Exception, hand: Hand) -> None:
        left = [job for job in jobs if job.id not in ended]
        match error:
            case LostLease():
                log.info("job.lost", reason=str(error))
            case Stopping():
                self._end(left, ended, Outcome.HAND_BACK)
            case Deferred():
                for job in left:
                    self._add(Ending(job, Outcome.SNOOZE, error.until, str(error)))
            case Upstream() | BadReply() | Overdue():
                for job in left:
                    self._again(job, error)
            case _ if len(left) > 1:
                log.warning("job.group_failed", error=_said(error), exc_info=error)
                await self._one_by_one(left, hand)
            case _:
                log.error("job.dead", error=_said(error), exc_info=error)
                for job in left:
                    self._add(Ending(job, Outcome.DEAD, why=_said(error)))

    async def _one_by_one(self, jobs: Sequence[Job], hand: Hand) -> None:
        """One bad job must not take its group along."""
        for n, job in enumerate(jobs):
            if job.id in hand.asked:
                self._add(Ending(job, Outcome.CANCELLED))
                continue
            hand.jobs = [job]
            try:
                await self._run([job], hand)
            except asyncio.CancelledError:
                self._end(jobs[n + 1 :], hand.ended, Outcome.HAND_BACK)
                raise

    def _again(self, job: Job, error: Exception) -> None:
        handler = self._table[job.kind]
        why = f"{_said(error)} (attempt {job.attempt} of {handler.tries})"
        again = isinstance(error, BadReply) and job.last_error.startswith(BadReply.__name__)
        if again or job.attempt >= handler.tries:
            log.error("job.dead", error=why)
            self._add(Ending(job, Outcome.DEAD, why=why))
            return
        retry_after = error.retry_after if isinstance(error, Upstream) else None
        wait = backoff.delay(job.attempt, self._chance(), retry_after=retry_after)
        log.warning("job.retried", error=why, wait_s=round(wait.total_seconds(), 1))
        self._add(Ending(job, Outcome.RETRY, at=self._services.clock.now() + wait, why=why))

    def _end(self, jobs: Sequence[Job], ended: dict[JobId, str], outcome: Outcome) -> None:
        for job in jobs:
            if job.id in ended:
                self._count(ended[job.id])
            else:
                self._add(Ending(job, outcome))

    def _add(self, ending: Ending) -> None:
        self._count(ending.outcome)
        self._endings.add(ending)

    def _count(self, outcome: str) -> None:
        self.counts[outcome] = self.counts.get(outcome, 0) + 1


def _cancel(hand: Hand) -> None:
    if hand.task:
        hand.cancels += 1
        hand.task.cancel()


def _felt(hand: Hand) -> bool:
    """Whether a cancellation was ours alone: then the task goes on, and other hand-outs after this one."""
    if not (hand.cancels and hand.task):
        return False
    left = hand.cancels
    hand.cancels = 0
    for _ in range(left):
        hand.task.uncancel()
    return hand.task.cancelling() == 0


async def _feel(hand: Hand) -> None:
    """Our cancellation came when the flow was through: it must not meet the next hand-out of this task."""
    try:
        await asyncio.sleep(0)
    except asyncio.CancelledError:
        if not _felt(hand):
            raise


def _leaf(error: Exception) -> Exception:
    """What a flow's own task group wraps around a single error says nothing."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
