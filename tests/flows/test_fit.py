"""Gate 3.5 as a flow: on a real Postgres, with a model that does what a test says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias
from uuid import uuid4

import asyncpg
import pytest

from cid.domain.errors import BadReply, CidError, Deferred, Misconfigured, Upstream
from cid.domain.ids import StoryId, TenantId
from cid.domain.jobs import JobKind, NewJob
from cid.domain.llm import Ask, Json, Subject
from cid.domain.policy import MODEL_TRIES
from cid.domain.tenants import Profile
from cid.flows.fit import AGAIN, fit
from cid.flows.wake import wake
from cid.gates import outage
from cid.pg.pool import AppDb, WorkerDb
from cid.queue import jobs as queue
from cid.services import Services
from cid.store import evidence, fits, policies
from tests import funnel, make
from tests.fakes import FakeLlm, FrozenClock

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
READERS = Profile(keywords=("harbour",), primary_audience="owners of small boats")
SUMMARY = "The harbour of Norhaven gets three cranes. Owners of small boats wait less from now on."


class Model(FakeLlm):
    def __init__(self) -> None:
        super().__init__(self._says)
        self.error: CidError | None = None
        self.shares = {"audience_relevance": 0.9, "business_relevance": 0.5, "actionability": 0.8}

    def _says(self, ask: Ask, _subject: Subject) -> Mapping[str, Json] | None:
        if ask.stage == "relevance":
            return {"score": 90, "matched": [], "injection_suspected": False}
        assert ask.stage == "fit"
        return {
            **self.shares,
            "risk_level": "low",
            "recommended_angle": "action_list",
            "claims_to_use": ["c2", "c77"],
        }

    async def ask(self, ask: Ask) -> Any:
        if self.error and ask.stage == "fit":
            self.asked.append(ask)
            raise self.error
        return await super().ask(ask)

    @property
    def fits(self) -> list[Ask]:
        return [ask for ask in self.asked if ask.stage == "fit"]


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime.now(UTC))


@pytest.fixture
def llm() -> Model:
    return Model()


@pytest.fixture
def sv(db: AppDb, platform: WorkerDb, llm: Model, clock: FrozenClock) -> Services:
    return make.services(db, platform, llm=llm, outside=funnel.outside(), clock=clock)


class Desk:
    def __init__(self, sv: Services, owner: Owner, tenant: TenantId) -> None:
        self.sv, self.owner, self.tenant = sv, owner, tenant

    async def story(self) -> None:
        """One that two publishers report; its fit is judged next."""
        story = StoryId(uuid4())
        async with self.sv.platform.tx() as tx:
            for publisher in ("P1", "P2"):
                item = await funnel.report(
                    tx, story, publisher=publisher, title="Harbour cranes", summary=SUMMARY, at=self.sv.clock.now()
                )
        async with self.sv.db.tx(self.tenant) as tx:
            await funnel.screening(tx, story, item)
        await funnel.run(self.sv, self.owner, self.tenant, JobKind.RELATE, JobKind.ASSESS, JobKind.GATHER)

    async def judge(self, attempt: int = 1) -> None:
        """The job as the queue hands it out for the `attempt`th time."""
        (job,) = await make.claimed(self.owner, JobKind.FIT, self.tenant)
        job.attempt = attempt
        await fit(self.sv, [job])

    async def hand_back(self) -> None:
        """As the queue does with a job that raised."""
        await self.owner.execute(
            "update jobs set state = 'ready', worker = null, lease = null, deadline = null where kind = 'fit'"
        )

    async def turn(self, **numbers: Json) -> None:
        async with self.sv.platform.tx() as tx:
            await policies.set_(tx, self.tenant, {"fit": numbers}, None)

    async def screening(self) -> Any:
        return await self.owner.fetchrow("select * from screenings")

    async def verdict(self) -> Any:
        return await self.owner.fetchrow("select *, score::float8 as points from verdicts where gate = 'fit'")

    async def jobs(self, kind: JobKind) -> int:
        return int(await self.owner.fetchval("select count(*) from jobs where kind = $1", kind))


@pytest.fixture
async def desk(sv: Services, owner: Owner, platform: WorkerDb) -> Desk:
    desk = Desk(sv, owner, await make.tenant(platform, profile=READERS))
    await desk.story()
    return desk


async def test_a_story_that_fits_goes_on_with_the_claims_that_were_chosen(desk: Desk, llm: Model) -> None:
    await desk.judge()
    row, said = await desk.screening(), await desk.verdict()
    assert (row["state"], row["stage"], float(row["score"])) == ("open", "draft", 90.0)
    assert (said["outcome"], said["reason"], said["points"]) == ("pass", "fits", 90.0)
    assert said["config"] and said["call_id"]
    signals = json.loads(said["signals"])
    assert (signals["audience_relevance"], signals["should_generate"], signals["recommended_angle"]) == (
        0.9,
        True,
        "action_list",
    )
    async with desk.sv.db.read(desk.tenant) as tx:
        kept = await fits.of(tx, desk.tenant, row["id"])
        pack = await evidence.pack(tx, desk.tenant, row["id"])
    assert kept
    assert len(kept.claims_to_use) == 1, "an id that was never shown is thrown away"
    assert len(pack.claims) == 2
    assert await desk.jobs(JobKind.DRAFT) == 1
    assert llm.fits[0].shared["client"]["primary_audience"] == "owners of small boats"


@pytest.mark.parametrize("name", ["audience_relevance", "actionability"])
async def test_a_story_for_somebody_else_is_dropped_before_the_dear_call(desk: Desk, llm: Model, name: str) -> None:
    llm.shares[name] = 0.3
    await desk.judge()
    row, said = await desk.screening(), await desk.verdict()
    assert (row["state"], row["gate"], row["reason"]) == ("dropped", "fit", "wrong_audience")
    assert json.loads(said["signals"])[name] == 0.3
    assert await desk.jobs(JobKind.DRAFT) == 0


async def test_a_tenants_own_numbers_count(desk: Desk, llm: Model) -> None:
    llm.shares["audience_relevance"] = 0.3
    await desk.turn(min_audience=0.2)
    await desk.judge()
    assert (await desk.screening())["stage"] == "draft"


async def test_a_profile_without_readers_passes_unjudged_without_a_call(
    sv: Services, owner: Owner, platform: WorkerDb, llm: Model
) -> None:
    desk = Desk(sv, owner, await make.tenant(platform, profile=Profile(keywords=("harbour",))))
    await desk.story()
    await desk.judge()
    said = await desk.verdict()
    assert (said["outcome"], said["reason"], said["call_id"]) == ("pass", "no_audience", None)
    assert json.loads(said["signals"])["should_generate"] is None
    assert llm.fits == []
    assert (await desk.screening())["stage"] == "draft"


async def test_an_outage_is_tried_often_for_an_hour_and_then_waits_where_people_see_it(
    desk: Desk, llm: Model, clock: FrozenClock
) -> None:
    llm.error = Upstream("down")
    with pytest.raises(Upstream):
        await desk.judge()
    await desk.hand_back()
    clock.advance(timedelta(hours=1, seconds=5))
    await desk.judge(attempt=9)
    row = await desk.screening()
    assert (row["state"], row["waiting_for"], row["until"]) == ("waiting", "outage", clock.now() + AGAIN)
    assert await desk.jobs(JobKind.FIT) == 0
    assert await desk.verdict() is None


async def test_one_that_waits_for_an_outage_is_woken_asked_once_and_goes_on(
    desk: Desk, llm: Model, clock: FrozenClock
) -> None:
    llm.error = Upstream("down")
    await desk.judge(attempt=MODEL_TRIES)
    assert (await desk.screening())["waiting_for"] == "outage"
    for error in (Upstream("still down"), None):
        llm.error = error
        await desk.owner.execute("update screenings set until = cid_now() - interval '1 second'")
        await wake(desk.sv, [])
        await desk.judge()
        if error:
            assert (await desk.screening())["state"] == "waiting", "no quick tries once patience is over"
    assert (await desk.screening())["stage"] == "draft"
    assert (await desk.verdict())["reason"] == "fits"


async def test_the_policy_to_pass_lets_it_through_and_the_verdict_says_so(desk: Desk, llm: Model) -> None:
    await desk.turn(on_outage="pass")
    llm.error = Upstream("down")
    await desk.judge(attempt=outage.PATIENCE)
    said = await desk.verdict()
    assert (said["outcome"], said["reason"]) == ("pass", "outage")
    assert "policy is to pass" in said["detail"]
    assert await desk.jobs(JobKind.DRAFT) == 1
    async with desk.sv.db.read(desk.tenant) as tx:
        assert await fits.of(tx, desk.tenant, (await desk.screening())["id"]) is None


async def test_the_policy_to_drop_drops_and_says_so(desk: Desk, llm: Model) -> None:
    await desk.turn(on_outage="drop")
    llm.error = Upstream("down")
    await desk.judge(attempt=outage.PATIENCE)
    assert ((await desk.screening())["state"], (await desk.verdict())["reason"]) == ("dropped", "outage")


@pytest.mark.parametrize(("policy", "state"), [("retry", "failed"), ("pass", "open")])
async def test_nonsense_is_asked_about_twice_and_then_fails_unless_a_person_lets_it_pass(
    desk: Desk, llm: Model, policy: str, state: str
) -> None:
    await desk.turn(on_outage=policy)
    llm.error = BadReply("no JSON")
    with pytest.raises(BadReply):
        await desk.judge()
    await desk.hand_back()
    await desk.judge(attempt=2)
    row = await desk.screening()
    assert row["state"] == state
    assert bool(row["failure"]) is (state == "failed")


async def test_a_missing_key_fails_visibly_whatever_the_policy(desk: Desk, llm: Model) -> None:
    await desk.turn(on_outage="pass")
    llm.error = Misconfigured("no key")
    await desk.judge()
    assert ((await desk.screening())["failure"], await desk.jobs(JobKind.DRAFT)) == ("fit: no key", 0)


async def test_without_money_it_waits_for_it(desk: Desk, llm: Model, clock: FrozenClock) -> None:
    until = clock.now() + timedelta(hours=3)
    llm.error = Deferred("the budget is used up", until=until)
    await desk.judge()
    row = await desk.screening()
    assert (row["waiting_for"], row["until"], await desk.jobs(JobKind.FIT)) == ("budget", until, 1)


async def test_run_twice_it_judges_and_pays_once(desk: Desk, llm: Model) -> None:
    (job,) = await make.claimed(desk.owner, JobKind.FIT, desk.tenant)
    await fit(desk.sv, [job])
    before = await desk.screening()
    async with desk.sv.db.tx(desk.tenant) as tx:
        await queue.enqueue(tx, NewJob(kind=JobKind.FIT, tenant=desk.tenant, payload={"screening": str(before["id"])}))
    await desk.judge()
    assert len(llm.fits) == 1
    assert await desk.screening() == before


async def test_one_that_another_moved_meanwhile_is_left_alone(desk: Desk, llm: Model) -> None:
    (job,) = await make.claimed(desk.owner, JobKind.FIT, desk.tenant)
    real = desk.sv.llm.ask

    async def slow(ask: Ask) -> Any:
        answer = await real(ask)
        await desk.owner.execute("update screenings set state = 'dropped', gate = 'fit', reason = 'merged'")
        return answer

    llm.ask = slow  # type: ignore[method-assign]  # the double that it is
    await fit(desk.sv, [job])
    assert ((await desk.screening())["reason"], await desk.verdict()) == ("merged", None)


async def test_a_second_job_of_a_story_that_is_being_judged_asks_nobody(
    sv: Services, owner: Owner, llm: Model, desk: Desk
) -> None:
    (job,) = await make.claimed(owner, JobKind.FIT, desk.tenant)
    id_ = job.payload["screening"]
    async with sv.db.tx(desk.tenant) as tx:
        again = NewJob(kind=JobKind.FIT, tenant=desk.tenant, payload={"screening": id_}, dedupe=id_)
        await queue.enqueue(tx, again)
    await desk.judge()
    assert llm.fits == []
    await fit(sv, [job])
    assert len(llm.fits) == 1
    await owner.execute("update jobs set state = 'ready', run_at = cid_now() where kind = 'fit'")
    await desk.judge()
    assert len(llm.fits) == 1
    assert await owner.fetchval("select count(*) from jobs where kind = 'fit'") == 0
