"""Places in a tenant's plan: nobody takes one too many, the best go first, what finds none waits in plain sight."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from cid.domain.errors import Conflict, NotFound, Refused, Upstream
from cid.domain.evidence import Claim, EvidenceState, Pack
from cid.domain.ids import ScreeningId, StoryId, TenantId, uuid7
from cid.domain.jobs import JobKind, NewJob
from cid.domain.llm import Ask, Json, Subject
from cid.domain.tenants import Actor, Profile, Role, Tenant, User
from cid.flows.draft import write
from cid.flows.plan import draft_now
from cid.flows.wake import wake
from cid.llm import offline_draft
from cid.pg.pool import AppDb, WorkerDb
from cid.queue import jobs as queue
from cid.services import Services
from cid.store import evidence, plans, stories
from tests import funnel, make
from tests.conftest import DatabaseTime
from tests.fakes import FakeLlm, FrozenClock

if TYPE_CHECKING:
    import asyncpg

    Owner = asyncpg.Connection[asyncpg.Record]

SKIP = {"skip": "not_affected", "why": "Elsewhere.", "article": None}


class Says(FakeLlm):
    """What is asked for a draft; raises what it is told to."""

    error: Upstream | None = None

    async def ask(self, ask: Ask) -> Any:
        if self.error:
            raise self.error
        return await super().ask(ask)


def written(ask: Ask, subject: Subject) -> Mapping[str, Json]:
    return offline_draft.draft(ask.shared, subject.input)


class Desk:
    def __init__(self, db: AppDb, platform: WorkerDb, owner: Owner, tenant: TenantId, user: Any) -> None:
        self.owner, self.tenant, self.llm, self.clock = owner, tenant, Says(written), FrozenClock(datetime.now(UTC))
        self.sv: Services = make.services(db, platform, llm=self.llm, outside=funnel.outside(), clock=self.clock)
        self.user = user
        self.plan(per_day=5, per_week=25)

    def plan(self, **over: Any) -> None:
        policy = self.sv.policy
        self.sv = replace(self.sv, policy=replace(policy, drafting=replace(policy.drafting, **over)))

    def actor(self, role: Role = Role.EDITOR, tenant: TenantId | None = None) -> Actor:
        of = Tenant(id=tenant or self.tenant, slug="acme", name="Acme", sample=False, created_at=self.clock.now())
        return Actor(user=User(id=self.user, email="ed@acme.test", name="Ed", admin=False), tenant=of, role=role)

    async def story(self, *, score: float | None = None, urgent: bool = False) -> ScreeningId:
        """A story with evidence, whose draft job is ready."""
        story = StoryId(uuid4())
        async with self.sv.platform.tx() as tx:
            item = await funnel.report(
                tx, story, publisher="P", title="Cranes go up", summary="Cranes rise in Norhaven."
            )
        async with self.sv.db.tx(self.tenant) as tx:
            id_ = await funnel.screening(tx, story, item, urgent=urgent)
            claim = Claim(text="S.", item_id=str(item), url="https://post.test/1", title="T", publisher="P")
            await evidence.add(tx, uuid7(self.clock.now()), id_, Pack(claims=(claim,), state=EvidenceState.REPORTS))
            await queue.enqueue(
                tx,
                NewJob(kind=JobKind.DRAFT, tenant=self.tenant, payload={"screening": str(id_)}, dedupe=str(id_)),
            )
        await self.owner.execute(
            "update screenings set stage = 'draft', score = $2, opened_at = cid_now() where id = $1", id_, score
        )
        return id_

    async def write(self, times: int = 1) -> None:
        for _ in range(times):
            for job in await make.claimed(self.owner, JobKind.DRAFT, self.tenant):
                await write(self.sv, [job])

    async def drafted(self) -> list[ScreeningId]:
        return [row[0] for row in await self.owner.fetch("select screening_id from drafts order by created_at, id")]

    async def waiting(self) -> list[ScreeningId]:
        async with self.sv.db.read(self.tenant) as tx:
            return [row.id for row in await plans.waiting(tx, self.tenant)]

    async def taken(self) -> int:
        async with self.sv.db.read(self.tenant) as tx:
            return (await plans.counted(tx, self.tenant)).day_taken


@pytest.fixture
async def desk(db: AppDb, platform: WorkerDb, owner: Owner) -> Desk:
    tenant = await make.tenant(platform, profile=Profile(keywords=("harbour",)))
    async with platform.tx() as tx:
        user = await make.user(tx)
    return Desk(db, platform, owner, tenant, user)


async def test_twenty_workers_at_once_take_no_more_places_than_there_are(desk: Desk) -> None:
    for _ in range(20):
        await desk.story()
    jobs = await make.claimed(desk.owner, JobKind.DRAFT, desk.tenant)
    await asyncio.gather(*(write(desk.sv, [job]) for job in jobs))
    assert (len(await desk.drafted()), len(desk.llm.asked), await desk.taken()) == (5, 5, 5)
    assert len(await desk.waiting()) == 15


async def test_the_week_is_a_limit_of_its_own(desk: Desk) -> None:
    desk.plan(per_day=5, per_week=2)
    for _ in range(4):
        await desk.story()
    await desk.write()
    assert (len(await desk.drafted()), len(await desk.waiting())) == (2, 2)


async def test_a_plan_of_none_lets_none_through(desk: Desk) -> None:
    desk.plan(per_day=0)
    await desk.story(urgent=True)
    await desk.write()
    assert (await desk.drafted(), desk.llm.asked) == ([], [])


async def test_a_free_place_goes_to_the_urgent_one_and_then_to_the_best(
    desk: Desk, database_time: DatabaseTime
) -> None:
    desk.plan(per_day=1)
    first = await desk.story(score=10)
    await desk.write()
    low, high, urgent = await desk.story(score=61), await desk.story(score=90), await desk.story(score=60, urgent=True)
    await desk.write()
    assert await desk.waiting() == [urgent, high, low]
    for number, expected in enumerate((urgent, high), 2):
        await database_time.advance(timedelta(days=1))
        desk.clock.advance(timedelta(hours=1))  # not yet stale, for a policy of 48 h
        await desk.owner.execute("update screenings set until = cid_now() where waiting_for = 'plan'")
        await run_wake(desk)
        await desk.write(4)
        assert (await desk.drafted())[number - 1 :] == [expected]
    assert (await desk.drafted())[0] == first


async def run_wake(desk: Desk) -> None:
    await wake(desk.sv, [])


async def test_what_waits_for_a_place_too_long_is_let_go_with_a_verdict(desk: Desk) -> None:
    desk.plan(per_day=0)
    await desk.story(score=70)
    await desk.write()
    desk.clock.advance(timedelta(hours=49))
    await desk.owner.execute("update screenings set until = cid_now()")
    await run_wake(desk)
    await desk.write()
    row = await desk.owner.fetchrow("select gate, outcome, reason, score from verdicts")
    assert row
    assert (row["gate"], row["outcome"], row["reason"], float(row["score"])) == ("draft", "drop", "over_plan", 70.0)
    assert await desk.waiting() == []


async def test_a_story_that_comes_to_no_draft_gives_its_place_back(desk: Desk) -> None:
    desk.plan(per_day=1)
    desk.llm.answer = lambda _ask, _subject: SKIP
    await desk.story()
    await desk.write()
    assert (await desk.drafted(), await desk.taken()) == ([], 0)
    desk.llm.answer = written
    await desk.story()
    await desk.write()
    assert len(await desk.drafted()) == 1


async def test_a_draft_that_is_tried_again_takes_one_place(desk: Desk) -> None:
    desk.llm.error = Upstream("out")
    await desk.story()
    (job,) = await make.claimed(desk.owner, JobKind.DRAFT, desk.tenant)
    for _ in range(3):
        with pytest.raises(Upstream):
            await write(desk.sv, [job])
    assert await desk.taken() == 1


async def test_a_person_gets_a_draft_beyond_the_plan(desk: Desk) -> None:
    desk.plan(per_day=0)
    wanted, other = await desk.story(), await desk.story()
    await desk.write()
    await draft_now(desk.sv, desk.actor(), wanted)
    await desk.write()
    assert (await desk.drafted(), await desk.waiting(), await desk.taken()) == ([wanted], [other], 0)
    assert await desk.owner.fetchval("select by_hand from places") == desk.user
    assert await desk.owner.fetchval("select action from audit") == "draft.asked_for"
    with pytest.raises(Conflict):
        await draft_now(desk.sv, desk.actor(), wanted)


async def test_who_may_only_read_gets_none_and_a_stranger_finds_no_story(desk: Desk) -> None:
    desk.plan(per_day=0)
    wanted = await desk.story()
    await desk.write()
    with pytest.raises(Refused):
        await draft_now(desk.sv, desk.actor(Role.VIEWER), wanted)
    other = await make.tenant(desk.sv.platform, "other")  # type: ignore[arg-type]  # the pool that it is here
    with pytest.raises(NotFound):
        await draft_now(desk.sv, desk.actor(tenant=other), wanted)
    assert await desk.waiting() == [wanted]


async def again(desk: Desk, screening: ScreeningId) -> None:
    async with desk.sv.db.tx(desk.tenant) as tx:
        await queue.enqueue(
            tx,
            NewJob(
                kind=JobKind.DRAFT,
                tenant=desk.tenant,
                payload={"screening": str(screening)},
                dedupe=str(screening),
            ),
        )


def meanwhile(desk: Desk, does: Callable[[], Awaitable[None]]) -> None:
    """`does` is done once, while the model is being asked for the first time."""
    ask = desk.llm.ask

    async def first(asked: Ask) -> Any:
        desk.llm.ask = ask  # type: ignore[method-assign]  # the double that it is
        await does()
        return await ask(asked)

    desk.llm.ask = first  # type: ignore[assignment,method-assign]  # the double


async def test_who_is_being_written_keeps_nobody_from_a_free_place(desk: Desk) -> None:
    desk.plan(per_day=0)
    best, second = await desk.story(score=90), await desk.story(score=60)
    await desk.write()
    desk.plan(per_day=2)
    await again(desk, best)
    (job,) = await make.claimed(desk.owner, JobKind.DRAFT, desk.tenant)

    async def other() -> None:
        assert await desk.waiting() == [second], "one that has its place waits no more"
        await again(desk, second)
        await desk.write()

    meanwhile(desk, other)
    await write(desk.sv, [job])
    assert set(await desk.drafted()) == {best, second}
    assert len(desk.llm.asked) == 2


async def test_a_second_job_of_a_story_that_is_being_written_pays_for_nothing(desk: Desk) -> None:
    id_ = await desk.story()
    (job,) = await make.claimed(desk.owner, JobKind.DRAFT, desk.tenant)

    async def twin() -> None:
        await again(desk, id_)
        await desk.write()

    meanwhile(desk, twin)
    await write(desk.sv, [job])
    assert (await desk.drafted(), len(desk.llm.asked)) == ([id_], 1)
    await desk.owner.execute("update jobs set run_at = cid_now(), state = 'ready' where kind = 'draft'")
    await desk.write()
    assert (await desk.drafted(), len(desk.llm.asked), await desk.taken()) == ([id_], 1, 1)
    assert await desk.owner.fetchval("select count(*) from jobs where kind = 'draft'") == 0


async def test_a_story_that_merged_while_it_was_written_gives_its_place_back(desk: Desk) -> None:
    desk.plan(per_day=1)
    gone, stays = await desk.story(score=70), await desk.story(score=60)
    await desk.owner.execute("update screenings set opened_at = opened_at - interval '1 minute' where id = $1", stays)
    jobs = await make.claimed(desk.owner, JobKind.DRAFT, desk.tenant)
    (job,) = [one for one in jobs if one.payload["screening"] == str(gone)]

    async def merge() -> None:
        async with desk.sv.platform.tx() as tx:
            rows = await tx.fetch("select id, story_id from screenings")
            story = {row["id"]: row["story_id"] for row in rows}
            await stories.merge(tx, [(story[gone], story[stays])])

    meanwhile(desk, merge)
    await write(desk.sv, [job])
    assert (await desk.drafted(), await desk.taken()) == ([], 0)
    await write(desk.sv, [one for one in jobs if one is not job])
    assert await desk.drafted() == [stays]


async def test_what_failed_and_is_tried_again_waits_for_a_place_where_people_see_it(desk: Desk) -> None:
    desk.plan(per_day=0)
    id_ = await desk.story()
    await desk.owner.execute("update screenings set state = 'failed', failure = 'draft: out' where id = $1", id_)
    await desk.write()
    assert await desk.waiting() == [id_]
