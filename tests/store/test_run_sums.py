"""Counts of runs, which tables keep as runs come and end, are what a count of all runs comes to."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from uuid import uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from cid.domain.ids import RunId, TenantId
from cid.domain.run import RUN, Failure, Run, RunState, Shortfall, Target, Tlp
from cid.domain.run_figures import Counted, Ends
from cid.domain.scorecard import Dimension, Point, Rating, Scorecard
from cid.pg.embedded import ADMIN, APP, OWNER, WORKER
from cid.pg.pool import AppDb, WorkerDb, open_pool
from cid.store import run_figures, runs
from tests import make
from tests.conftest import TEMPLATE, Database

if TYPE_CHECKING:
    from cid.pg.embedded import Server

    Owner = asyncpg.Connection[asyncpg.Record]

T = TypeVar("T")
TARGET = Target(outlet="Meridian Post", country="", sources=("gdelt",))
MISCOUNTED = "select * from inspect.runs_miscounted"
ALL = """
select count(*) as runs, count(*) filter (where state = 'completed') as completed,
  count(*) filter (where state = 'partial') as partial, count(*) filter (where state = 'failed') as failed,
  count(score) as scored, coalesce(sum(score), 0) as points, count(*) filter (where rating = 'excellent') as excellent,
  count(*) filter (where rating = 'good') as good, count(*) filter (where rating = 'acceptable') as acceptable,
  count(*) filter (where rating = 'poor') as poor, count(*) filter (where rating = 'failing') as failing
from runs where tenant_id = $1 and created_at >= cid_now() - $2::interval
"""
DAYS = """
select (created_at at time zone 'UTC')::date as day, count(*) as runs,
  count(*) filter (where state = 'failed') as failed, count(score) as scored, coalesce(sum(score), 0) as points
from runs where tenant_id = $1 group by 1
"""
EVER = timedelta(days=3650)
_numbers = count()


def card(points: int, rating: Rating) -> Scorecard:
    point = Point(check="c", points=points, of=70, why="w")
    return Scorecard(
        dimensions=(Dimension(name="d", points=(point,)),), checks=(), rating=rating, shown=rating, version="1"
    )


async def add(db: AppDb, tenant: TenantId) -> RunId:
    run = RunId(uuid4())
    async with db.tx(tenant) as tx:
        await runs.add(tx, run, TARGET, outlet_key="meridian post", tlp=Tlp.AMBER, by=None)
    return run


async def agree(db: AppDb, owner: Owner, tenant: TenantId) -> None:
    """Every figure of a tenant is what its runs come to, counted one by one."""
    assert await owner.fetch(MISCOUNTED) == []
    async with db.read(tenant) as tx:
        found = await run_figures.of(tx, tenant)
        now: datetime = await tx.fetchval("select cid_now()")
        days = await run_figures.days(tx, tenant, now)
    counted = Counted(**dict(await owner.fetchrow(ALL, tenant, EVER) or {}))
    recent = Counted(**dict(await owner.fetchrow(ALL, tenant, timedelta(days=1)) or {}))
    assert (found.all.total, found.all.completed, found.all.partial, found.all.failed, found.scored) == (
        counted.runs, counted.completed, counted.partial, counted.failed, counted.scored
    )  # fmt: skip
    assert found.avg_score == (round(counted.points / counted.scored, 1) if counted.scored else 0)
    assert found.ratings == {rating: getattr(counted, rating.value) for rating in Rating}
    said = Ends(
        runs=found.recent.total,
        completed=found.recent.completed,
        partial=found.recent.partial,
        failed=found.recent.failed,
    )
    assert said == Ends(runs=recent.runs, completed=recent.completed, partial=recent.partial, failed=recent.failed)
    by_day = {row["day"]: row for row in await owner.fetch(DAYS, tenant)}
    for day in days:
        row = by_day.get(day.day)
        assert (day.runs, day.failed, day.scored, day.points) == (
            (row["runs"], row["failed"], row["scored"], row["points"]) if row else (0, 0, 0, 0)
        )


@dataclass
class Known:
    tenant: TenantId
    state: RunState = RunState.QUEUED


class Desk(RuleBasedStateMachine):
    """Two tenants, any order of runs, moves, scores, lapses of time and ends of tenants."""

    server: ClassVar[Server]

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.known: dict[RunId, Known] = {}
        self.do(self._open())

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    async def _open(self) -> None:
        name = f"cid_test_sums_{next(_numbers)}"
        self.admin = await asyncpg.connect(self.server.dsn(ADMIN, "postgres"))
        await self.admin.execute(f"create database {name} template {TEMPLATE} strategy file_copy owner {OWNER}")
        self.database = Database(self.server, name)
        self.owner = await asyncpg.connect(self.database.dsn(OWNER))
        self.pools = [await open_pool(self.database.dsn(role), size=2) for role in (APP, WORKER)]
        self.db, self.platform = AppDb(self.pools[0]), WorkerDb(self.pools[1])
        self.tenants = [await make.tenant(self.platform, slug) for slug in ("acme", "other")]

    def teardown(self) -> None:
        async def close() -> None:
            for pool in self.pools:
                await pool.close()
            await self.owner.close()
            await self.admin.execute(f"drop database {self.database.name} with (force)")
            await self.admin.close()

        self.do(close())
        self.loop.close()

    def _drawn(self, data: st.DataObject) -> tuple[RunId, Known]:
        return data.draw(st.sampled_from(sorted(self.known.items(), key=lambda one: one[0])))

    @rule(who=st.integers(0, 1), hours=st.sampled_from([0, 1, 5, 23, 24, 25, 240, 830]), twins=st.integers(1, 3))
    def runs_are_asked_for(self, who: int, hours: int, twins: int) -> None:
        async def asked() -> list[RunId]:
            conn = self.owner
            await conn.execute(f"set cid.clock_offset = '-{hours} hours'")
            made = [RunId(uuid4()) for _ in range(twins)]
            async with conn.transaction():
                for run in made:
                    await conn.execute(
                        """insert into runs (tenant_id, id, outlet, outlet_key, platform, period, items)
                           values ($1, $2, 'O', 'o', 'news', 'm', 5)""",
                        self.tenants[who],
                        run,
                    )
            await conn.execute("reset cid.clock_offset")
            return made

        self.known |= {run: Known(self.tenants[who]) for run in self.do(asked())}

    @precondition(lambda self: self.known)
    @rule(data=st.data(), lost=st.booleans())
    def a_run_moves(self, data: st.DataObject, lost: bool) -> None:
        """`lost`: what the transaction wrote is taken back."""
        run_id, me = self._drawn(data)
        nexts = sorted(RUN.moves.get(me.state, ()))
        if not nexts:
            return
        new = data.draw(st.sampled_from(nexts))

        async def move() -> bool:
            async with self.db.tx(me.tenant) as tx:
                run = await runs.by_id(tx, me.tenant, run_id)
                assert run is not None
                moved = await _moved(tx, run, new)
                if lost:
                    raise _Lost
            return moved

        try:
            assert self.do(move())
        except _Lost:
            return
        me.state = new

    @precondition(lambda self: self.known)
    @rule(data=st.data(), points=st.integers(0, 70), rating=st.sampled_from(list(Rating)))
    def a_run_is_scored(self, data: st.DataObject, points: int, rating: Rating) -> None:
        run, me = self._drawn(data)

        async def score() -> None:
            async with self.db.tx(me.tenant) as tx:
                await runs.add_scorecard(tx, run, card(points, rating))

        self.do(score())

    @rule(who=st.integers(0, 1))
    def a_tenant_goes_and_another_comes(self, who: int) -> None:
        async def go() -> TenantId:
            await self.owner.execute("select delete_tenant($1)", self.tenants[who])
            return await make.tenant(self.platform, ("acme", "other")[who])

        gone = self.tenants[who]
        self.tenants[who] = self.do(go())
        self.known = {run: one for run, one in self.known.items() if one.tenant != gone}

    @rule(who=st.integers(0, 1))
    def somebody_counts_anew(self, who: int) -> None:
        self.do(self.owner.execute("select inspect.recount_runs($1)", self.tenants[who]))

    @invariant()
    def what_is_kept_is_what_is_there(self) -> None:
        for tenant in self.tenants:
            self.do(agree(self.db, self.owner, tenant))
        kept = {row["tenant_id"] for row in self.do(self.owner.fetch("select distinct tenant_id from run_sums"))}
        assert kept <= set(self.tenants)


class _Lost(Exception):
    """Of a transaction that is rolled back."""


async def _moved(tx: Any, run: Run, new: RunState) -> bool:
    return await runs.move(
        tx,
        run,
        new,
        failure=Failure.MODEL if new is RunState.FAILED else None,
        shortfalls=[Shortfall.SCORER] if new is RunState.PARTIAL else [],
    )


def test_no_order_of_moves_scores_and_ends_makes_a_figure_wrong(server: Server) -> None:
    Desk.server = server
    run_state_machine_as_test(
        Desk,
        settings=settings(
            max_examples=8, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


async def test_runs_that_begin_and_end_at_once_are_all_counted(db: AppDb, platform: WorkerDb, owner: Owner) -> None:
    tenant = await make.tenant(platform, "acme")

    async def whole(number: int) -> None:
        run_id = await add(db, tenant)
        async with db.tx(tenant) as tx:
            run = await runs.by_id(tx, tenant, run_id)
            assert run
            await runs.add_scorecard(tx, run_id, card(number, Rating.GOOD))
            assert await _moved(tx, run, RunState.FAILED)

    await asyncio.gather(*(whole(number) for number in range(40)))
    async with db.read(tenant) as tx:
        found = await run_figures.of(tx, tenant)
    assert (found.all.total, found.all.failed, found.scored, found.avg_score) == (40, 40, 40, 19.5)
    await agree(db, owner, tenant)


async def test_no_run_waits_for_another_that_moves(db: AppDb, platform: WorkerDb, owner: Owner) -> None:
    """Counts are written when a transaction ends: until then nobody else stands behind it, nor in a ring with it."""
    tenant = await make.tenant(platform, "acme")
    made = [await add(db, tenant) for _ in range(2)]
    async with db.tx(tenant) as slow:
        first = await runs.by_id(slow, tenant, made[0])
        assert first
        assert await _moved(slow, first, RunState.FAILED)
        assert await slow.fetchval("select count(*) from pg_locks where relation = 'run_sums'::regclass") == 0
        async with db.tx(tenant) as quick:
            second = await runs.by_id(quick, tenant, made[1])
            assert second
            assert await _moved(quick, second, RunState.FAILED)
    await agree(db, owner, tenant)


async def test_a_count_that_is_off_is_found_and_mended(db: AppDb, platform: WorkerDb, owner: Owner) -> None:
    tenant = await make.tenant(platform, "acme")
    for _ in range(3):
        await add(db, tenant)
    await owner.execute("update run_sums set failed = failed + 1")
    assert {row["grain"] for row in await owner.fetch(MISCOUNTED)} == {"ever", "day", "hour"}
    async with platform.tx() as tx:
        assert await tx.fetchval("select inspect.recount_runs($1)", tenant) == 3
    await agree(db, owner, tenant)
    await add(db, tenant)
    await agree(db, owner, tenant)


@pytest.mark.parametrize("statement", ["update run_sums set runs = 0", "delete from run_sums", "select count_run()"])
async def test_a_tenant_writes_no_counts(db: AppDb, platform: WorkerDb, statement: str) -> None:
    tenant = await make.tenant(platform, "acme")
    await add(db, tenant)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with db.tx(tenant) as tx:
            await tx.execute(statement)


async def test_hours_and_days_that_no_figure_reads_are_let_go(db: AppDb, platform: WorkerDb, owner: Owner) -> None:
    tenant = await make.tenant(platform, "acme")
    for days in (0, 4, 100):
        await owner.execute(f"set cid.clock_offset = '-{days} days'")
        await owner.execute(
            """insert into runs (tenant_id, id, outlet, outlet_key, platform, period, items)
               values ($1, gen_random_uuid(), 'O', 'o', 'news', 'm', 5)""",
            tenant,
        )
    await owner.execute("reset cid.clock_offset")
    async with platform.tx() as tx:
        await run_figures.forget(tx)
    left = await owner.fetch("select grain, sum(runs)::int as runs from run_sums group by 1 order by 1")
    assert [tuple(row) for row in left] == [("day", 2), ("ever", 3), ("hour", 1)]
    await agree(db, owner, tenant)
