"""`mode = "poll"` through a pooler of transactions: whole processes that never hold a session."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
import pytest

from cid import bootstrap, settings
from cid.domain.errors import Misconfigured, Upstream
from cid.domain.ids import PLATFORM, JobId, TenantId
from cid.domain.jobs import Job, JobKind, Rate
from cid.domain.tuning import Missed, Periodic, QueueTuning, WakeUps
from cid.outside.clock import SystemClock
from cid.pg import checks, place
from cid.pg.embedded import APP, OWNER, WORKER
from cid.pg.pool import AppDb, WorkerDb, open_pool
from cid.pg.roles import Logins
from cid.queue import care, control, jobs
from cid.queue.link import Link
from cid.services import Services
from cid.workers.main import Crew, Process
from cid.workers.table import Handler
from tests.make import services
from tests.pooler import Pooler, pooler
from tests.queues import Queue, a_job

if TYPE_CHECKING:
    from tests.conftest import Database

A, B = TenantId(UUID(int=1 << 64)), TenantId(UUID(int=2 << 64))
GENEROUS_S = 60
TUNING = QueueTuning(
    mode=WakeUps.POLL,
    poll=timedelta(milliseconds=20),
    move=timedelta(milliseconds=20),
    reap=timedelta(milliseconds=50),
    beat=timedelta(milliseconds=50),
    schedule=timedelta(milliseconds=50),
)
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def between(database: Database) -> AsyncIterator[Pooler]:
    async with pooler(database.server.sockets / ".s.PGSQL.5432", size=3) as made:
        yield made


@pytest.fixture
async def queue(database: Database, platform: WorkerDb, owner: Any) -> AsyncIterator[Queue]:
    made = Queue(database, platform, owner)
    yield made
    await made.close()


@dataclass
class Newsroom:
    """Flows that note what ran at once."""

    running: dict[tuple[str, TenantId, str], int] = field(default_factory=lambda: defaultdict(int))
    most: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    groups: list[int] = field(default_factory=list)
    attempts: list[int] = field(default_factory=list)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    go: asyncio.Event = field(default_factory=asyncio.Event)

    async def counted(self, _sv: Services, found: Sequence[Job]) -> None:
        lane = (str(found[0].kind), found[0].tenant, found[0].key)
        self.running[lane] += 1
        self.most[lane[0]] = max(self.most[lane[0]], self.running[lane])
        await asyncio.sleep(0.005)
        self.running[lane] -= 1
        self.groups.append(len(found))

    async def fails_once(self, sv: Services, found: Sequence[Job]) -> None:
        self.attempts.append(found[0].attempt)
        if found[0].attempt == 1:
            raise Upstream("503")
        async with sv.db.tx(A) as tx:
            await jobs.enqueue(tx, a_job(A, kind=JobKind.REVIEW))
            await jobs.done(tx, *found)

    async def stays(self, _sv: Services, _found: Sequence[Job]) -> None:
        self.begun.set()
        await self.go.wait()

    async def nothing(self, _sv: Services, _found: Sequence[Job]) -> None:
        return

    def table(self) -> Mapping[JobKind, Handler]:
        plain = Handler(flow=self.nothing, tries=3, deadline=MINUTE, slots=4)
        return {
            JobKind.RULES: replace(plain, flow=self.counted, group=4, most_per_key=1),
            JobKind.GROUP: replace(plain, flow=self.counted, most=1, rate=Rate(timedelta(milliseconds=20))),
            JobKind.ASSESS: replace(plain, flow=self.fails_once),
            JobKind.DRAFT: replace(plain, flow=self.stays, slots=1),
            JobKind.REVIEW: plain,
            JobKind.TIDY: plain,
        }


class Running:
    def __init__(self, crew: Crew) -> None:
        self.process = Process(crew)
        self.stop, self.hurry = asyncio.Event(), asyncio.Event()
        self.task = asyncio.ensure_future(self.process.serve(self.stop, self.hurry))

    async def ended(self) -> None:
        self.stop.set()
        async with asyncio.timeout(GENEROUS_S):
            await self.task


@pytest.fixture
async def start(between: Pooler, database: Database) -> AsyncIterator[Callable[..., Awaitable[Running]]]:
    started: list[Running] = []
    pools: list[Any] = []

    async def begin(table: Mapping[JobKind, Handler], *schedule: Periodic, **tuned: Any) -> Running:
        app, worker = [await open_pool(between.dsn(role, database.name), size=4, pooled=True) for role in (APP, WORKER)]
        pools.extend((app, worker))
        sv = replace(services(AppDb(app), WorkerDb(worker)), clock=SystemClock())
        crew = Crew(
            services=sv,
            dsn=between.dsn(WORKER, database.name),
            tuning=replace(TUNING, **tuned),
            table=table,
            schedule=schedule,
        )
        started.append(Running(crew))
        return started[-1]

    yield begin
    for running in started:
        if not running.task.done():
            running.hurry.set()
            await running.ended()
    for pool in pools:
        await pool.close()


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(GENEROUS_S):
        while not await true():  # noqa: ASYNC110 - what is waited for is another connection's doing
            await asyncio.sleep(0.01)


async def test_two_processes_work_as_ever_and_leave_nothing_in_any_session(
    queue: Queue,
    between: Pooler,
    start: Callable[..., Awaitable[Running]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def nobody(*_: Any, **__: Any) -> int:
        return 0

    monkeypatch.setattr(care, "bury", nobody)  # by their pid, which is the same, each would take the other for dead
    room = Newsroom()
    tidy = Periodic(name="tidy", every=timedelta(days=365), missed=Missed.ONCE)
    processes = [await start(room.table(), tidy) for _ in range(2)]
    await queue.many(A, 20)
    await queue.many(B, 10)
    await queue.add(*(a_job(A, kind=JobKind.GROUP) for _ in range(6)), a_job(A, kind=JobKind.ASSESS))

    async def retried() -> bool:
        status = await queue.owner.execute("update jobs set run_at = cid_now() where state = 'scheduled'")
        return bool(status == "UPDATE 1")

    async def empty() -> bool:
        return not await queue.owner.fetchval("select count(*) from jobs")

    async def ticked() -> bool:
        return bool(await queue.owner.fetchval("select count(*) = 2 from workers where beat_at > started_at"))

    await until(retried)
    await until(ticked)
    await until(empty)
    for running in processes:
        await running.ended()

    done = dict(await queue.owner.fetch("select kind, count(*) from jobs_done where outcome = 'done' group by kind"))
    assert done == {"rules": 30, "group": 6, "assess": 1, "review": 1, "tidy": 1}
    assert room.most == {"rules": 1, "group": 1}
    assert max(room.groups) > 1
    assert room.attempts == [1, 2]
    assert await queue.owner.fetchval("select count(*) from workers") == 0
    assert (between.left, between.refused) == (set(), [])
    assert between.moved > 0, "nobody ever met another's session: the pooler pooled nothing"
    restarts = [fare["restarts"] for it in processes for fare in it.process.board.shown().values()]
    assert set(restarts) == {0}


async def test_what_is_in_hand_at_the_end_is_finished_or_handed_back(
    queue: Queue, start: Callable[..., Awaitable[Running]]
) -> None:
    room = Newsroom()
    await queue.add(a_job(A, kind=JobKind.DRAFT), a_job(A, kind=JobKind.DRAFT))
    running = await start(room.table())
    await room.begun.wait()
    running.stop.set()
    await asyncio.sleep(0)
    room.go.set()
    await running.ended()
    assert await queue.owner.fetchval("select count(*) from jobs_done") == 1

    room.begun.clear()
    room.go.clear()
    impatient = await start(room.table(), grace=timedelta(milliseconds=1))
    await room.begun.wait()
    await impatient.ended()
    assert tuple(await queue.owner.fetchrow("select state, attempt from jobs")) == ("ready", 0)


async def test_a_running_job_that_a_person_cancels_ends_at_the_next_beat(
    queue: Queue, start: Callable[..., Awaitable[Running]]
) -> None:
    room = Newsroom()
    await queue.add(a_job(A, kind=JobKind.DRAFT))
    await start(room.table())
    await room.begun.wait()
    job = JobId(await queue.owner.fetchval("select id from jobs"))
    async with queue.platform.tx() as tx:
        assert await control.cancel(tx, job) == "asked"

    async def cancelled() -> bool:
        return await queue.state(job) == "cancelled"

    await until(cancelled)


async def test_the_doctor_tries_the_logins_and_leaves_nothing(between: Pooler, database: Database) -> None:
    for role in (APP, WORKER):
        conn = await place.connect(between.dsn(role, database.name))
        assert await checks.offences_of_roles(conn, [role]) == []
        await conn.close()
    assert between.left == set()


async def test_a_link_for_direct_connections_is_refused_by_the_pooler(between: Pooler, database: Database) -> None:
    """The control: what such a connection asks for at its start does not pass."""
    link = Link(between.dsn(WORKER, database.name), name="direct", timeout=timedelta(seconds=20))
    with pytest.raises((Upstream, asyncpg.PostgresError), match="unsupported startup parameter"):
        await link.fetch("select 1")
    assert "enable_seqscan" in between.refused


async def test_a_pool_for_direct_connections_leaves_statements_behind(between: Pooler, database: Database) -> None:
    """The control: the pooler notices what must not be."""
    pool = await open_pool(between.dsn(WORKER, database.name), size=1)
    with pytest.raises(asyncpg.InvalidSQLStatementNameError):
        for _ in range(3):
            async with pool.acquire() as conn, conn.transaction():
                await conn.fetch("select count(*) from jobs")
    pool.terminate()
    assert any(it.startswith("statement ") for it in between.left)


async def test_a_failed_statement_leaves_the_link_usable_and_its_transaction_undone(
    queue: Queue, between: Pooler
) -> None:
    link = Link(between.dsn(WORKER, queue.database.name), name="pooled", timeout=timedelta(seconds=20), pooled=True)
    with pytest.raises(asyncpg.UndefinedTableError):
        await link.fetch("select * from nothing_of_that_name")
    settings = "select current_setting('enable_seqscan'), current_setting('jit')"
    assert tuple((await link.fetch(settings))[0]) == ("off", "off")
    for unfit in ("select $1::int", "select $1::jsonb"):
        with pytest.raises((asyncpg.DataError, TypeError)):
            await link.fetch(unfit, {1, 2})
    await link.fetch("insert into jobs (tenant_id, kind) values ($1, 'rules')", PLATFORM)
    await link.close()
    assert await queue.owner.fetchval("select count(*) from jobs") == 1
    assert between.left == set()


async def test_a_process_that_listens_does_not_come_up_behind_a_pooler(
    queue: Queue, between: Pooler, start: Callable[..., Awaitable[Running]]
) -> None:
    running = await start(Newsroom().table(), mode=WakeUps.LISTEN, statement=timedelta(seconds=1))
    with pytest.raises(Misconfigured, match="sign of life"):
        await running.task
    assert "enable_seqscan" in between.refused
    assert await queue.owner.fetchval("select count(*) from workers") == 0


async def test_what_flows_are_given_keeps_to_it_too(between: Pooler, database: Database) -> None:
    """As the composition root builds it from the settings."""
    app, worker = (between.dsn(role, database.name) for role in (APP, WORKER))
    to = Logins(owner=database.dsn(OWNER), app=app, worker=worker)
    given = settings.read({"CID_SECRET_KEY": "k" * 32})
    async with bootstrap.open_services(replace(given, queue=TUNING), to) as sv:
        for _ in range(3):
            await asyncio.gather(*(once(sv) for _ in range(4)))
    assert between.left == set()


async def once(sv: Services) -> None:
    async with sv.db.tx(A) as tx:
        await jobs.enqueue(tx, a_job(A))
    async with sv.platform.read() as tx:
        assert await control.listed(tx, kinds=["rules"])
