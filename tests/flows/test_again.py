"""Judged again from a gate on: a rehearsal changes nothing and tells what would, the real thing does it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from cid.domain.errors import Conflict, NotFound, Refused, Upstream
from cid.domain.ids import ItemId, StoryId, TenantId
from cid.domain.jobs import JobKind, NewJob
from cid.domain.llm import Ask, Json, Subject
from cid.domain.prefilter import Filter, Learned, Proof
from cid.domain.tenants import Actor, Profile, Role, Tenant, User
from cid.domain.verdicts import Drop, Gate, Pass, Reason
from cid.flows import again
from cid.flows.again import Waits
from cid.flows.relate import relate
from cid.flows.rules import rules
from cid.pg.pool import AppDb, WorkerDb
from cid.queue import jobs as queue
from cid.services import Services
from cid.store import plans, policies, prefilters, tenants
from tests import funnel, make
from tests.fakes import FakeLlm, FrozenClock

if TYPE_CHECKING:
    import asyncpg

    Owner = asyncpg.Connection[asyncpg.Record]

SUMMARY = "The harbour of Norhaven gets three cranes. They lift 40 tons each, the office said."
PROOF = Proof(labels=900, decided=9, passes=400, held=270, held_passes=120, recall=1.0, sure=0.97, saved=0.4)


class Scores(FakeLlm):
    """One score for all; raises what it is told to."""

    score = 30
    error: Upstream | None = None

    def __init__(self) -> None:
        super().__init__(self._say)

    def _say(self, ask: Ask, _subject: Subject) -> Mapping[str, Json]:
        if self.error:
            raise self.error
        if ask.stage == "fit":
            shares = dict.fromkeys(("audience_relevance", "business_relevance", "actionability"), 0.1)
            return {**shares, "risk_level": "low", "recommended_angle": "none", "claims_to_use": []}
        return {"score": self.score, "matched": []}


class Desk:
    def __init__(self, db: AppDb, platform: WorkerDb, owner: Owner, tenant: TenantId, user: Any) -> None:
        self.owner, self.tenant, self.user = owner, tenant, user
        self.llm, self.clock = Scores(), FrozenClock(datetime.now(UTC))
        self.sv: Services = make.services(db, platform, llm=self.llm, outside=funnel.outside(), clock=self.clock)

    def actor(self, role: Role = Role.EDITOR, tenant: TenantId | None = None) -> Actor:
        of = Tenant(id=tenant or self.tenant, slug="acme", name="Acme", sample=False, created_at=self.clock.now())
        return Actor(user=User(id=self.user, email="ed@acme.test", name="Ed", admin=False), tenant=of, role=role)

    async def profile(self, *keywords: str) -> None:
        async with self.sv.platform.tx() as tx:
            await tenants.set_profile(tx, self.tenant, Profile(keywords=keywords))

    async def item(self, title: str = "Harbour cranes go up") -> ItemId:
        """Seen at two sources of the tenant's, and judged by gate 1."""
        story = StoryId(uuid4())
        async with self.sv.platform.tx() as tx:
            one = await funnel.report(tx, story, publisher="P", title=title, summary=SUMMARY, at=self.clock.now())
            await funnel.report(tx, story, publisher="Q", title=title, summary=SUMMARY, at=self.clock.now())
        await self.owner.execute(
            """insert into subscriptions (tenant_id, id, source_id, trust)
               select $1, gen_random_uuid(), id, 0.9 from sources""",
            self.tenant,
        )
        async with self.sv.db.tx(self.tenant) as tx:
            await queue.enqueue(tx, NewJob(kind=JobKind.RULES, tenant=self.tenant, payload={"item": str(one)}))
        await self.rules()
        return one

    async def rules(self) -> None:
        if jobs := await make.claimed(self.owner, JobKind.RULES, self.tenant):
            await rules(self.sv, jobs)

    async def relate(self) -> None:
        if jobs := await make.claimed(self.owner, JobKind.RELATE, self.tenant):
            await relate(self.sv, jobs)

    async def rehearse(self, item: ItemId, gate: Gate) -> again.Rehearsal:
        return await again.rehearse(self.sv, self.actor(), item, gate)

    async def counts(self) -> list[int]:
        names = ("verdicts", "screenings", "jobs", "drafts", "evidence_packs", "audit")
        return [await self.owner.fetchval(f"select count(*) from {name}") for name in names]

    async def screening(self) -> Any:
        return await self.owner.fetchrow("select state, stage, gate, reason from screenings")

    async def said(self, gate: Gate) -> list[str]:
        rows = await self.owner.fetch("select outcome, reason from verdicts where gate = $1 order by at, id", gate)
        return [f"{row['outcome']} {row['reason']}" for row in rows]


@pytest.fixture
async def desk(db: AppDb, platform: WorkerDb, owner: Owner) -> Desk:
    tenant = await make.tenant(platform, profile=Profile(keywords=("bakery",)))
    async with platform.tx() as tx:
        user = await make.user(tx)
    return Desk(db, platform, owner, tenant, user)


async def test_a_rehearsal_tells_what_new_keywords_would_change_and_changes_nothing(desk: Desk) -> None:
    item = await desk.item()
    await desk.profile("harbour")
    desk.llm.score = 80
    before = await desk.counts()
    found = await desk.rehearse(item, Gate.RULES)
    assert [(step.gate, step.changed) for step in found.steps] == [
        (Gate.RULES, True),
        (Gate.RELEVANCE, True),
        (Gate.SIGNAL, True),
        (Gate.FIT, True),
    ]
    (ruled, related, assessed, _), further = found.steps, found.further
    assert ruled.before
    assert (ruled.before.reason, isinstance(ruled.now, Pass), further) == (Reason.NO_KEYWORD, True, True)
    assert isinstance(related.now, Pass)
    assert (related.before, related.now.score, isinstance(assessed.now, Pass)) == (None, 80, True)
    assert await desk.counts() == before


async def test_how_well_it_fits_the_readers_is_rehearsed_by_the_reports_where_no_evidence_was_gathered(
    desk: Desk,
) -> None:
    item = await desk.item()
    async with desk.sv.platform.tx() as tx:
        profile = Profile(keywords=("harbour",), primary_audience="owners of boats")
        await tenants.set_profile(tx, desk.tenant, profile)
    desk.llm.score = 80
    found = await desk.rehearse(item, Gate.RULES)
    fit = found.steps[-1]
    assert isinstance(fit.now, Drop)
    assert (fit.gate, fit.now.reason, found.further) == (Gate.FIT, Reason.WRONG_AUDIENCE, False)
    asked = desk.llm.asked[-1]
    assert [claim["text"] for claim in asked.subjects[0].input["claims"]] == SUMMARY.replace(". T", ".|T").split("|")


async def test_it_ends_at_the_gate_that_does_not_let_it_pass(desk: Desk) -> None:
    item = await desk.item()
    await desk.profile("harbour")
    found = await desk.rehearse(item, Gate.RULES)
    assert [step.gate for step in found.steps] == [Gate.RULES, Gate.RELEVANCE]
    assert isinstance(found.steps[-1].now, Drop)
    assert (found.steps[-1].now.reason, found.further) == (Reason.LOW_RELEVANCE, False)


async def test_what_stays_as_it_was_is_told_as_such(desk: Desk) -> None:
    found = await desk.rehearse(await desk.item(), Gate.RULES)
    assert [(step.gate, step.changed) for step in found.steps] == [(Gate.RULES, False)]


async def test_a_model_that_is_out_leaves_the_rehearsal_without_a_verdict(desk: Desk) -> None:
    item = await desk.item()
    await desk.profile("harbour")
    desk.llm.error = Upstream("the vendor is down")
    found = await desk.rehearse(item, Gate.RULES)
    assert isinstance(found.steps[-1].now, Upstream)
    assert not found.further


async def test_a_story_that_would_wait_for_signal_says_until_when(desk: Desk) -> None:
    desk.llm.score = 80
    await desk.profile("harbour")
    item = await desk.item()
    await desk.owner.execute("update subscriptions set active = false")
    await desk.owner.execute("update sources set vetted = false")
    found = await desk.rehearse(item, Gate.SIGNAL)
    assert isinstance(found.steps[0].now, Waits)


async def test_gate_1_for_real_judges_the_item_anew_and_opens_its_story(desk: Desk) -> None:
    item = await desk.item()
    await desk.profile("harbour")
    await again.run(desk.sv, desk.actor(), item, Gate.RULES)
    await desk.rules()
    assert await desk.said(Gate.RULES) == ["drop no_keyword", "pass keyword"]
    row = await desk.screening()
    assert (row["state"], row["stage"]) == ("open", "relate")
    assert await desk.owner.fetchval("select detail ->> 'gate' from audit") == "rules"


async def test_a_job_of_gate_1_that_nobody_asked_for_again_judges_nothing_twice(desk: Desk) -> None:
    item = await desk.item()
    async with desk.sv.db.tx(desk.tenant) as tx:
        await queue.enqueue(tx, NewJob(kind=JobKind.RULES, tenant=desk.tenant, payload={"item": str(item)}))
    await desk.rules()
    assert await desk.said(Gate.RULES) == ["drop no_keyword"]


async def test_a_dropped_story_is_opened_again_at_its_gate(desk: Desk) -> None:
    await desk.profile("harbour")
    item = await desk.item()
    await desk.relate()
    assert tuple(await desk.screening()) == ("dropped", "relate", "relevance", "low_relevance")
    desk.llm.score = 90
    await again.run(desk.sv, desk.actor(), item, Gate.RELEVANCE)
    await desk.relate()
    row = await desk.screening()
    assert (row["state"], row["stage"]) == ("open", "assess")
    assert await desk.said(Gate.RELEVANCE) == ["drop low_relevance", "pass relevant"]


async def test_a_person_may_skip_gates_and_have_a_dropped_story_drafted(desk: Desk) -> None:
    await desk.profile("harbour")
    item = await desk.item()
    await desk.relate()
    await again.run(desk.sv, desk.actor(), item, Gate.DRAFT)
    job = await desk.owner.fetchrow("select kind, priority from jobs where kind = 'draft'")
    assert job
    assert tuple(job) == ("draft", -1)
    pack = await desk.owner.fetchrow("select state, jsonb_array_length(claims) > 0 from evidence_packs")
    assert pack, "a draft without evidence would only fail"
    assert tuple(pack) == ("reports", True)
    await again.run(desk.sv, desk.actor(), item, Gate.DRAFT)
    assert await desk.owner.fetchval("select count(*) from evidence_packs") == 1


async def test_a_story_that_is_judged_from_an_earlier_gate_on_gives_its_place_in_the_plan_back(desk: Desk) -> None:
    await desk.profile("harbour")
    item = await desk.item()
    await desk.relate()
    id_ = await desk.owner.fetchval("select id from screenings")
    async with desk.sv.db.tx(desk.tenant) as tx:
        assert await plans.take(tx, id_, per_day=1, per_week=1)
    await again.run(desk.sv, desk.actor(), item, Gate.DRAFT)
    async with desk.sv.db.read(desk.tenant) as tx:
        assert await plans.held(tx, desk.tenant, id_)
    await again.run(desk.sv, desk.actor(), item, Gate.RELEVANCE)
    async with desk.sv.db.read(desk.tenant) as tx:
        assert (await plans.counted(tx, desk.tenant)).day_taken == 0


async def test_what_a_filter_dropped_is_asked_about_when_a_person_has_it_judged_again(desk: Desk) -> None:
    await desk.profile("harbour")
    item = await desk.item()
    learned = Learned(filter=Filter(bias=-9.0, threshold=0.0, weights={}), proof=PROOF, up=(), down=())
    async with desk.sv.db.tx(desk.tenant) as tx:
        await prefilters.put(tx, desk.tenant, learned, lacking="")
        await policies.set_(tx, desk.tenant, {"relevance": {"prefilter": "on", "prefilter_sample": 0.0}}, None)
    await desk.relate()
    assert (await desk.said(Gate.RELEVANCE), desk.llm.asked) == (["drop prefiltered"], [])
    desk.llm.score = 90
    rehearsed = await desk.rehearse(item, Gate.RELEVANCE)
    assert isinstance(rehearsed.steps[0].now, Pass)
    await again.run(desk.sv, desk.actor(), item, Gate.RELEVANCE)
    await desk.relate()
    assert await desk.said(Gate.RELEVANCE) == ["drop prefiltered", "pass relevant"]


async def test_what_is_a_draft_already_and_what_was_never_opened_cannot_be_run_again(desk: Desk) -> None:
    item = await desk.item()
    with pytest.raises(Conflict, match="gate 1"):
        await again.run(desk.sv, desk.actor(), item, Gate.RELEVANCE)
    await desk.profile("harbour")
    await again.run(desk.sv, desk.actor(), item, Gate.RULES)
    await desk.rules()
    await desk.owner.execute("update screenings set state = 'passed', stage = 'draft'")
    with pytest.raises(Conflict, match="draft"):
        await again.run(desk.sv, desk.actor(), item, Gate.SIGNAL)


async def test_who_may_only_read_asks_no_model_and_a_stranger_finds_nothing(desk: Desk) -> None:
    item = await desk.item()
    with pytest.raises(Refused):
        await again.rehearse(desk.sv, desk.actor(Role.VIEWER), item, Gate.RULES)
    with pytest.raises(Refused):
        await again.run(desk.sv, desk.actor(Role.VIEWER), item, Gate.RULES)
    with pytest.raises(NotFound):
        await again.run(desk.sv, desk.actor(), ItemId(uuid4()), Gate.RULES)
    await desk.owner.execute("update items set public = false")
    await desk.owner.execute("update sightings set tenant_id = null")
    with pytest.raises(NotFound):
        await again.run(desk.sv, desk.actor(), item, Gate.RULES)
    assert desk.llm.asked == []
