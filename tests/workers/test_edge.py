"""The edge of jobs: what every way of ending means."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import pytest
import structlog

from cid.domain.errors import BadReply, Deferred, LostLease, Misconfigured, Upstream
from cid.domain.ids import JobId, TenantId
from cid.domain.jobs import Job, JobKind
from cid.domain.outside import Stopping
from cid.queue.endings import Ending, Endings, Outcome
from cid.queue.hand import name_the_job
from cid.workers.run import Edge
from cid.workers.table import Handler
from tests.fakes import FrozenClock
from tests.make import services

if TYPE_CHECKING:
    from cid.services import Services
    from cid.workers.table import Flow

T = TenantId(UUID(int=7))
CLOCK = FrozenClock()


class Noted:
    """Stands where endings are written."""

    def __init__(self) -> None:
        self.endings: list[Ending] = []

    def add(self, *endings: Ending) -> None:
        self.endings.extend(endings)

    def of(self, job: Job) -> list[Outcome]:
        return [ending.outcome for ending in self.endings if ending.job.id == job.id]


def job(number: int = 1, *, attempt: int = 1, last_error: str = "") -> Job:
    return Job(
        id=JobId(number),
        tenant=T,
        kind=JobKind.RULES,
        payload={},
        attempt=attempt,
        lease=1,
        last_error=last_error,
    )


def edge(flow: Flow, noted: Noted, *, deadline: timedelta = timedelta(minutes=1), tries: int = 3) -> Edge:
    table = {JobKind.RULES: Handler(flow=flow, tries=tries, deadline=deadline, slots=1, group=8)}
    sv = services(cast("Any", None), cast("Any", None), clock=CLOCK)
    return Edge(sv, table, cast("Endings", noted), chance=lambda: 0.5)


def raises(error: BaseException) -> Flow:
    async def flow(_sv: Services, _jobs: Sequence[Job]) -> None:
        raise error

    return flow


async def ended(error: BaseException, **given: Any) -> Ending:
    noted = Noted()
    await edge(raises(error), noted).run([job(**given)])
    (ending,) = noted.endings
    return ending


def at(ending: Ending) -> datetime:
    assert ending.at is not None
    return ending.at


async def test_a_job_that_is_not_ended_on_return_is_done() -> None:
    async def flow(_sv: Services, _jobs: Sequence[Job]) -> None:
        return

    noted = Noted()
    await edge(flow, noted).run([job(1), job(2)])
    assert [ending.outcome for ending in noted.endings] == [Outcome.DONE, Outcome.DONE]


async def test_an_outage_is_tried_again_later_each_time() -> None:
    first, second = await ended(Upstream("503")), await ended(Upstream("503"), attempt=2)
    assert first.outcome is second.outcome is Outcome.RETRY
    assert CLOCK.now() < at(first) < at(second)
    assert first.why == "Upstream: 503 (attempt 1 of 3)"


async def test_an_outage_waits_as_long_as_the_other_side_asks() -> None:
    ending = await ended(Upstream("429", retry_after=timedelta(minutes=9)))
    assert at(ending) >= CLOCK.now() + timedelta(minutes=9)


async def test_the_last_try_of_an_outage_is_the_end() -> None:
    ending = await ended(Upstream("503"), attempt=3)
    assert (ending.outcome, ending.why) == (Outcome.DEAD, "Upstream: 503 (attempt 3 of 3)")


async def test_what_is_deferred_sleeps_until_its_time_and_loses_no_attempt() -> None:
    until = CLOCK.now() + timedelta(hours=3)
    ending = await ended(Deferred("no budget", until=until), attempt=3)
    assert (ending.outcome, ending.at, ending.why) == (Outcome.SNOOZE, until, "no budget")


async def test_a_bad_reply_is_tried_once_more_and_then_dead() -> None:
    assert (await ended(BadReply("no JSON"))).outcome is Outcome.RETRY
    assert (await ended(BadReply("no JSON"), attempt=2, last_error="BadReply: x")).outcome is Outcome.DEAD
    assert (await ended(BadReply("no JSON"), attempt=2, last_error="Upstream: x")).outcome is Outcome.RETRY


@pytest.mark.parametrize("error", [ValueError("oops"), Misconfigured("no key"), KeyError("k"), TimeoutError("inner")])
async def test_anything_else_is_dead_with_the_reason(error: Exception) -> None:
    ending = await ended(error)
    assert ending.outcome is Outcome.DEAD
    assert type(error).__name__ in ending.why


async def test_a_lost_lease_is_dropped_in_silence() -> None:
    noted = Noted()
    await edge(raises(LostLease("gone")), noted).run([job()])
    assert noted.endings == []


async def test_what_fails_because_we_stop_is_handed_back() -> None:
    assert (await ended(Stopping("closing"))).outcome is Outcome.HAND_BACK


async def test_a_single_error_inside_a_task_group_counts_as_itself() -> None:
    ending = await ended(ExceptionGroup("g", [ExceptionGroup("h", [Upstream("503")])]))
    assert ending.outcome is Outcome.RETRY


async def test_a_hand_out_past_its_deadline_is_cancelled_and_tried_again() -> None:
    cancelled = asyncio.Event()

    async def flow(_sv: Services, _jobs: Sequence[Job]) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    noted = Noted()
    await edge(flow, noted, deadline=timedelta(milliseconds=1)).run([job()])
    assert cancelled.is_set()
    assert (noted.endings[0].outcome, noted.endings[0].why[:7]) == (Outcome.RETRY, "Overdue")


async def test_one_bad_job_does_not_take_its_group_along() -> None:
    async def flow(_sv: Services, jobs: Sequence[Job]) -> None:
        if any(one.id == 2 for one in jobs):
            raise ValueError("bad")

    noted = Noted()
    group = [job(1), job(2), job(3)]
    await edge(flow, noted).run(group)
    assert [noted.of(one) for one in group] == [[Outcome.DONE], [Outcome.DEAD], [Outcome.DONE]]


async def waiting(jobs: Sequence[Job], noted: Noted) -> tuple[Edge, asyncio.Task[None]]:
    """A hand-out that never ends by itself, in work."""
    started = asyncio.Event()

    async def flow(_sv: Services, _jobs: Sequence[Job]) -> None:
        started.set()
        await asyncio.Event().wait()

    made = edge(flow, noted)
    task = asyncio.ensure_future(made.run(jobs))
    await started.wait()
    return made, task


async def test_a_shutdown_hands_back_what_is_unfinished_and_the_cancellation_goes_on() -> None:
    noted, one = Noted(), job()
    _, task = await waiting([one], noted)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert noted.of(one) == [Outcome.HAND_BACK]


async def test_a_job_that_a_person_cancels_ends_and_its_group_is_handed_back() -> None:
    noted, one, two = Noted(), job(1), job(2)
    made, task = await waiting([one, two], noted)
    made.cancel(frozenset({one.id, JobId(99)}))
    made.cancel(frozenset({one.id}))  # every beat says so again
    await task
    assert (noted.of(one), noted.of(two)) == ([Outcome.CANCELLED], [Outcome.HAND_BACK])


async def test_log_lines_of_a_flow_carry_the_job() -> None:
    seen: dict[str, Any] = {}

    async def flow(_sv: Services, _jobs: Sequence[Job]) -> None:
        seen.update(name_the_job(None, "info", {}))

    await edge(flow, Noted()).run([job(5, attempt=2)])
    assert seen == {"job": 5, "kind": "rules", "tenant": str(T), "attempt": 2}
    assert structlog.contextvars.get_contextvars() == {}
