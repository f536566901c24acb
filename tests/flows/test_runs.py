"""Runs from start to end, on a real Postgres and through the router: every way to fail, and every way to go on."""

from __future__ import annotations

import asyncio
import importlib
import threading
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from cid import settings
from cid.domain.errors import LostLease, Upstream
from cid.domain.ids import RunId
from cid.domain.llm import Caps, Raw, Stop, Wire
from cid.domain.news import Cause, Polled, PollOutcome, Source, SourceKind
from cid.domain.policy import MODEL_TRIES
from cid.domain.run import Failure, RunState, Shortfall
from cid.domain.tenants import Desk
from cid.flows import analyse as package
from cid.flows import runs as flow
from cid.flows.analyse import analyse
from cid.flows.wake import wake
from cid.llm.offline import Offline
from cid.store import runs, tenants
from cid.text.posts import headline
from tests import funnel, running
from tests.fakes import FrozenClock
from tests.running import WISH, Dying, Killed, RunDesk, answer

if TYPE_CHECKING:
    from decimal import Decimal

    from cid.pg.pool import AppDb, WorkerDb

DONE = ("completed", "partial")


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime.now(UTC))


@pytest.fixture
async def desk(db: AppDb, platform: WorkerDb, owner: Any, clock: FrozenClock) -> RunDesk:
    return await running.desk(db, platform, owner, clock)


async def test_a_run_goes_from_its_fetch_to_its_scorecard_in_one_hand_out(desk: RunDesk) -> None:
    id_ = await desk.start()
    assert await desk.work() == 1
    run = await desk.run(id_)
    assert (run.state, run.failure, run.shortfalls) == (RunState.COMPLETED, None, ())
    assert run.score is not None
    assert run.rating
    assert run.provider.startswith("anthropic/")
    counts = [await desk.count(table, id_) for table in ("run_items", "run_fetches", "briefings", "scorecards")]
    assert counts == [3, 1, 1, 1]
    assert [step.split(":")[0] for step in await desk.steps(id_)] == [
        "queued", "fetching", "asking", "scoring", "completed",
    ]  # fmt: skip
    assert (await desk.paid(id_), await desk.jobs_left()) == (1, 0)


async def test_what_has_no_title_gets_one_beside_the_loop_of_events(
    desk: RunDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_the_loop: list[bool] = []

    def watched(text: str) -> str:
        on_the_loop.append(threading.current_thread() is threading.main_thread())
        return headline(text)

    monkeypatch.setattr("cid.flows.analyse.articles.headline", watched)
    bare = tuple(replace(one, title="") for one in desk.reader.polled.entries)
    desk.reader.polled = replace(desk.reader.polled, entries=bare)
    id_ = await desk.start()
    await desk.work()
    assert (await desk.run(id_)).state is RunState.COMPLETED
    assert on_the_loop == [False] * 3


async def test_what_is_kept_of_an_answer_is_the_reply_to_the_letter_and_where_it_came_from(desk: RunDesk) -> None:
    id_ = await desk.start()
    await desk.work()
    async with desk.sv.db.read(desk.tenant) as tx:
        stored = await runs.briefing(tx, desk.tenant, id_)
        (reply,) = await runs.replies(tx, await desk.run(id_))
    assert stored
    assert stored.briefing
    assert stored.raw == reply.reply != ""
    assert (stored.call_id, stored.input_hash) == (reply.id, reply.input_hash)
    citation = stored.briefing.key_findings[0].evidence[0].citations[0]
    assert (citation.item, citation.found) == (1, "found")


# --------------------------------------------------------------------------------------------------- without items


@pytest.mark.parametrize(
    ("polled", "failure"),
    [
        (Polled(outcome=PollOutcome.EMPTY), Failure.NO_ITEMS),
        (Polled(outcome=PollOutcome.UNREACHABLE, detail="timed out"), Failure.SOURCES),
        (Polled(outcome=PollOutcome.BLOCKED, cause=Cause.NO_KEY, detail="set A_KEY"), Failure.NO_KEY),
    ],
)
async def test_without_items_a_run_fails_and_says_why_and_no_model_is_asked(
    desk: RunDesk, polled: Polled, failure: Failure
) -> None:
    desk.reader.polled = polled
    id_ = await desk.start()
    await desk.work()
    run = await desk.run(id_)
    assert (run.state, run.failure) == (RunState.FAILED, failure)
    assert polled.detail in run.detail
    assert run.detail
    assert await desk.count("run_fetches", id_) == 1, "what was asked is on record all the same"
    assert (await desk.paid(id_), await desk.jobs_left()) == (0, 0)


# --------------------------------------------------------------------------------------------------- models


async def test_without_any_key_a_run_fails_as_having_none(desk: RunDesk, db: AppDb, clock: FrozenClock) -> None:
    lacking = {"anthropic": "there is no key: set ANTHROPIC_API_KEY"}
    sv = replace(desk.sv, llm=funnel.router(db, clock, lacking=lacking))
    id_ = await desk.start()
    await desk.work(sv)
    run = await desk.run(id_)
    assert (run.state, run.failure) == (RunState.FAILED, Failure.NO_KEY)
    assert "key" in run.detail
    assert await desk.count("run_items", id_) == 3, "what was fetched is kept"


async def test_a_model_that_is_out_is_asked_again_by_the_queue_and_the_run_shows_it(desk: RunDesk) -> None:
    desk.model.says = [Upstream("it is on fire")] * 3
    id_ = await desk.start()
    with pytest.raises(Upstream):
        await desk.work()
    run = await desk.run(id_)
    assert run.state is RunState.ASKING
    assert any("asked again (1 of" in step for step in await desk.steps(id_))


async def test_a_model_that_stays_out_to_the_last_try_fails_the_run(desk: RunDesk) -> None:
    desk.model.says = [Upstream("it is on fire")] * 100
    id_ = await desk.start()
    (job,) = await desk.jobs()
    await desk.owner.execute("update jobs set attempt = $1", MODEL_TRIES)
    job.attempt = MODEL_TRIES
    await analyse(desk.sv, [job])
    run = await desk.run(id_)
    assert (run.state, run.failure) == (RunState.FAILED, Failure.MODEL)
    assert await desk.jobs_left() == 0


async def test_while_the_budget_is_used_up_a_run_waits_and_says_until_when(
    desk: RunDesk, db: AppDb, clock: FrozenClock
) -> None:
    poor = replace(funnel.models(), caps=Caps(per_day=_dollars("0.000001")))
    sv = replace(desk.sv, llm=funnel.router(db, clock, desk.model, models=poor))
    id_ = await desk.start()
    await desk.work(sv)
    await desk.due()
    await desk.work(sv)
    said = [step for step in await desk.steps(id_) if "waits until" in step]
    assert len(said) == 1, "told once, however often it looked"
    assert "budget" in said[0]
    assert desk.model.asked == []
    await desk.due()
    await desk.work()
    assert (await desk.run(id_)).state is RunState.COMPLETED


def _dollars(text: str) -> Decimal:
    from decimal import Decimal

    return Decimal(text)


@pytest.mark.parametrize(
    "reply", ["[1, 2]", '"a string"', "no JSON at all", '{"answers": []}', "x" * 200_000, '{"answers": [{"id": "a1"']
)
async def test_a_reply_that_is_no_briefing_is_kept_as_it_came_and_asked_for_twice_at_most(
    desk: RunDesk, reply: str
) -> None:
    desk.model.says = [reply, reply]
    id_ = await desk.start()
    await desk.work()
    run = await desk.run(id_)
    assert (run.state, run.failure) == (RunState.PARTIAL, None)
    assert Shortfall.SCHEMA in run.shortfalls
    async with desk.sv.db.read(desk.tenant) as tx:
        stored = await runs.briefing(tx, desk.tenant, id_)
    assert stored
    assert stored.raw == reply
    assert stored.problems
    assert len(desk.model.asked) == 2, "the answer and its repair"


async def test_of_two_refused_replies_the_one_with_a_briefing_in_it_is_kept(desk: RunDesk) -> None:
    spoiled = answer()
    del spoiled["limitations"]
    desk.model.says = [spoiled, "I am sorry."]
    id_ = await desk.start()
    await desk.work()
    async with desk.sv.db.read(desk.tenant) as tx:
        stored = await runs.briefing(tx, desk.tenant, id_)
    assert stored
    assert stored.briefing
    assert stored.briefing.key_findings
    assert (await desk.run(id_)).shortfalls == (Shortfall.SCHEMA,)


async def test_a_reply_that_was_cut_off_is_kept_and_not_bought_over_and_over(desk: RunDesk) -> None:
    half = '{"answers": [{"id": "a1", "executive_summary": "Three items were'
    desk.model.says, desk.model.stop = [half] * 9, Stop.LENGTH
    id_ = await desk.start()
    await desk.work()
    run = await desk.run(id_)
    assert (run.state, run.shortfalls) == (RunState.PARTIAL, (Shortfall.SCHEMA,))
    assert len(desk.model.asked) == 2


async def test_offline_a_run_is_made_of_extracts_and_says_so(desk: RunDesk, db: AppDb, clock: FrozenClock) -> None:
    await desk.owner.execute("update tenants set sample = true where id = $1", desk.tenant)
    sv = replace(desk.sv, llm=funnel.router(db, clock, Offline()))
    id_ = await desk.start()
    await desk.work(sv)
    run = await desk.run(id_)
    assert run.state is RunState.COMPLETED, run
    assert run.provider.startswith("offline")


# ----------------------------------------------------------------------------------------- scorers and matchers


async def test_a_scorer_that_breaks_never_loses_the_briefing(desk: RunDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object, **_told: object) -> None:
        raise ZeroDivisionError("seven by nothing")

    monkeypatch.setattr(importlib.import_module("cid.flows.analyse.scoring"), "scorecard", broken)
    id_ = await desk.start()
    await desk.work()
    run = await desk.run(id_)
    assert (run.state, run.shortfalls) == (RunState.PARTIAL, (Shortfall.SCORER,))
    assert await desk.count("scorecards", id_) == 0
    assert await desk.count("briefings", id_) == 1
    assert any("seven by nothing" in step for step in await desk.steps(id_))
    assert run.score is None


class Confused:
    """A classifier with a defect."""

    def serves(self, _tenant: object) -> bool:
        return True

    def found(self, _items: object, _stances: object) -> None:
        raise KeyError("no such narrative")


@pytest.fixture
def telling(desk: RunDesk) -> RunDesk:
    """Its items repeat a known narrative."""
    text = "NATO expansion threatens Russia, and NATO broke its promise of not one inch eastward, the minister said."
    told = tuple(replace(one, summary=text) for one in desk.reader.polled.entries)
    desk.reader.polled = replace(desk.reader.polled, entries=told)
    desk.sv = replace(desk.sv, narratives=settings.narratives())
    return desk


async def test_known_narratives_are_matched_in_the_items(telling: RunDesk) -> None:
    id_ = await telling.start()
    await telling.work()
    assert (await telling.run(id_)).state is RunState.COMPLETED
    rows = await telling.owner.fetch(
        "select narrative, name, place, item from narrative_matches where run_id = $1", id_
    )
    assert {row["item"] for row in rows if row["place"] == "item"} == {1, 2, 3}
    assert all(row["name"] != row["narrative"] for row in rows), "by the name of the catalogue"


async def test_a_classifier_that_breaks_costs_neither_the_briefing_nor_what_the_catalogue_found(
    telling: RunDesk,
) -> None:
    id_ = await telling.start()
    await telling.work(replace(telling.sv, classifier=Confused()))  # type: ignore[arg-type]  # broken on purpose
    run = await telling.run(id_)
    assert (run.state, run.shortfalls) == (RunState.PARTIAL, (Shortfall.MATCHER,))
    assert run.score is not None
    assert await telling.count("narrative_matches", id_) >= 3
    assert any("no such narrative" in step for step in await telling.steps(id_))


async def test_a_scorecard_that_cannot_be_stored_never_loses_the_briefing(desk: RunDesk) -> None:
    await desk.owner.execute("revoke insert on scorecards from cid_app")
    id_ = await desk.start()
    await desk.work()
    run = await desk.run(id_)
    assert (run.state, run.shortfalls) == (RunState.PARTIAL, (Shortfall.SCORER,))
    assert await desk.count("briefings", id_) == 1


async def test_a_source_that_failed_beside_one_that_brought_items_is_told(desk: RunDesk) -> None:
    id_ = await desk.start()
    await desk.owner.execute(
        """insert into run_fetches (tenant_id, run_id, number, via, address, outcome, at)
           values ($1, $2, 2, 'gdelt', '', 'unreachable', cid_now())""",
        desk.tenant,
        id_,
    )
    await desk.work()
    run = await desk.run(id_)
    assert (run.state, run.shortfalls) == (RunState.PARTIAL, (Shortfall.FETCH,))


# ------------------------------------------------------------------------------------------------ deaths and twins


@pytest.mark.parametrize("committed", [False, True])
async def test_a_process_that_dies_at_any_transaction_leaves_a_run_that_another_completes(
    desk: RunDesk, db: AppDb, *, committed: bool
) -> None:
    """Of the flow's own transactions. Every reply is bought once, and no row is there twice."""
    at, died = 0, True
    while died:
        at += 1
        assert at < 20, "it never comes to an end"
        id_, before = await desk.start(), len(desk.model.asked)
        died = False
        try:
            await desk.work(replace(desk.sv, db=Dying(db, at, committed)))
        except Killed:
            died = True
        await desk.rescued()
        await desk.work()
        run = await desk.run(id_)
        assert run.state is RunState.COMPLETED, (at, run)
        assert len(desk.model.asked) - before == 1, f"paid twice after a death at {at}"
        counts = [await desk.count(table, id_) for table in ("run_items", "run_fetches", "briefings", "scorecards")]
        assert counts == [3, 1, 1, 1]
        states = [step.split(":")[0] for step in await desk.steps(id_)]
        assert states == ["queued", "fetching", "asking", "scoring", "completed"], at
    assert at > 5, "every transaction had its turn"
    assert await desk.jobs_left() == 0


async def test_a_process_that_dies_behind_any_transaction_of_the_model_layer_pays_nothing_twice(
    desk: RunDesk, db: AppDb, clock: FrozenClock
) -> None:
    """What was sent and never answered is lost whatever anybody does; what came and was stored is not."""
    at, died = 0, True
    while died:
        at += 1
        id_, before, died = await desk.start(), len(desk.model.asked), False
        dying = Dying(db, at, committed=True)
        try:
            await desk.work(replace(desk.sv, llm=funnel.router(dying, clock, desk.model)))  # type: ignore[arg-type]
        except Killed:
            died = True
        answered = await desk.owner.fetchval("select count(*) from calls where state = 'answered'")
        await desk.rescued()
        await desk.work()
        assert (await desk.run(id_)).state is RunState.COMPLETED
        assert len(desk.model.asked) - before == 1, f"paid twice after a death at {at}, {answered} answered"
    assert at >= 4


async def test_a_process_that_dies_during_the_repair_buys_no_third_reply(desk: RunDesk) -> None:
    def die() -> None:
        if len(desk.model.asked) == 2:
            raise Killed

    desk.model.says, desk.model.on_call = ["no JSON"] * 2, die
    id_ = await desk.start()
    with pytest.raises(Killed):
        await desk.work()
    await desk.rescued()
    desk.model.on_call = lambda: None
    desk.model.says = [answer()]
    await desk.work()
    assert (await desk.run(id_)).state is RunState.COMPLETED


async def test_after_two_useless_replies_whoever_goes_on_asks_for_no_third(desk: RunDesk, db: AppDb) -> None:
    desk.model.says = ["no JSON", "no JSON either"]
    id_ = await desk.start()
    with pytest.raises(Killed):
        await desk.work(replace(desk.sv, db=Dying(db, 5, committed=False)))
    await desk.rescued()
    assert (await desk.run(id_)).state is RunState.ASKING
    await desk.work()
    assert (await desk.run(id_)).state is RunState.PARTIAL
    assert len(desk.model.asked) == 2


async def test_an_answer_is_read_although_the_language_of_the_tenant_changed_meanwhile(
    desk: RunDesk, db: AppDb
) -> None:
    id_ = await desk.start()
    with pytest.raises(Killed):
        await desk.work(replace(desk.sv, db=Dying(db, 5, committed=False)))
    assert (await desk.run(id_)).state is RunState.ASKING
    await desk.owner.execute(
        'update profiles set body = body || \'{"language": "fr"}\' where tenant_id = $1', desk.tenant
    )
    await desk.rescued()
    await desk.work()
    assert (await desk.run(id_)).state is RunState.COMPLETED
    assert len(desk.model.asked) == 1


async def test_a_twin_that_lost_its_job_asks_no_model(desk: RunDesk) -> None:
    id_ = await desk.start()
    (late,) = await desk.jobs()
    await desk.rescued()
    (ours,) = await desk.jobs()
    both = await asyncio.gather(analyse(desk.sv, [late]), analyse(desk.sv, [ours]), return_exceptions=True)
    assert isinstance(both[0], LostLease)
    run = await desk.run(id_)
    assert run.state is RunState.COMPLETED
    assert len(desk.model.asked) == 1
    assert [await desk.count(table, id_) for table in ("run_items", "briefings")] == [3, 1]


async def test_a_second_job_of_a_run_waits_while_the_first_is_at_work(desk: RunDesk) -> None:
    id_ = await desk.start()
    (first,) = await desk.jobs()
    await desk.owner.execute(
        """insert into jobs (tenant_id, kind, payload, dedupe_key)
           select tenant_id, kind, payload, dedupe_key from jobs""",
    )
    assert await desk.work() == 1
    assert (await desk.run(id_)).state is RunState.QUEUED
    await analyse(desk.sv, [first])
    assert (await desk.run(id_)).state is RunState.COMPLETED


# --------------------------------------------------------------------------------------------- abandoned by their jobs


async def _die(desk: RunDesk, *, buried: bool = True) -> None:
    """As the queue ends jobs that are out of tries, some time ago."""
    if buried:
        await desk.owner.execute(
            """insert into jobs_dead
                 (id, tenant_id, kind, key, priority, dedupe_key, attempt, payload, error, created_at)
               select id, tenant_id, kind, key, priority, dedupe_key, 12, payload, 'KeyError: 7', created_at
               from jobs"""
        )
    await desk.owner.execute("delete from jobs")
    await desk.owner.execute("update runs set changed_at = cid_now() - interval '1 minute'")


async def test_a_run_whose_job_died_fails_as_our_own_fault(desk: RunDesk) -> None:
    id_ = await desk.start()
    await wake(desk.sv, [])
    assert (await desk.run(id_)).state is RunState.QUEUED, "its job waits"
    await _die(desk)
    await wake(desk.sv, [])
    run = await desk.run(id_)
    assert (run.state, run.failure) == (RunState.FAILED, Failure.INTERNAL)
    assert "KeyError: 7" in run.detail


async def test_a_run_whose_job_was_taken_away_fails_too(desk: RunDesk) -> None:
    id_ = await desk.start()
    await _die(desk, buried=False)
    await wake(desk.sv, [])
    assert (await desk.run(id_)).failure is Failure.INTERNAL


async def test_a_run_whose_job_is_running_or_waits_is_left_alone(desk: RunDesk) -> None:
    id_ = await desk.start()
    await desk.jobs()
    await desk.owner.execute("update runs set changed_at = cid_now() - interval '1 hour'")
    await wake(desk.sv, [])
    assert (await desk.run(id_)).state is RunState.QUEUED


async def test_a_run_whose_job_died_while_it_was_scored_keeps_its_briefing(desk: RunDesk, db: AppDb) -> None:
    id_ = await desk.start()
    with pytest.raises(Killed):
        await desk.work(replace(desk.sv, db=Dying(db, 6, committed=True)))
    assert (await desk.run(id_)).state is RunState.SCORING
    await _die(desk)
    await wake(desk.sv, [])
    run = await desk.run(id_)
    assert (run.state, run.shortfalls) == (RunState.PARTIAL, (Shortfall.MATCHER, Shortfall.SCORER))
    assert await desk.count("briefings", id_) == 1


# ------------------------------------------------------------------------------------------------------------- cancel


async def test_a_run_is_cancelled_before_it_began(desk: RunDesk) -> None:
    id_ = await desk.start()
    assert await flow.cancel(desk.sv, desk.actor, id_)
    await desk.work()
    run = await desk.run(id_)
    assert (run.state, run.failure) == (RunState.FAILED, Failure.CANCELLED)
    assert (desk.reader.asked, desk.model.asked, await desk.jobs_left()) == (0, [], 0)
    assert not await flow.cancel(desk.sv, desk.actor, id_), "it is over"


@pytest.mark.parametrize(("where", "items"), [("fetching", 0), ("asking", 3)])
async def test_a_run_that_is_cancelled_at_work_keeps_nothing_of_what_comes_after(
    desk: RunDesk, where: str, items: int
) -> None:
    id_ = await desk.start()
    stopped: list[asyncio.Task[bool]] = []

    def stop() -> None:
        stopped.append(asyncio.get_running_loop().create_task(flow.cancel(desk.sv, desk.actor, id_)))

    slow = _Slow(desk, stopped)
    if where == "fetching":
        desk.reader.on_poll = stop
    else:
        desk.model.on_call = stop
    await desk.work(replace(desk.sv, db=slow))
    assert [await task for task in stopped] == [True]
    run = await desk.run(id_)
    assert (run.state, run.failure) == (RunState.FAILED, Failure.CANCELLED)
    assert await desk.count("run_items", id_) == items
    assert await desk.count("briefings", id_) == 0
    steps = await desk.steps(id_)
    assert steps[-1].startswith("failed"), steps
    assert await desk.jobs_left() == 0


class _Slow:
    """Lets who cancels go first, whatever comes after."""

    def __init__(self, desk: RunDesk, first: list[asyncio.Task[bool]]) -> None:
        self.db, self.first = desk.sv.db, first

    def read(self, tenant: Any) -> Any:
        return self.db.read(tenant)

    def tx(self, tenant: Any) -> Any:
        return _After(self.db.tx(tenant), self.first)


class _After:
    def __init__(self, tx: Any, first: list[asyncio.Task[bool]]) -> None:
        self.tx, self.first = tx, first

    async def __aenter__(self) -> Any:
        if self.first:
            await asyncio.wait(self.first)
        return await self.tx.__aenter__()

    async def __aexit__(self, *args: object) -> Any:
        return await self.tx.__aexit__(*args)


@pytest.mark.parametrize("where", ["queued", "fetching"])
async def test_while_the_desk_is_off_a_run_waits_says_so_once_and_goes_on_afterwards(
    desk: RunDesk, platform: WorkerDb, where: str
) -> None:
    id_ = await desk.start()
    await desk.owner.execute("update runs set state = $2 where id = $1", id_, where)
    async with platform.tx() as tx:
        await tenants.set_desks(tx, desk.tenant, [Desk.PUBLISHING])
    for _look in range(2):
        assert await desk.work() == 1
        await desk.due()
    assert (desk.reader.asked, desk.model.asked, (await desk.run(id_)).state) == (0, [], where)
    assert [step for step in await desk.steps(id_) if package.OFF in step] == [f"{where}: {package.OFF}"]
    async with platform.tx() as tx:
        await tenants.set_desks(tx, desk.tenant, [Desk.ANALYSIS])
    await desk.work()
    assert (await desk.run(id_)).state is RunState.COMPLETED


async def _stopped_at(desk: RunDesk, id_: RunId) -> None:
    assert await flow.cancel(desk.sv, desk.actor, id_)


async def test_once_a_run_is_cancelled_no_repair_of_its_answer_is_bought(desk: RunDesk, db: AppDb) -> None:
    id_ = await desk.start()

    class Stopping(running.Model):
        async def complete(self, wire: Wire) -> Raw:
            raw = await super().complete(wire)
            await _stopped_at(desk, id_)
            return raw

    model = Stopping(says=["This is no JSON."])
    await desk.work(replace(desk.sv, llm=funnel.router(db, desk.sv.clock, model)))
    run = await desk.run(id_)
    assert (run.state, run.failure) == (RunState.FAILED, Failure.CANCELLED)
    assert (len(model.asked), await desk.paid(id_), await desk.jobs_left()) == (1, 1, 0)
    assert await desk.owner.fetchval("select count(*) from calls where state = 'sent'") == 0


async def test_once_a_run_is_cancelled_no_further_source_is_asked(desk: RunDesk) -> None:
    id_ = await desk.start(replace(WISH, sources=("google_news", "gdelt"), substitute=True))

    class Stopping(running.Reader):
        async def poll(self, source: Source) -> Polled:
            await _stopped_at(desk, id_)
            return await super().poll(source)

    first, second = Stopping(Polled(outcome=PollOutcome.EMPTY)), running.Reader(Polled(outcome=PollOutcome.EMPTY))
    sources = {SourceKind.GOOGLE_NEWS: first, SourceKind.GDELT: second}
    await desk.work(replace(desk.sv, outside=replace(desk.sv.outside, sources=sources)))
    assert (first.asked, second.asked, await desk.jobs_left()) == (1, 0, 0)
    assert (await desk.run(id_)).failure is Failure.CANCELLED


async def test_a_run_that_is_being_scored_cannot_be_cancelled(desk: RunDesk, db: AppDb) -> None:
    id_ = await desk.start()
    with pytest.raises(Killed):
        await desk.work(replace(desk.sv, db=Dying(db, 6, committed=True)))
    assert (await desk.run(id_)).state is RunState.SCORING
    assert not await flow.cancel(desk.sv, desk.actor, id_)
    await desk.rescued()
    await desk.work()
    assert (await desk.run(id_)).state is RunState.COMPLETED


async def test_a_job_of_a_run_that_is_over_or_gone_does_nothing(desk: RunDesk) -> None:
    id_ = await desk.start()
    await desk.work()
    await desk.owner.execute(
        "insert into jobs (tenant_id, kind, payload) values ($1, 'analyse', jsonb_build_object('run', $2::text))",
        desk.tenant,
        str(id_),
    )
    assert await desk.work() == 1
    assert (desk.reader.asked, len(desk.model.asked), await desk.jobs_left()) == (1, 1, 0)


def test_every_state_that_is_no_end_has_its_step() -> None:
    from cid.domain.run import RUN

    assert set(package.STEPS) == set(RUN.moves)
