"""What people do to runs: start some, stop them, say with whom they are shared; and what becomes of a batch."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from cid.domain.errors import NotFound, Refused
from cid.domain.ids import RunBatchId, RunId
from cid.domain.news import Polled, PollOutcome
from cid.domain.run import BatchState, RunBatch, RunState, Tlp, Wish
from cid.domain.tenants import Desk, Role
from cid.domain.tuning import AnalysisTuning
from cid.flows import runs as flow
from cid.store import runs
from tests import running
from tests.fakes import FrozenClock
from tests.running import WISH, RunDesk

if TYPE_CHECKING:
    from cid.pg.pool import AppDb, WorkerDb


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime.now(UTC))


@pytest.fixture
async def desk(db: AppDb, platform: WorkerDb, owner: Any, clock: FrozenClock) -> RunDesk:
    return await running.desk(db, platform, owner, clock)


async def _audit(desk: RunDesk) -> list[str]:
    return [row["action"] for row in await desk.owner.fetch("select action from audit order by at, id")]


async def _batch(desk: RunDesk, batch: RunBatchId) -> RunBatch:
    async with desk.sv.db.read(desk.tenant) as tx:
        found = await runs.batch(tx, desk.tenant, batch)
    assert found
    return found


def outlets(count: int) -> list[Wish]:
    return [replace(WISH, outlet=f"Courier {number}") for number in range(1, count + 1)]


async def test_a_start_answers_at_once_with_one_row_one_job_and_a_line_in_the_log(desk: RunDesk) -> None:
    id_ = await desk.start(replace(WISH, url="https://news.courier.example/"), tlp="TLP:GREEN")
    run = await desk.run(id_)
    assert (run.state, run.tlp, run.requested_by) == (RunState.QUEUED, Tlp.GREEN, desk.actor.user.id)
    rows = await desk.owner.fetch("select kind, key, dedupe_key, payload from jobs")
    assert [(row["kind"], row["key"], row["dedupe_key"]) for row in rows] == [
        ("analyse", "courier.example", str(id_)),
    ]
    assert await _audit(desk) == ["run.started"]
    assert desk.reader.asked == 0, "nobody was asked anything yet"


async def test_a_briefing_is_amber_unless_somebody_says_otherwise(desk: RunDesk) -> None:
    assert (await desk.run(await desk.start())).tlp is Tlp.AMBER


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        (replace(WISH, outlet="   "), "outlet"),
        (replace(WISH, outlet="«»"), "outlet"),
        (replace(WISH, country="Atlantis"), "Atlantis"),
        (replace(WISH, items="21"), "1 to 20"),
        (replace(WISH, items="0"), "1 to 20"),
        (replace(WISH, items="five"), "1 to 20"),
        (replace(WISH, period="century"), "period"),
        (replace(WISH, platform="radio"), "platform"),
        (replace(WISH, sources=("rumour",)), "rumour"),
        (replace(WISH, url="http://127.0.0.1/"), "public"),
    ],
)
async def test_what_cannot_be_analysed_is_refused_in_one_sentence_and_nothing_is_stored(
    desk: RunDesk, wish: Wish, said: str
) -> None:
    with pytest.raises(Refused, match=said):
        await desk.start(wish)
    assert (await desk.jobs_left(), await _audit(desk)) == (0, [])


@pytest.mark.parametrize("tlp", ["purple", "", "amber+", "TLP"])
async def test_a_colour_that_tlp_does_not_have_is_refused(desk: RunDesk, tlp: str) -> None:
    with pytest.raises(Refused, match="TLP"):
        await desk.start(tlp=tlp)


async def test_where_the_desk_is_off_nothing_is_started(
    db: AppDb, platform: WorkerDb, owner: Any, clock: FrozenClock
) -> None:
    off = await running.desk(db, platform, owner, clock, desks=(Desk.PUBLISHING,))
    with pytest.raises(Refused, match="off here"):
        await off.start()
    with pytest.raises(Refused, match="off here"):
        await flow.start_batch(off.sv, off.actor, "Two", outlets(2))
    assert await off.jobs_left() == 0


async def test_a_viewer_starts_stops_and_shares_nothing(
    desk: RunDesk, db: AppDb, platform: WorkerDb, owner: Any, clock: FrozenClock
) -> None:
    viewer = replace(desk.actor, role=Role.VIEWER)
    id_ = await desk.start()
    for act in (
        flow.start(desk.sv, viewer, WISH),
        flow.start_batch(desk.sv, viewer, "B", outlets(1)),
        flow.cancel(desk.sv, viewer, id_),
        flow.share(desk.sv, viewer, id_, "red"),
    ):
        with pytest.raises(Refused, match="As viewer"):
            await act
    assert (await desk.run(id_)).state is RunState.QUEUED


async def test_a_stranger_finds_no_run_to_stop_or_share(
    desk: RunDesk, db: AppDb, platform: WorkerDb, owner: Any, clock: FrozenClock
) -> None:
    stranger = await running.desk(db, platform, owner, clock, slug="other")
    id_ = await desk.start()
    with pytest.raises(NotFound):
        await flow.cancel(stranger.sv, stranger.actor, id_)
    with pytest.raises(NotFound):
        await flow.share(stranger.sv, stranger.actor, id_, "clear")
    with pytest.raises(NotFound):
        await flow.cancel(desk.sv, desk.actor, RunId(uuid4()))
    run = await desk.run(id_)
    assert (run.state, run.tlp) == (RunState.QUEUED, Tlp.AMBER)


async def test_no_more_runs_are_taken_than_may_be_open_at_once(desk: RunDesk) -> None:
    desk.sv = replace(desk.sv, analysis=AnalysisTuning(batch_most=5, open_most=3))
    for _number in range(2):
        await desk.start()
    with pytest.raises(Refused, match="No more than 3"):
        await flow.start_batch(desk.sv, desk.actor, "Two", outlets(2))
    await desk.start()
    with pytest.raises(Refused, match="No more than 3"):
        await desk.start()
    await desk.work()
    await desk.start()


async def test_of_many_who_start_at_once_no_more_are_taken_than_may_be_open(desk: RunDesk) -> None:
    desk.sv = replace(desk.sv, analysis=AnalysisTuning(batch_most=5, open_most=3))
    found = await asyncio.gather(*(desk.start() for _number in range(8)), return_exceptions=True)
    assert sum(isinstance(one, Refused) for one in found) == 5, found
    assert await desk.owner.fetchval("select count(*) from runs") == 3


async def test_a_change_of_tlp_is_on_record_with_what_it_was(desk: RunDesk) -> None:
    id_ = await desk.start()
    await flow.share(desk.sv, desk.actor, id_, "amber+strict")
    await flow.share(desk.sv, desk.actor, id_, "amber+strict")
    assert (await desk.run(id_)).tlp is Tlp.AMBER_STRICT
    assert await _audit(desk) == ["run.started", "run.shared"], "what is so already is no change"
    detail = await desk.owner.fetchval("select detail::text from audit where action = 'run.shared'")
    assert '"was": "amber"' in detail
    with pytest.raises(Refused):
        await flow.share(desk.sv, desk.actor, id_, "pink")


async def test_who_cancelled_is_in_the_log_and_only_once(desk: RunDesk) -> None:
    id_ = await desk.start()
    assert [await flow.cancel(desk.sv, desk.actor, id_) for _time in range(2)] == [True, False]
    assert await _audit(desk) == ["run.started", "run.cancelled"]
    assert (await desk.steps(id_))[-1].startswith("failed: A person cancelled it")


# ------------------------------------------------------------------------------------------------------------ batches


async def test_a_batch_is_as_far_as_its_runs_are(desk: RunDesk) -> None:
    id_ = await flow.start_batch(desk.sv, desk.actor, "  Five   couriers ", outlets(5))
    batch = await _batch(desk, id_)
    assert (batch.name, batch.state, batch.target_count) == ("Five couriers", BatchState.QUEUED, 5)
    assert [run.outlet for run in batch.runs] == [f"Courier {n}" for n in range(1, 6)]
    assert await flow.cancel(desk.sv, desk.actor, batch.runs[4].id)
    assert (await _batch(desk, id_)).state is BatchState.RUNNING
    await desk.work()
    batch = await _batch(desk, id_)
    assert (batch.state, batch.completed_count, batch.failed_count) == (BatchState.PARTIAL, 4, 1)
    assert batch.report_ids == tuple(run.id for run in batch.runs[:4])


async def test_one_dead_outlet_costs_the_others_of_its_batch_nothing(desk: RunDesk) -> None:
    alive = desk.reader.polled
    answers = iter([alive, Polled(outcome=PollOutcome.UNREACHABLE), alive])

    def turn() -> None:
        desk.reader.polled = next(answers)

    desk.reader.on_poll = turn
    id_ = await flow.start_batch(desk.sv, desk.actor, "Three", outlets(3))
    await desk.work()
    batch = await _batch(desk, id_)
    assert sorted(str(run.state) for run in batch.runs) == ["completed", "completed", "failed"]
    assert batch.state is BatchState.PARTIAL


@pytest.mark.parametrize(
    ("name", "count", "said"),
    [("", 2, "name"), ("x" * 201, 2, "name"), ("B", 0, "1 to 5"), ("B", 6, "1 to 5"), ("B", 20, "these are 20")],
)
async def test_a_batch_without_a_name_or_with_too_many_outlets_is_refused(
    desk: RunDesk, name: str, count: int, said: str
) -> None:
    with pytest.raises(Refused, match=said):
        await flow.start_batch(desk.sv, desk.actor, name, outlets(count))
    assert await desk.owner.fetchval("select count(*) from run_batches") == 0


async def test_one_outlet_that_is_wrong_stops_the_whole_batch_and_is_named(desk: RunDesk) -> None:
    wanted = [*outlets(2), replace(WISH, outlet="Third", country="Nowhere")]
    with pytest.raises(Refused, match=r"Outlet 3 of 3: .*Nowhere"):
        await flow.start_batch(desk.sv, desk.actor, "B", wanted)
    with pytest.raises(Refused, match="Outlet 2 of 2 is outlet 1 once more"):
        await flow.start_batch(desk.sv, desk.actor, "B", [WISH, replace(WISH, outlet=WISH.outlet.upper())])
    assert await desk.owner.fetchval("select count(*) from runs") == 0


async def test_a_stranger_sees_no_batch(
    desk: RunDesk, db: AppDb, platform: WorkerDb, owner: Any, clock: FrozenClock
) -> None:
    stranger = await running.desk(db, platform, owner, clock, slug="other")
    id_ = await flow.start_batch(desk.sv, desk.actor, "Mine", outlets(1))
    async with stranger.sv.db.read(stranger.tenant) as tx:
        assert await runs.batch(tx, stranger.tenant, id_) is None
        assert await runs.batch(tx, desk.tenant, id_) is None, "the wall holds where the argument is wrong"
