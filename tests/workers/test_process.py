"""The process as it runs: parts, wake-ups, beats, drains; on a real Postgres, with flows made for the test."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
import pytest

from cid.domain.errors import Upstream
from cid.domain.ids import PLATFORM, JobId, TenantId
from cid.domain.jobs import Job, JobKind
from cid.domain.tuning import QueueTuning, WakeUps
from cid.outside.clock import SystemClock
from cid.pg.embedded import ADMIN, APP, WORKER
from cid.queue import control, jobs
from cid.queue.link import Link
from cid.queue.wakeups import OURS, Wire, with_commit
from cid.services import Services
from cid.workers.main import Crew, Process
from cid.workers.parts import Board, Part, PartState, supervise
from cid.workers.table import Handler
from tests.make import services
from tests.queues import Queue, a_job, terms

if TYPE_CHECKING:
    from cid.pg.pool import AppDb, WorkerDb
    from tests.conftest import Database

A = TenantId(UUID(int=1 << 64))
QUICK = QueueTuning(
    poll=timedelta(seconds=60),  # so long that a test that relied on it would hang
    move=timedelta(milliseconds=20),
    reap=timedelta(milliseconds=50),
    beat=timedelta(milliseconds=50),
    schedule=timedelta(milliseconds=50),
    grace=timedelta(seconds=20),
)
GENEROUS_S = 30


class Running:
    """A process in this event loop."""

    def __init__(self, crew: Crew) -> None:
        self.process = Process(crew)
        self.stop, self.hurry = asyncio.Event(), asyncio.Event()
        self.task = asyncio.ensure_future(self.process.serve(self.stop, self.hurry))

    async def ended(self) -> None:
        self.stop.set()
        async with asyncio.timeout(GENEROUS_S):
            await self.task


@pytest.fixture
async def queue(database: Database, platform: WorkerDb, owner: Any) -> AsyncIterator[Queue]:
    made = Queue(database, platform, owner)
    yield made
    await made.close()


@pytest.fixture
async def start(db: AppDb, platform: WorkerDb, database: Database) -> AsyncIterator[Callable[..., Running]]:
    started: list[Running] = []

    def begin(flow: Callable[[Services, Sequence[Job]], Awaitable[None]], **given: Any) -> Running:
        tuning = given.pop("tuning", QUICK)
        sv = replace(services(db, platform), clock=SystemClock())
        handler = Handler(flow=flow, tries=3, deadline=timedelta(minutes=1), slots=given.pop("slots", 4))
        crew = Crew(services=sv, dsn=database.dsn(WORKER), tuning=tuning, table={JobKind.RULES: handler})
        started.append(Running(crew))
        return started[-1]

    yield begin
    for running in started:
        if not running.task.done():
            running.hurry.set()
            await running.ended()


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(GENEROUS_S):
        while not await true():  # noqa: ASYNC110 - what is waited for is another connection's doing
            await asyncio.sleep(0.01)


async def test_a_job_runs_as_soon_as_it_is_enqueued_in_this_process_and_is_done(
    queue: Queue, db: AppDb, start: Callable[..., Running]
) -> None:
    ran: asyncio.Queue[Job] = asyncio.Queue()

    async def flow(_sv: Services, found: Sequence[Job]) -> None:
        for job in found:
            await ran.put(job)

    running = start(flow)
    await until(lambda: beaten(queue))
    async with asyncio.timeout(GENEROUS_S):
        for _ in range(3):
            async with db.tx(A) as tx:
                await jobs.enqueue(tx, a_job(A))
            job = await ran.get()
    await running.ended()
    assert await queue.state(job.id) == "done"
    assert await queue.owner.fetchval("select count(*) from workers") == 0


async def beaten(queue: Queue) -> bool:
    return bool(await queue.owner.fetchval("select count(*) from workers"))


async def test_a_notify_of_another_process_wakes_us(queue: Queue, start: Callable[..., Running]) -> None:
    ran = asyncio.Event()

    async def flow(_sv: Services, _jobs: Sequence[Job]) -> None:
        ran.set()

    start(flow)
    await until(lambda: listening(queue))
    await queue.owner.execute("insert into jobs (tenant_id, kind) values ($1, 'rules')", A)
    await queue.owner.execute("select pg_notify('cid_jobs', 'rules')")
    async with asyncio.timeout(GENEROUS_S):
        await ran.wait()


async def listening(queue: Queue) -> bool:
    """Seen by the superuser only."""
    admin = await asyncpg.connect(queue.database.dsn(ADMIN))
    try:
        return bool(
            await admin.fetchval(
                """select count(*) from pg_stat_activity
                   where datname = $1 and application_name = 'cid wire' and query ilike 'listen%'""",
                queue.database.name,
            )
        )
    finally:
        await admin.close()


async def test_the_commit_itself_tells_other_processes_and_ours_is_not_woken_twice(database: Database) -> None:
    heard: asyncio.Queue[frozenset[str]] = asyncio.Queue()
    wire = Wire(Link(database.dsn(WORKER), name="w", timeout=timedelta(seconds=20)), hear=heard.put_nowait)
    task = asyncio.ensure_future(wire.run())
    assert await heard.get() == {"*"}
    later = time.monotonic() + 100
    told, statement = with_commit({"rules"}, later)
    assert told == {"rules"}
    assert with_commit({"rules"}, later + 0.001) == (frozenset(), "")
    conn = await asyncpg.connect(database.dsn(WORKER))
    await conn.execute("set synchronous_commit = on")
    await conn.execute("begin; commit; " + statement)
    await conn.execute("begin; commit; " + statement.replace(OURS, "another"))
    assert await heard.get() == {"rules"}
    assert heard.empty()
    assert await conn.fetchval("select current_setting('synchronous_commit')") == "on"
    await conn.close()
    task.cancel()


async def test_without_any_notify_polling_finds_the_job(queue: Queue, start: Callable[..., Running]) -> None:
    ran = asyncio.Event()

    async def flow(_sv: Services, _jobs: Sequence[Job]) -> None:
        ran.set()

    start(flow, tuning=replace(QUICK, mode=WakeUps.POLL, poll=timedelta(milliseconds=20)))
    await until(lambda: beaten(queue))
    await queue.owner.execute("insert into jobs (tenant_id, kind) values ($1, 'rules')", A)
    async with asyncio.timeout(GENEROUS_S):
        await ran.wait()
    assert not await listening(queue)


async def test_scheduled_jobs_run_when_they_are_due_and_retries_come_back(
    queue: Queue, start: Callable[..., Running]
) -> None:
    attempts: list[int] = []

    async def flow(_sv: Services, found: Sequence[Job]) -> None:
        attempts.append(found[0].attempt)
        if len(attempts) == 1:
            raise Upstream("503")

    running = start(flow)
    await queue.add(a_job(A, run_at=SystemClock().now() + timedelta(milliseconds=50)))
    await until(lambda: scheduled_again(queue))
    await queue.owner.execute("update jobs set run_at = cid_now()")
    await until(lambda: empty(queue))
    await running.ended()
    assert attempts == [1, 2]


async def scheduled_again(queue: Queue) -> bool:
    return bool(await queue.owner.fetchval("select count(*) from jobs where state = 'scheduled' and attempt = 1"))


async def empty(queue: Queue) -> bool:
    return not await queue.owner.fetchval("select count(*) from jobs")


async def test_a_drain_lets_jobs_in_hand_finish_and_claims_no_more(queue: Queue, start: Callable[..., Running]) -> None:
    begun, go = asyncio.Event(), asyncio.Event()

    async def flow(_sv: Services, _jobs: Sequence[Job]) -> None:
        begun.set()
        await go.wait()

    await queue.many(A, 2)
    running = start(flow, slots=1)
    await begun.wait()
    running.stop.set()
    await asyncio.sleep(0)
    go.set()
    await running.ended()
    states = [row["state"] for row in await queue.owner.fetch("select state, attempt from jobs")]
    assert states == ["ready"]
    assert await queue.owner.fetchval("select count(*) from jobs_done") == 1


async def test_what_does_not_finish_in_its_grace_is_handed_back_without_costing_an_attempt(
    queue: Queue, start: Callable[..., Running]
) -> None:
    begun = asyncio.Event()

    async def flow(_sv: Services, _jobs: Sequence[Job]) -> None:
        begun.set()
        await asyncio.Event().wait()

    await queue.many(A, 1)
    running = start(flow, tuning=replace(QUICK, grace=timedelta(milliseconds=1)))
    await begun.wait()
    await running.ended()
    row = await queue.owner.fetchrow("select state, attempt from jobs")
    assert tuple(row) == ("ready", 0)


async def test_a_running_job_that_a_person_cancels_ends_at_the_next_beat(
    queue: Queue, start: Callable[..., Running]
) -> None:
    begun = asyncio.Event()

    async def flow(_sv: Services, _jobs: Sequence[Job]) -> None:
        begun.set()
        await asyncio.Event().wait()

    await queue.many(A, 1)
    start(flow)
    await begun.wait()
    job = JobId(await queue.owner.fetchval("select id from jobs"))
    async with queue.platform.tx() as tx:
        assert await control.cancel(tx, job) == "asked"
    await until(lambda: empty(queue))
    assert await queue.state(job) == "cancelled"


async def test_jobs_of_a_dead_process_of_this_machine_are_run_without_waiting_for_its_silence(
    queue: Queue, start: Callable[..., Running]
) -> None:
    ran = asyncio.Event()

    async def flow(_sv: Services, _jobs: Sequence[Job]) -> None:
        ran.set()

    await queue.many(A, 1)
    await queue.claimer(UUID(int=99)).claim(terms(), 1)
    start(flow)
    async with asyncio.timeout(GENEROUS_S):
        await ran.wait()


async def test_a_desk_whose_connections_are_all_cut_goes_on(queue: Queue, start: Callable[..., Running]) -> None:
    ran = 0

    async def flow(_sv: Services, found: Sequence[Job]) -> None:
        nonlocal ran
        ran += len(found)

    running = start(flow)
    await until(lambda: listening(queue))
    admin = await asyncpg.connect(queue.database.dsn(ADMIN))
    for number in range(3):
        await admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = any($1) and datname = $2",
            [APP, WORKER],
            queue.database.name,
        )
        await queue.owner.execute("insert into jobs (tenant_id, kind) values ($1, 'rules')", A)
        await queue.owner.execute("select pg_notify('cid_jobs', 'rules')")
        await until(lambda: empty(queue))
        assert ran >= number + 1
    await admin.close()
    await running.ended()
    shown = running.process.board.shown()
    assert shown["wake-ups"]["restarts"] >= 1
    assert "database" in shown["wake-ups"]["error"]


async def test_working_off_what_is_due_ends_by_itself_and_counts(queue: Queue, db: AppDb, database: Database) -> None:
    async def flow(_sv: Services, found: Sequence[Job]) -> None:
        if found[0].payload["item"] == "0":
            raise ValueError("bad")

    await queue.many(A, 5)
    await queue.many(PLATFORM, 2)
    await queue.add(a_job(A, run_at=SystemClock().now() + timedelta(days=1)))
    handler = Handler(flow=flow, tries=3, deadline=timedelta(minutes=1), slots=2, group=4, linger=timedelta(hours=1))
    for table, counts in (
        ({JobKind.DRAFT: handler}, {}),
        ({JobKind.RULES: replace(handler, group=1)}, {"done": 5, "dead": 2}),
    ):
        crew = Crew(
            services=services(db, queue.platform), dsn=database.dsn(WORKER), tuning=QUICK, table=table, lingers=False
        )
        async with asyncio.timeout(GENEROUS_S):
            assert await Process(crew).drain() == counts
    assert await queue.owner.fetchval("select count(*) from jobs") == 1


async def test_groups_do_not_linger_when_only_what_is_due_is_worked_off(
    queue: Queue, db: AppDb, database: Database
) -> None:
    async def flow(_sv: Services, found: Sequence[Job]) -> None:
        assert len(found) == 3

    await queue.many(A, 3)
    handler = Handler(flow=flow, tries=3, deadline=timedelta(minutes=1), slots=2, group=8, linger=timedelta(hours=1))
    table = {JobKind.RULES: handler}
    crew = Crew(
        services=services(db, queue.platform), dsn=database.dsn(WORKER), tuning=QUICK, table=table, lingers=False
    )
    async with asyncio.timeout(GENEROUS_S):
        assert await Process(crew).drain() == {"done": 3}


async def test_a_deaf_listener_is_noticed(database: Database) -> None:
    """It is open and answers, but what is said to it does not arrive: as behind a pooler that swaps connections."""

    class Deaf(Link):
        async def connection(self) -> Any:
            conn = await super().connection()

            class NoListener:
                def __getattr__(self, name: str) -> Any:
                    return getattr(conn, name)

                async def add_listener(self, *_: object) -> None:
                    return

            return NoListener()

    link = Deaf(database.dsn(WORKER), name="deaf", timeout=timedelta(seconds=20))
    wire = Wire(link, hear=lambda _kinds: None, probe_s=0.01, answer_s=0.01)
    with pytest.raises(Upstream, match="deaf"):
        await asyncio.wait_for(wire.run(), GENEROUS_S)


async def test_a_listener_that_hears_itself_is_left_alone(database: Database) -> None:
    link = Link(database.dsn(WORKER), name="sound", timeout=timedelta(seconds=20))
    wire = Wire(link, hear=lambda _kinds: None, probe_s=0.001)
    task = asyncio.ensure_future(wire.run())
    async with asyncio.timeout(GENEROUS_S):
        while wire.probes < 3:  # noqa: ASYNC110 - a counter has no event
            await asyncio.sleep(0.005)
    assert not task.done()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_a_part_that_fails_is_started_again_and_says_why() -> None:
    board = Board(SystemClock())
    runs = 0

    async def run() -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            raise ValueError("broken")

    async with asyncio.timeout(GENEROUS_S):
        await supervise(Part("p", run), board, chance=lambda: 0.0)
    assert runs == 2
    assert board.fares["p"].state is PartState.ENDED
    assert (board.fares["p"].restarts, board.fares["p"].error) == (1, "ValueError: broken")


async def test_a_statement_that_is_never_answered_is_given_up_and_the_next_one_works(database: Database) -> None:
    link = Link(database.dsn(WORKER), name="slow", timeout=timedelta(seconds=1))
    with pytest.raises(Upstream, match="no answer"):
        await link.fetch("select pg_sleep(60)")
    assert (await link.fetch("select 1"))[0][0] == 1
    await link.close()


async def test_an_error_of_a_statement_is_no_outage(database: Database) -> None:
    link = Link(database.dsn(WORKER), name="wrong", timeout=timedelta(seconds=20))
    with pytest.raises(asyncpg.UndefinedTableError):
        await link.fetch("select * from nothing_of_that_name")
    assert (await link.fetch("select 1"))[0][0] == 1
    await link.close()
