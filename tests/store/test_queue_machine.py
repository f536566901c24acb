"""A job's whole life against a model of a few lines: any order of claims, ends, crashes, zombies and people."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from cid.domain.errors import LostLease
from cid.domain.ids import JobId, TenantId
from cid.domain.jobs import Job
from cid.pg.embedded import ADMIN, APP, OWNER, WORKER
from cid.pg.pool import AppDb, WorkerDb, open_pool
from cid.queue import care, control, jobs
from cid.queue.endings import Ending, Endings, Outcome
from tests.conftest import TEMPLATE, Database
from tests.queues import Queue, a_job, flat, terms

if TYPE_CHECKING:
    from cid.pg.embedded import Server

T = TypeVar("T")
TENANTS = tuple(TenantId(UUID(int=n << 64)) for n in (1, 2))
LATER = datetime.now(UTC) + timedelta(days=300)
TRIES = 3
_numbers = count()


@dataclass
class Expected:
    tenant: TenantId
    key: str | None
    state: str
    attempt: int = 0
    cancel: bool = False
    holder: UUID | None = None


class Life(RuleBasedStateMachine):
    """`expected` is what the tables must say after every step; `hands` hold leases that count, `old` others."""

    server: ClassVar[Server]

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.expected: dict[JobId, Expected] = {}
        self.hands: dict[JobId, Job] = {}
        self.old: list[Job] = []
        self.paused = False
        self.do(self._open())

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    async def _open(self) -> None:
        name = f"cid_test_life_{next(_numbers)}"
        self.admin = await asyncpg.connect(self.server.dsn(ADMIN, "postgres"))
        await self.admin.execute(f"create database {name} template {TEMPLATE} strategy file_copy owner {OWNER}")
        self.database = Database(self.server, name)
        self.owner = await asyncpg.connect(self.database.dsn(OWNER))
        self.pools = [await open_pool(self.database.dsn(role), size=1) for role in (APP, WORKER)]
        self.app, self.platform = AppDb(self.pools[0]), WorkerDb(self.pools[1])
        self.queue = Queue(self.database, self.platform, self.owner)
        self.workers = [await self.queue.worker() for _ in range(2)]
        self.claimers = [self.queue.claimer(worker) for worker in self.workers]
        self.endings = Endings(self.queue.link())

    def teardown(self) -> None:
        async def close() -> None:
            await self.queue.close()
            for pool in self.pools:
                await pool.close()
            await self.owner.close()
            await self.admin.execute(f"drop database {self.database.name} with (force)")
            await self.admin.close()

        self.do(close())
        self.loop.close()

    # ---- the model

    def _twin_waits(self, job: JobId) -> bool:
        me = self.expected[job]
        return me.key is not None and any(
            other.key == me.key and other.tenant == me.tenant and other.state in {"scheduled", "ready"}
            for number, other in self.expected.items()
            if number != job
        )

    def _back(self, job: JobId, state: str, *, refund: bool) -> None:
        me = self.expected[job]
        if me.cancel:
            me.state = "cancelled"
        elif self._twin_waits(job):
            me.state = "merged"
        else:
            me.state = state
            me.attempt -= refund
        me.holder = None
        self.old.append(self.hands.pop(job))

    def _claimed(self, found: list[Job], holder: UUID) -> None:
        for job in found:
            me = self.expected[job.id]
            assert me.state == "ready"
            me.state, me.holder = "running", holder
            me.attempt += 1
            assert job.attempt == me.attempt
            self.hands[job.id] = job

    def _waiting(self, state: str) -> list[JobId]:
        return [number for number, me in self.expected.items() if me.state == state]

    # ---- what can happen

    @rule(tenant=st.sampled_from(TENANTS), key=st.sampled_from([None, "a", "b"]), later=st.booleans())
    def enqueue(self, tenant: TenantId, key: str | None, later: bool) -> None:
        async def add() -> None:
            async with self.app.tx(tenant) as tx:
                await jobs.enqueue(tx, a_job(tenant, dedupe=key, run_at=LATER if later else None))

        twin = key is not None and any(
            me.key == key and me.tenant == tenant and me.state in {"scheduled", "ready"}
            for me in self.expected.values()
        )
        known = set(self.expected)
        self.do(add())
        new = {JobId(row["id"]) for row in self.do(self.owner.fetch("select id from jobs"))} - known
        assert len(new) == (0 if twin else 1)
        for number in new:
            self.expected[number] = Expected(tenant, key, "scheduled" if later else "ready")

    @rule(who=st.integers(0, 1), slots=st.integers(1, 4))
    def claim(self, who: int, slots: int) -> None:
        ready = self._waiting("ready")
        found = flat(self.do(self.claimers[who].claim(terms(), slots)))
        if self.paused:
            assert found == []
        else:
            assert len(found) <= slots
            assert bool(found) == bool(ready)
        self._claimed(found, self.workers[who])

    @precondition(lambda self: self.hands)
    @rule(data=st.data())
    def end_with_the_state_it_wrote(self, data: st.DataObject) -> None:
        job = data.draw(st.sampled_from(sorted(self.hands.values(), key=lambda job: job.id)))

        async def done() -> None:
            async with self.app.tx(job.tenant) as tx:
                await jobs.done(tx, job)

        self.do(done())
        self.expected[job.id].state = "done"
        self.old.append(self.hands.pop(job.id))

    @precondition(lambda self: self.hands)
    @rule(data=st.data(), outcome=st.sampled_from(list(Outcome)))
    def end_at_the_edge(self, data: st.DataObject, outcome: Outcome) -> None:
        job = data.draw(st.sampled_from(sorted(self.hands.values(), key=lambda job: job.id)))
        at = None if outcome is Outcome.HAND_BACK else LATER
        self.do(self.endings.flush([Ending(job=job, outcome=outcome, at=at)]))
        if outcome in {Outcome.RETRY, Outcome.SNOOZE, Outcome.HAND_BACK}:
            state = "ready" if outcome is Outcome.HAND_BACK else "scheduled"
            self._back(job.id, state, refund=outcome is not Outcome.RETRY)
        else:
            self.expected[job.id].state = str(outcome)
            self.old.append(self.hands.pop(job.id))

    @precondition(lambda self: self.old)
    @rule(data=st.data(), outcome=st.sampled_from(list(Outcome)))
    def a_zombie_comes_back(self, data: st.DataObject, outcome: Outcome) -> None:
        job = data.draw(st.sampled_from(self.old))

        async def done() -> None:
            async with self.app.tx(job.tenant) as tx:
                await jobs.enqueue(tx, a_job(job.tenant, dedupe="of a zombie"))
                await jobs.done(tx, job)

        with pytest.raises(LostLease):
            self.do(done())
        self.do(self.endings.flush([Ending(job=job, outcome=outcome, at=LATER)]))

    @rule(who=st.integers(0, 1))
    def a_process_dies(self, who: int) -> None:
        async def die() -> None:
            await self.owner.execute("delete from workers where id = $1", self.workers[who])
            await self.queue.rescue(TRIES)
            self.workers[who] = await self.queue.worker()
            self.claimers[who] = self.queue.claimer(self.workers[who])

        lost = [number for number, me in sorted(self.expected.items()) if me.holder == self.workers[who]]
        lost = [number for number in lost if number in self.hands]
        self.do(die())
        for number in lost:
            if self.expected[number].attempt >= TRIES:
                self.expected[number].state = "dead"
                self.old.append(self.hands.pop(number))
            else:
                self._back(number, "ready", refund=False)

    @rule()
    def time_comes(self) -> None:
        async def move() -> None:
            await self.owner.execute("update jobs set run_at = cid_now() where state = 'scheduled'")
            async with self.platform.tx() as tx:
                await care.move_due(tx)

        self.do(move())
        for number in self._waiting("scheduled"):
            self.expected[number].state = "ready"

    @precondition(lambda self: self.expected)
    @rule(data=st.data())
    def a_person_cancels(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.expected)))

        async def cancel() -> str | None:
            async with self.platform.tx() as tx:
                return await control.cancel(tx, number)

        said, me = self.do(cancel()), self.expected[number]
        if me.state in {"scheduled", "ready"}:
            assert said == "cancelled"
            me.state = "cancelled"
        elif me.state == "running":
            assert said == "asked"
            me.cancel = True
        else:
            assert said is None

    @rule()
    def a_person_pauses_or_resumes(self) -> None:
        async def switch() -> bool:
            async with self.platform.tx() as tx:
                return await (control.resume if self.paused else control.pause)(tx, "rules")

        assert self.do(switch())
        self.paused = not self.paused

    @precondition(lambda self: self._waiting("dead"))
    @rule(data=st.data())
    def a_person_retries_a_dead_job(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(self._waiting("dead")))

        async def retry() -> bool:
            async with self.platform.tx() as tx:
                return await control.retry(tx, number)

        dead = self.expected[number]
        twin = dead.key is not None and any(
            other.key == dead.key and other.tenant == dead.tenant and other.state in {"ready", "scheduled"}
            for other in self.expected.values()
        )
        assert self.do(retry()) is not twin
        if not twin:
            self.expected[number] = Expected(dead.tenant, dead.key, "ready")

    @invariant()
    def every_job_is_exactly_where_the_model_says(self) -> None:
        rows = self.do(
            self.owner.fetch("""
                select id, state, attempt from jobs
                union all select id, outcome, -1 from jobs_done
                union all select id, 'dead', -1 from jobs_dead
                order by id""")
        )
        ended = {"done", "cancelled", "merged", "dead"}
        assert [tuple(row) for row in rows] == [
            (number, me.state, -1 if me.state in ended else me.attempt) for number, me in sorted(self.expected.items())
        ]


def test_no_order_of_events_loses_doubles_or_revives_a_job(server: Server) -> None:
    Life.server = server
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=12, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
