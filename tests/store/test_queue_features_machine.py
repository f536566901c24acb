"""Keys, limits, groups, priorities and the rest, all at once and in any order, against a model of the queue.

`test_queue_machine.py` walks through the life of plain jobs; here the kinds differ in their terms.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
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
from cid.domain.ids import PLATFORM, JobId, TenantId
from cid.domain.jobs import Enqueued, Job, JobKind, NewJob
from cid.pg.embedded import ADMIN, APP, OWNER, WORKER
from cid.pg.pool import AppDb, WorkerDb, open_pool
from cid.queue import care, control, jobs
from cid.queue.endings import Ending, Endings, Outcome
from tests.conftest import TEMPLATE, Database
from tests.queues import Queue, terms

if TYPE_CHECKING:
    from cid.pg.embedded import Server

T = TypeVar("T")
TENANTS = tuple(TenantId(UUID(int=n << 64)) for n in (1, 2))
KEYS = ("", "k")
LATER = datetime.now(UTC) + timedelta(days=300)
TRIES = 3
SIZE = 3
PLAIN, KEYED, CAPPED, GROUPED = JobKind.RULES, JobKind.PUBLISH, JobKind.ASSESS, JobKind.RELATE
TERMS = {
    PLAIN: terms(PLAIN),
    KEYED: terms(KEYED, most_per_key=1),
    CAPPED: terms(CAPPED, most=2),
    GROUPED: terms(GROUPED, group=SIZE, most_per_key=1),
}
WAITING = {"scheduled", "ready"}
ENDED = {"done", "cancelled", "merged"}
_numbers = count()


@dataclass
class Expected:
    tenant: TenantId
    kind: JobKind
    key: str
    dedupe: str | None
    priority: int
    state: str
    attempt: int = 0
    cancel: bool = False
    holder: UUID | None = None
    counted: bool = False
    lease: int = 0

    @property
    def entry(self) -> tuple[TenantId, str]:
        return self.tenant, self.key


NEW_JOBS = st.lists(
    st.builds(
        NewJob,
        tenant=st.sampled_from(TENANTS),
        payload=st.just({}),
        kind=st.sampled_from(list(TERMS)),
        key=st.sampled_from(KEYS),
        dedupe=st.sampled_from([None, None, "a", "b"]),
        priority=st.integers(-1, 1),
        run_at=st.sampled_from([None, None, None, LATER]),
    ),
    min_size=1,
    max_size=5,
)


class Features(RuleBasedStateMachine):
    """`expected` is what the tables must say after every step; `hands` hold leases that count, `old` others."""

    server: ClassVar[Server]

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.expected: dict[JobId, Expected] = {}
        self.hands: dict[JobId, Job] = {}
        self.old: list[Job] = []
        self.pauses: set[tuple[str, TenantId]] = set()
        self.do(self._open())

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    async def _open(self) -> None:
        name = f"cid_test_features_{next(_numbers)}"
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

    def _twin(self, kind: JobKind, tenant: TenantId, dedupe: str | None) -> JobId | None:
        """The waiting job that does the same work."""
        return next(
            (
                number
                for number, other in self.expected.items()
                if dedupe is not None
                and (other.kind, other.tenant, other.dedupe) == (kind, tenant, dedupe)
                and other.state in WAITING
            ),
            None,
        )

    def _back(self, job: JobId, state: str, *, refund: bool) -> None:
        me = self.expected[job]
        if me.cancel:
            me.state = "cancelled"
        elif self._twin(me.kind, me.tenant, me.dedupe) is not None:
            me.state = "merged"
        else:
            me.state = state
            me.attempt -= refund
        self._let_go(job)

    def _let_go(self, job: JobId) -> None:
        self.expected[job].holder, self.expected[job].counted = None, False
        self.old.append(self.hands.pop(job))

    def _jobs(self, kind: JobKind, *states: str) -> list[JobId]:
        return sorted(n for n, me in self.expected.items() if me.kind == kind and me.state in states)

    def _dead(self) -> list[JobId]:
        return sorted(number for number, me in self.expected.items() if me.state == "dead")

    def _paused(self, me: Expected) -> bool:
        return any(kind in {me.kind, "*"} and tenant in {me.tenant, PLATFORM} for kind, tenant in self.pauses)

    def _running(self, kind: JobKind) -> Counter[tuple[TenantId, str]]:
        """Hand-outs in work of each (tenant, key)."""
        hands = {(me.entry, me.lease) for me in self.expected.values() if me.kind == kind and me.counted}
        return Counter(entry for entry, _ in hands)

    def _may_run(self, kind: JobKind) -> dict[tuple[TenantId, str], list[JobId]]:
        """Ready jobs of every (tenant, key) that no pause and no limit holds back, in their order."""
        running = self._running(kind)
        free: dict[tuple[TenantId, str], list[JobId]] = defaultdict(list)
        ready = [(self.expected[number].priority, number) for number in self._jobs(kind, "ready")]
        for _, number in sorted(ready):
            me = self.expected[number]
            most = TERMS[kind].most_per_key
            if not self._paused(me) and (most is None or running[me.entry] < most):
                free[me.entry].append(number)
        return free

    # ---- what can happen

    @rule(new=NEW_JOBS)
    def enqueue(self, new: list[NewJob]) -> None:
        async def add() -> list[Enqueued]:
            async with self.platform.tx() as tx:
                return await jobs.enqueue(tx, *new)

        answers = self.do(add())
        assert len(answers) == len(new)
        for job, answer in zip(new, answers, strict=True):
            twin = self._twin(job.kind, job.tenant, job.dedupe)
            assert answer.added == (twin is None), job
            assert answer.id is not None
            if twin is None:
                assert answer.id not in self.expected
                state = "scheduled" if job.run_at else "ready"
                self.expected[answer.id] = Expected(job.tenant, job.kind, job.key, job.dedupe, job.priority, state)
            else:
                assert answer.id == twin

    @rule(who=st.integers(0, 1), kind=st.sampled_from(list(TERMS)), slots=st.integers(1, 4))
    def claim(self, who: int, kind: JobKind, slots: int) -> None:
        free = self._may_run(kind)
        running, most = self._running(kind), TERMS[kind].most
        room = slots if most is None else min(slots, most - running.total())
        handouts = self.do(self.claimers[who].claim(TERMS[kind], slots)).handouts
        assert len(handouts) <= max(room, 0)
        assert bool(handouts) == bool(free and room > 0)
        taken: dict[tuple[TenantId, str], list[JobId]] = defaultdict(list)
        for hand in handouts:
            assert 1 <= len(hand) <= TERMS[kind].group
            assert len({(job.tenant, job.key) for job in hand}) == 1, "a hand-out of two keys"
            for job in hand:
                taken[job.tenant, job.key].append(job.id)
                self._claimed(job, self.workers[who])
        for entry, found in taken.items():
            # more urgent ones first, older ones first among equals, and nobody left out between
            assert sorted(found) == sorted(free[entry][: len(found)])
        if TERMS[kind].group > 1:
            for hand in handouts:
                waiting = len(free[hand[0].tenant, hand[0].key])
                assert len(hand) == min(TERMS[kind].group, waiting), "a group that leaves room for who waits"

    def _claimed(self, job: Job, holder: UUID) -> None:
        me = self.expected[job.id]
        assert (me.state, me.tenant, me.kind, me.key) == ("ready", job.tenant, job.kind, job.key)
        me.state, me.holder, me.counted, me.lease = "running", holder, TERMS[job.kind].limited, job.lease
        me.attempt += 1
        assert job.attempt == me.attempt
        self.hands[job.id] = job

    @precondition(lambda self: self.hands)
    @rule(data=st.data(), how=st.sampled_from(["done", "dead", "snooze"]))
    def end_with_the_state_it_wrote(self, data: st.DataObject, how: str) -> None:
        job = self._one_in_hand(data)

        async def end() -> None:
            async with self.app.tx(job.tenant) as tx:
                match how:
                    case "done":
                        await jobs.done(tx, job)
                    case "dead":
                        await jobs.dead(tx, job, "no use")
                    case _:
                        await jobs.snooze(tx, job, LATER, "not now")

        self.do(end())
        if how == "snooze":
            self._back(job.id, "scheduled", refund=True)
        else:
            self.expected[job.id].state = how
            self._let_go(job.id)

    @precondition(lambda self: self.hands)
    @rule(data=st.data(), outcome=st.sampled_from(list(Outcome)))
    def end_at_the_edge(self, data: st.DataObject, outcome: Outcome) -> None:
        job = self._one_in_hand(data)
        self.do(self.endings.flush([ending(job, outcome)]))
        if outcome in {Outcome.RETRY, Outcome.SNOOZE, Outcome.HAND_BACK}:
            state = "ready" if outcome is Outcome.HAND_BACK else "scheduled"
            self._back(job.id, state, refund=outcome is not Outcome.RETRY)
        else:
            self.expected[job.id].state = str(outcome)
            self._let_go(job.id)

    @precondition(lambda self: self.hands)
    @rule()
    def everything_in_hand_is_handed_back_at_once(self) -> None:
        """As when a process drains. Of two with the same dedupe key one waits and the other merges into it."""
        found = [self.hands[number] for number in sorted(self.hands)]
        self.do(self.endings.flush([ending(job, Outcome.HAND_BACK) for job in found]))
        for job in found:
            self._back(job.id, "ready", refund=True)

    def _one_in_hand(self, data: st.DataObject) -> Job:
        return data.draw(st.sampled_from([self.hands[number] for number in sorted(self.hands)]))

    @precondition(lambda self: self.old)
    @rule(data=st.data(), outcome=st.sampled_from(list(Outcome)))
    def a_zombie_comes_back(self, data: st.DataObject, outcome: Outcome) -> None:
        job = data.draw(st.sampled_from(self.old))

        async def end(how: str) -> None:
            async with self.app.tx(job.tenant) as tx:
                await jobs.enqueue(tx, NewJob(kind=PLAIN, tenant=job.tenant, dedupe="of a zombie"))
                if how == "done":
                    await jobs.done(tx, job)
                elif how == "dead":
                    await jobs.dead(tx, job, "no use")
                else:
                    await jobs.snooze(tx, job, LATER, "not now")

        for how in ("done", "dead", "snooze"):
            with pytest.raises(LostLease):
                self.do(end(how))
        self.do(self.endings.flush([ending(job, outcome)]))

    @rule(who=st.integers(0, 1))
    def a_process_dies(self, who: int) -> None:
        async def die() -> None:
            await self.owner.execute("delete from workers where id = $1", self.workers[who])
            await self.queue.rescue(TRIES)
            self.workers[who] = await self.queue.worker()
            self.claimers[who] = self.queue.claimer(self.workers[who])

        lost = [number for number in sorted(self.hands) if self.expected[number].holder == self.workers[who]]
        self.do(die())
        over = [number for number in lost if self.expected[number].attempt >= TRIES]
        for number in over:
            self.expected[number].state = "dead"
            self._let_go(number)
        for number in lost:
            if number not in over:
                self._back(number, "ready", refund=False)

    @rule()
    def time_comes(self) -> None:
        async def move() -> None:
            await self.owner.execute("update jobs set run_at = cid_now() where state = 'scheduled'")
            async with self.platform.tx() as tx:
                await care.move_due(tx)

        self.do(move())
        for me in self.expected.values():
            if me.state == "scheduled":
                me.state = "ready"

    @precondition(lambda self: self.expected)
    @rule(data=st.data())
    def a_person_cancels(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.expected)))

        async def cancel() -> str | None:
            async with self.platform.tx() as tx:
                return await control.cancel(tx, number)

        said, me = self.do(cancel()), self.expected[number]
        if me.state in WAITING:
            assert said == "cancelled"
            me.state = "cancelled"
        elif me.state == "running":
            assert said == "asked"
            me.cancel = True
        else:
            assert said is None

    @rule(kind=st.sampled_from(["*", *TERMS]), tenant=st.sampled_from([PLATFORM, *TENANTS]))
    def a_person_pauses_or_resumes(self, kind: str, tenant: TenantId) -> None:
        async def switch() -> bool:
            async with self.platform.tx() as tx:
                return await (control.resume if (kind, tenant) in self.pauses else control.pause)(tx, kind, tenant)

        assert self.do(switch())
        self.pauses ^= {(kind, tenant)}

    @precondition(lambda self: self._dead())
    @rule(data=st.data())
    def a_person_retries_a_dead_job(self, data: st.DataObject) -> None:
        """It keeps its priority, its key and its dedupe key; while a twin waits it stays dead."""
        number = data.draw(st.sampled_from(self._dead()))
        me = self.expected[number]
        twin = self._twin(me.kind, me.tenant, me.dedupe)

        async def retry() -> bool:
            async with self.platform.tx() as tx:
                return await control.retry(tx, number)

        assert self.do(retry()) == (twin is None)
        if twin is None:
            self.expected[number] = Expected(me.tenant, me.kind, me.key, me.dedupe, me.priority, "ready")

    @invariant()
    def every_job_is_exactly_where_and_what_the_model_says(self) -> None:
        rows = self.do(
            self.owner.fetch("""
                select id, state, attempt, kind, key, priority, dedupe_key, counted from jobs
                union all select id, outcome, -1, kind, '', 0, null, false from jobs_done
                union all select id, 'dead', -1, kind, key, priority, dedupe_key, false from jobs_dead
                order by id""")
        )
        found = {tuple(row) for row in rows}
        expected = {shown(number, me) for number, me in self.expected.items()}
        assert len(rows) == len(found)
        assert not found ^ expected, f"found {found - expected}, expected {expected - found}"

    @invariant()
    def no_limit_is_overshot(self) -> None:
        for kind, given_terms in TERMS.items():
            running = self._running(kind)
            assert given_terms.most is None or running.total() <= given_terms.most
            assert given_terms.most_per_key is None or max(running.values(), default=0) <= given_terms.most_per_key


def ending(job: Job, outcome: Outcome) -> Ending:
    return Ending(job=job, outcome=outcome, at=None if outcome is Outcome.HAND_BACK else LATER)


def shown(number: JobId, me: Expected) -> tuple[object, ...]:
    if me.state in ENDED:
        return (number, me.state, -1, me.kind, "", 0, None, False)
    attempt = -1 if me.state == "dead" else me.attempt
    return (number, me.state, attempt, me.kind, me.key, me.priority, me.dedupe, me.counted)


def test_no_order_of_events_breaks_a_limit_a_group_or_an_order(server: Server) -> None:
    Features.server = server
    run_state_machine_as_test(
        Features,
        settings=settings(
            max_examples=15, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
