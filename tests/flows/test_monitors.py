"""Runs on a schedule, what they changed, and who is told of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from cid.domain.errors import NotFound, Refused
from cid.domain.ids import MonitorId, RunId, uuid7
from cid.domain.jobs import JobKind, NewJob
from cid.domain.monitor import Monitor, StoredChange
from cid.domain.run import RunState, Wish
from cid.domain.tenants import Desk, Role
from cid.domain.tuning import AnalysisTuning
from cid.flows import changes
from cid.flows import monitors as flow
from cid.flows.monitors import Watch, following
from cid.queue import jobs as queue
from cid.store import monitors, tenants
from tests import make, running
from tests.fakes import FrozenClock
from tests.running import WISH, Dying, Killed, RunDesk, answer

if TYPE_CHECKING:
    from cid.pg.pool import AppDb, WorkerDb

HOUR = timedelta(hours=1)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime.now(UTC))


@pytest.fixture
async def desk(db: AppDb, platform: WorkerDb, owner: Any, clock: FrozenClock) -> RunDesk:
    return await running.desk(db, platform, owner, clock)


async def look(desk: RunDesk) -> None:
    await flow.look(desk.sv, [])


async def runs_of(desk: RunDesk, monitor: MonitorId) -> list[RunId]:
    rows = await desk.owner.fetch("select id from runs where monitor_id = $1 order by created_at, id", monitor)
    return [RunId(row["id"]) for row in rows]


async def due(desk: RunDesk, monitor: MonitorId, ago: timedelta = HOUR) -> None:
    """As if its turn had come so long ago."""
    await desk.owner.execute("update monitors set next_at = cid_now() - $2::interval where id = $1", monitor, ago)


async def compared(desk: RunDesk) -> None:
    jobs = await make.claimed(desk.owner, JobKind.CHANGE, desk.tenant)
    for job in jobs:
        await changes.compare(desk.sv, [job])


async def stored(desk: RunDesk, monitor: MonitorId) -> list[StoredChange]:
    async with desk.sv.db.read(desk.tenant) as tx:
        return await monitors.changes(tx, desk.tenant, monitor, 100)


async def of(desk: RunDesk, monitor: MonitorId) -> Monitor:
    return await flow.one(desk.sv, desk.tenant, monitor)


async def added(desk: RunDesk, wish: Wish = WISH, **watch: str) -> MonitorId:
    return await flow.add(desk.sv, desk.actor, wish, Watch(**watch))


async def test_a_new_monitor_runs_at_the_next_look_and_not_at_the_one_after(desk: RunDesk) -> None:
    monitor = await added(desk, every_hours="6", tlp="green")
    for _ in range(2):
        await look(desk)
    [run] = await runs_of(desk, monitor)
    made = await desk.run(run)
    assert (made.state, made.tlp, made.requested_by, made.outlet) == (RunState.QUEUED, "green", None, WISH.outlet)
    assert await desk.work() == 1
    assert (await desk.run(run)).state is RunState.COMPLETED


async def test_twins_that_look_at_once_start_one_run(desk: RunDesk) -> None:
    ids = [await added(desk, replace(WISH, outlet=f"Courier {n}")) for n in range(5)]
    await asyncio.gather(*(look(desk) for _ in range(4)))
    assert [len(await runs_of(desk, one)) for one in ids] == [1] * 5
    assert await desk.jobs_left() == 5


async def test_turns_missed_in_a_downtime_are_one_run_and_the_grid_stays(desk: RunDesk) -> None:
    monitor = await added(desk, every_hours="6")
    await due(desk, monitor, timedelta(hours=50))
    was = (await of(desk, monitor)).next_at
    await look(desk)
    await look(desk)
    assert len(await runs_of(desk, monitor)) == 1
    assert (await of(desk, monitor)).next_at - was == timedelta(hours=54)


def test_the_next_turn_lies_behind_now_on_the_old_grid() -> None:
    at = datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert following(at, 6, at) == at + 6 * HOUR
    assert following(at, 6, at + 6 * HOUR) == at + 12 * HOUR, "never due at once again"
    assert following(at, 6, at - HOUR) == at + 6 * HOUR, "a clock behind the database's"


async def test_a_monitor_waits_while_its_last_run_is_still_going(desk: RunDesk) -> None:
    monitor = await added(desk)
    await look(desk)
    await due(desk, monitor)
    await look(desk)
    assert len(await runs_of(desk, monitor)) == 1
    await desk.work()
    await look(desk)
    assert len(await runs_of(desk, monitor)) == 2


async def test_a_pause_a_switched_off_desk_and_a_switched_off_monitor_hold(desk: RunDesk) -> None:
    monitor = await added(desk)
    await desk.owner.execute("update tenants set paused_at = cid_now(), pause_reason = 'x' where id = $1", desk.tenant)
    await look(desk)
    assert await runs_of(desk, monitor) == []
    await desk.owner.execute("update tenants set paused_at = null, pause_reason = '' where id = $1", desk.tenant)
    async with desk.sv.platform.tx() as tx:
        await tenants.set_desks(tx, desk.tenant, [Desk.PUBLISHING])
    await look(desk)
    assert await runs_of(desk, monitor) == []
    async with desk.sv.platform.tx() as tx:
        await tenants.set_desks(tx, desk.tenant, [Desk.ANALYSIS])
    await flow.switch(desk.sv, desk.actor, monitor, on=False)
    await look(desk)
    assert await runs_of(desk, monitor) == []
    await flow.switch(desk.sv, desk.actor, monitor, on=True)
    await look(desk)
    assert len(await runs_of(desk, monitor)) == 1


async def test_a_tenant_without_room_waits_and_holds_nobody_up(
    desk: RunDesk, db: AppDb, platform: WorkerDb, owner: Any, clock: FrozenClock
) -> None:
    other = await running.desk(db, platform, owner, clock, slug="other")
    for number in range(3):
        await added(desk, replace(WISH, outlet=f"Courier {number}"))
    theirs = await added(other)
    desk.sv = replace(desk.sv, analysis=AnalysisTuning(open_most=1))
    await look(desk)
    assert await owner.fetchval("select count(*) from runs where tenant_id = $1", desk.tenant) == 1
    assert len(await runs_of(desk, theirs)) == 1


async def test_twin_looks_start_no_more_runs_than_a_tenant_may_have(desk: RunDesk) -> None:
    for number in range(6):
        await added(desk, replace(WISH, outlet=f"Courier {number}"))
    desk.sv = replace(desk.sv, analysis=AnalysisTuning(open_most=2))
    async with desk.sv.platform.read() as tx:
        due_now = await monitors.due(tx, None, 100)
    # Each twin is at another of them: none waits for the row of the other.
    await asyncio.gather(*(flow._turn(desk.sv, one) for one in due_now))
    assert await desk.owner.fetchval("select count(*) from runs") == 2


async def test_of_many_who_add_at_once_no_more_monitors_are_taken_than_there_may_be(
    desk: RunDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "MOST_MONITORS", 2)
    wishes = [replace(WISH, outlet=f"Courier {number}") for number in range(6)]
    found = await asyncio.gather(*(added(desk, wish) for wish in wishes), return_exceptions=True)
    assert sum(isinstance(one, Refused) for one in found) == 4, found
    assert await desk.owner.fetchval("select count(*) from monitors") == 2


async def test_a_change_is_kept_once_however_often_it_is_compared(desk: RunDesk) -> None:
    monitor = await added(desk, threshold="0")
    await look(desk)
    await desk.work()
    await compared(desk)
    [first] = await stored(desk, monitor)
    assert (first.change.compared, first.before_run_id) == (False, None)
    desk.model.says = [answer(key_findings=[{"finding": "Ballots vanished.", "confidence": "low", "evidence": []}])]
    await due(desk, monitor)
    await look(desk)
    await desk.work()
    jobs = await make.claimed(desk.owner, JobKind.CHANGE, desk.tenant)
    assert len(jobs) == 1
    await changes.compare(desk.sv, jobs)
    latest, _first = await stored(desk, monitor)
    assert latest.change.compared
    assert latest.before_run_id == first.run_id
    assert (latest.change.framing or 0) > 0
    told = await desk.owner.fetchval("select count(*) from jobs where kind = 'changed'")
    async with desk.sv.db.tx(desk.tenant) as tx:
        again = {"run": str(latest.run_id)}
        await queue.enqueue(tx, NewJob(kind=JobKind.CHANGE, tenant=desk.tenant, payload=again))
    await compared(desk)
    assert len(await stored(desk, monitor)) == 2
    assert told == await desk.owner.fetchval("select count(*) from jobs where kind = 'changed'") == 1


@pytest.mark.parametrize("committed", [False, True])
async def test_a_process_that_dies_between_comparing_and_storing_loses_no_change_and_tells_none_twice(
    desk: RunDesk, db: AppDb, committed: bool
) -> None:
    monitor = await added(desk, threshold="0")
    for _run in range(2):
        await due(desk, monitor)
        await look(desk)
        await desk.work()
        if not await stored(desk, monitor):
            await compared(desk)
    [job] = await make.claimed(desk.owner, JobKind.CHANGE, desk.tenant)
    with pytest.raises(Killed):
        await changes.compare(replace(desk.sv, db=Dying(db, 1, committed=committed)), [job])
    assert len(await stored(desk, monitor)) == 1 + committed
    await desk.rescued()
    await compared(desk)
    assert [one.change.compared for one in await stored(desk, monitor)] == [True, False]
    assert await desk.owner.fetchval("select count(*) from jobs where kind = 'changed'") == 1
    assert await desk.owner.fetchval("select count(*) from jobs where kind = 'change'") == 0


async def test_a_run_that_nobody_scheduled_is_compared_with_nothing(desk: RunDesk) -> None:
    await desk.start()
    await desk.work()
    assert await desk.owner.fetchval("select count(*) from jobs where kind = 'change'") == 0


@pytest.mark.parametrize(
    ("wish", "watch", "said"),
    [
        (WISH, {"every_hours": "0"}, "1 to 2160"),
        (WISH, {"every_hours": "²"}, "1 to 2160"),
        (WISH, {"threshold": "101"}, "0 to 100"),
        (WISH, {"tlp": "purple"}, "TLP"),
        (replace(WISH, country="Atlantis"), {}, "Atlantis"),
    ],
)
async def test_what_cannot_be_watched_is_refused_in_a_sentence(
    desk: RunDesk, wish: Wish, watch: dict[str, str], said: str
) -> None:
    with pytest.raises(Refused, match=said):
        await added(desk, wish, **watch)
    assert await desk.owner.fetchval("select count(*) from monitors") == 0


async def test_a_change_of_the_schedule_is_written_down_and_counts_from_now(desk: RunDesk) -> None:
    monitor = await added(desk, every_hours="720")
    await look(desk)
    await flow.change(desk.sv, desk.actor, monitor, replace(WISH, items="7"), Watch(every_hours="2", threshold="10"))
    found = await of(desk, monitor)
    assert (found.items, found.every_hours, found.threshold) == (7, 2, 10)
    assert found.next_at <= desk.sv.clock.now() + 2 * HOUR
    actions = [row["action"] for row in await desk.owner.fetch("select action from audit order by at, id")]
    assert actions == ["monitor.added", "monitor.changed"]
    with pytest.raises(Refused, match="another outlet"):
        await flow.change(desk.sv, desk.actor, monitor, replace(WISH, country="SE"), Watch())


async def test_strangers_find_no_monitor_and_viewers_keep_none(
    desk: RunDesk, db: AppDb, platform: WorkerDb, owner: Any, clock: FrozenClock
) -> None:
    monitor = await added(desk)
    other = await running.desk(db, platform, owner, clock, slug="other")
    with pytest.raises(NotFound):
        await flow.switch(other.sv, other.actor, monitor, on=False)
    with pytest.raises(NotFound):
        await flow.change(other.sv, other.actor, monitor, WISH, Watch())
    with pytest.raises(Refused):
        await flow.add(desk.sv, replace(desk.actor, role=Role.VIEWER), WISH, Watch())
    with pytest.raises(NotFound):
        await flow.one(desk.sv, desk.tenant, MonitorId(uuid7(desk.sv.clock.now())))
