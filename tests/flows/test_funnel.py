"""Gates 2 to 5 as flows: on a real Postgres, with a model that does what a test says."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import asyncpg
import pytest

from cid.domain.draft import Author, DraftState
from cid.domain.errors import BadReply, CidError, Deferred, LostLease, Misconfigured, Upstream
from cid.domain.ids import DraftId, ScreeningId, StoryId, TenantId, UserId, VerdictId, VersionId
from cid.domain.jobs import Job, JobKind
from cid.domain.llm import Ask, Json, Raw, Subject, Wire
from cid.domain.policy import MODEL_TRIES, Outage
from cid.domain.tenants import Profile
from cid.domain.verdicts import Drop, Gate, Reason
from cid.flows.draft import write
from cid.flows.relate import relate
from cid.flows.review import review
from cid.gates import outage
from cid.llm.offline import Offline
from cid.pg.pool import AppDb, WorkerDb
from cid.services import Services
from cid.store import drafts, evidence, policies, verdicts
from tests import funnel, make
from tests.fakes import FakeLlm, FrozenClock

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Says: TypeAlias = Callable[[Ask, Subject], Mapping[str, Json] | None]
SUMMARY = (
    "The harbour of Norhaven gets three cranes. They lift 40 tons each, the office said. "
    "Owners of small boats wait less from now on. The quay stays closed on Sundays. A permit costs nothing this year."
)


class Failing(FakeLlm):
    """Raises what it is told to, for as long as it is told to."""

    error: CidError | None = None

    async def ask(self, ask: Ask) -> Any:
        if self.error:
            self.asked.append(ask)
            raise self.error
        return await super().ask(ask)


def scoring(**scores: int) -> Says:
    """A score by the title's last word; a title without one is left out."""

    def say(_ask: Ask, subject: Subject) -> Mapping[str, Json] | None:
        score = scores.get(subject.input["title"].split()[-1])
        return None if score is None else {"score": score, "matched": []}

    return say


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime.now(UTC))


@pytest.fixture
async def tenant(platform: WorkerDb) -> TenantId:
    return await make.tenant(platform, profile=Profile(keywords=("harbour",), geography=("Norhaven",)))


@pytest.fixture
def llm() -> Failing:
    return Failing(lambda _ask, _subject: None)


@pytest.fixture
def sv(db: AppDb, platform: WorkerDb, llm: Failing, clock: FrozenClock) -> Services:
    return make.services(db, platform, llm=llm, outside=funnel.outside(), clock=clock)


async def stories(sv: Services, tenant: TenantId, *titles: str, publishers: int = 1) -> list[ScreeningId]:
    """One story per title, reported by so many publishers just now, waiting at gate 2."""
    made = []
    for title in titles:
        story = StoryId(uuid4())
        async with sv.platform.tx() as tx:
            items = [
                await funnel.report(tx, story, publisher=f"P{n}", title=title, summary=SUMMARY, at=sv.clock.now())
                for n in range(publishers)
            ]
        async with sv.db.tx(tenant) as tx:
            made.append(await funnel.screening(tx, story, items[0]))
    return made


async def at_draft(sv: Services, llm: Failing, owner: Owner, tenant: TenantId) -> ScreeningId:
    """A story that passed gate 3; its draft job is ready."""
    llm.answer = scoring(up=90)
    (screening,) = await stories(sv, tenant, "Harbour cranes go up", publishers=2)
    await funnel.run(sv, owner, tenant, JobKind.RELATE, JobKind.ASSESS, JobKind.GATHER, JobKind.FIT)
    return screening


DRAFTED = ("title", "slug", "description", "linkedin", "short_post", "newsletter", "image_brief", "angle_reason")


def drafting(**over: Any) -> Says:
    def say(_ask: Ask, subject: Subject) -> Mapping[str, Json]:
        claim = subject.input["claims"][0]
        article = {
            **dict.fromkeys(DRAFTED, "x"),
            "angle": "data_story",
            "body": f"Said [P](<{claim['url']}>).",
            "keywords": [],
            "questions": [],
            "references": [{"title": claim["title"], "url": claim["url"]}],
        }
        return {"skip": "none", "why": "", "article": {**article, **over}}

    return say


def reviewing(score: int, *severities: str) -> Says:
    row = {"category": "fabrication", "where": "w", "what": "x", "fix": ""}
    return lambda _ask, _subject: {"score": score, "findings": [{**row, "severity": one} for one in severities]}


async def one(owner: Owner, table: str) -> Any:
    (row,) = await owner.fetch(f"select * from {table}")
    return row


async def waiting(owner: Owner, kind: str) -> int:
    count: int = await owner.fetchval("select count(*) from jobs where kind = $1", kind)
    return count


# ------------------------------------------------------------------------------------------------------------ relate


async def test_each_story_of_a_group_is_decided_by_itself(
    sv: Services, llm: Failing, owner: Owner, tenant: TenantId
) -> None:
    llm.answer = scoring(good=80, bad=20)
    await stories(sv, tenant, "Harbour good", "Harbour bad")
    await funnel.run(sv, owner, tenant, JobKind.RELATE)
    assert len(llm.asked) == 1
    rows = await funnel.states(owner)
    assert sorted((row["state"], row["stage"], row["reason"]) for row in rows) == [
        ("dropped", "relate", "low_relevance"),
        ("open", "assess", None),
    ]
    said = await owner.fetch("select outcome, score::int as score, call_id from verdicts order by outcome")
    assert [(row["outcome"], row["score"]) for row in said] == [("drop", 20), ("pass", 80)]
    assert all(row["call_id"] for row in said)
    assert await waiting(owner, "assess") == 1
    assert await waiting(owner, "relate") == 0


async def test_a_story_the_model_left_out_is_asked_again_and_then_fails_visibly_but_is_never_scored_0(
    sv: Services, llm: Failing, owner: Owner, tenant: TenantId
) -> None:
    llm.answer = scoring(good=80)
    await stories(sv, tenant, "Harbour good", "Harbour silent")
    jobs = await make.claimed(owner, JobKind.RELATE, tenant)
    with pytest.raises(BadReply):
        await relate(sv, jobs)
    assert [row["state"] for row in await funnel.states(owner)] == ["open", "open"]
    assert await owner.fetchval("select count(*) from jobs_done where kind = 'relate'") == 1, "the other one is done"

    left = [job for job in jobs if await owner.fetchval("select count(*) from jobs where id = $1", job.id)]
    assert len(left) == 1
    await relate(sv, [replace(left[0], attempt=2)])
    failed = [row for row in await funnel.states(owner) if row["state"] == "failed"]
    assert [row["failure"] for row in failed] == ["relate: relevance: the model left it out"]
    assert await owner.fetchval("select count(*) from verdicts") == 1
    assert await owner.fetchval("select error from jobs_dead") == "relevance: the model left it out"


async def test_stories_tried_before_are_asked_alone(sv: Services, llm: Failing, owner: Owner, tenant: TenantId) -> None:
    """One that a model refuses must not take its neighbours down with it."""

    def poisoned(ask: Ask, subject: Subject) -> Mapping[str, Json] | None:
        if any("poison" in other.input["title"] for other in ask.subjects):
            raise BadReply("refused (cyber)")
        return scoring(good=80)(ask, subject)

    llm.answer = poisoned
    await stories(sv, tenant, "Harbour good", "Harbour poison", "Also good")
    jobs = await make.claimed(owner, JobKind.RELATE, tenant)
    with pytest.raises(BadReply):
        await relate(sv, jobs)
    await relate(sv, [replace(job, attempt=2) for job in jobs])
    assert sorted(row["state"] for row in await funnel.states(owner)) == ["failed", "open", "open"]


async def test_a_tenant_may_have_fewer_stories_asked_about_in_a_call(
    sv: Services, llm: Failing, owner: Owner, tenant: TenantId
) -> None:
    async with sv.db.tx(tenant) as tx:
        await policies.set_(tx, tenant, {"relevance": {"per_call": 2}}, None)
    llm.answer = scoring(good=80)
    await stories(sv, tenant, *["Harbour good"] * 5)
    await funnel.run(sv, owner, tenant, JobKind.RELATE)
    assert sorted(len(ask.subjects) for ask in llm.asked) == [1, 2, 2]
    assert {row["stage"] for row in await funnel.states(owner)} == {"assess"}


async def test_an_exhausted_budget_waits_where_people_see_it_and_goes_on(
    sv: Services, llm: Failing, owner: Owner, tenant: TenantId, clock: FrozenClock
) -> None:
    until = clock.now() + timedelta(hours=5)
    llm.error = Deferred("the budget is used up", until=until)
    await stories(sv, tenant, "Harbour good")
    await funnel.run(sv, owner, tenant, JobKind.RELATE)
    assert [(row["state"], row["waiting_for"]) for row in await funnel.states(owner)] == [("waiting", "budget")]
    job = await owner.fetchrow("select state, run_at, attempt, error from jobs where kind = 'relate'")
    assert job
    assert (job["state"], job["run_at"], job["attempt"], job["error"]) == (
        "scheduled",
        until,
        0,
        "the budget is used up",
    )

    llm.error, llm.answer = None, scoring(good=80)
    await owner.execute("update jobs set state = 'ready' where kind = 'relate'")
    await funnel.run(sv, owner, tenant, JobKind.RELATE)
    assert [(row["state"], row["stage"]) for row in await funnel.states(owner)] == [("open", "assess")]


@pytest.mark.parametrize(
    ("policy", "attempt", "end"),
    [
        (Outage.RETRY, MODEL_TRIES - 1, None),
        (Outage.RETRY, MODEL_TRIES, ("failed", None)),
        (Outage.PASS, outage.PATIENCE, ("open", "outage")),
        (Outage.DROP, outage.PATIENCE, ("dropped", "outage")),
    ],
)
async def test_an_outage_ends_as_the_policy_says_and_the_verdict_says_so(
    sv: Services,
    llm: Failing,
    owner: Owner,
    tenant: TenantId,
    policy: Outage,
    attempt: int,
    end: tuple[str, str] | None,
) -> None:
    sv = replace(sv, policy=replace(sv.policy, relevance=replace(sv.policy.relevance, on_outage=policy)))
    llm.error = Upstream("529")
    await stories(sv, tenant, "Harbour good")
    (job,) = await make.claimed(owner, JobKind.RELATE, tenant)
    if end is None:
        with pytest.raises(Upstream):
            await relate(sv, [replace(job, attempt=attempt)])
        return
    await relate(sv, [replace(job, attempt=attempt)])
    (row,) = await funnel.states(owner)
    assert row["state"] == end[0]
    assert await owner.fetchval("select max(reason) from verdicts") == end[1]


async def test_a_missing_key_fails_visibly_and_its_job_goes_on_when_a_person_runs_it_again(
    sv: Services, llm: Failing, owner: Owner, tenant: TenantId
) -> None:
    llm.error = Misconfigured("There is no key.")
    await stories(sv, tenant, "Harbour good")
    jobs = await make.claimed(owner, JobKind.RELATE, tenant)
    await relate(sv, jobs)
    assert [(row["state"], row["failure"]) for row in await funnel.states(owner)] == [
        ("failed", "relate: There is no key.")
    ]
    llm.error, llm.answer = None, scoring(good=80)
    await owner.execute("insert into jobs (tenant_id, kind, payload) select tenant_id, kind, payload from jobs_dead")
    await funnel.run(sv, owner, tenant, JobKind.RELATE)
    assert [(row["state"], row["failure"]) for row in await funnel.states(owner)] == [("open", "")]


async def test_a_job_that_runs_twice_changes_nothing_the_second_time(
    sv: Services, llm: Failing, owner: Owner, tenant: TenantId
) -> None:
    llm.answer = scoring(good=80)
    (screening,) = await stories(sv, tenant, "Harbour good")
    await funnel.run(sv, owner, tenant, JobKind.RELATE)
    await owner.execute(
        "insert into jobs (tenant_id, kind, payload) values ($1, 'relate', $2)",
        tenant,
        json.dumps({"screening": str(screening)}),
    )
    await funnel.run(sv, owner, tenant, JobKind.RELATE)
    assert len(llm.asked) == 1
    assert await owner.fetchval("select count(*) from verdicts") == 1
    assert await waiting(owner, "assess") == 1


async def test_a_lost_lease_rolls_everything_back(sv: Services, llm: Failing, owner: Owner, tenant: TenantId) -> None:
    llm.answer = scoring(good=80)
    await stories(sv, tenant, "Harbour good")
    (job,) = await make.claimed(owner, JobKind.RELATE, tenant)
    with pytest.raises(LostLease):
        await relate(sv, [replace(job, lease=job.lease + 1)])
    assert [row["stage"] for row in await funnel.states(owner)] == ["relate"]
    assert await owner.fetchval("select count(*) from verdicts") == 0


# ------------------------------------------------------------------------------------------------------------ assess


async def test_one_publisher_waits_and_a_second_one_is_enough(
    sv: Services, llm: Failing, owner: Owner, tenant: TenantId, clock: FrozenClock
) -> None:
    llm.answer = scoring(good=80)
    await stories(sv, tenant, "Harbour good")
    await funnel.run(sv, owner, tenant, JobKind.RELATE, JobKind.ASSESS, JobKind.GATHER, JobKind.FIT)
    row = await one(owner, "screenings")
    assert (row["state"], row["waiting_for"], row["until"], row["spread"]) == (
        "waiting",
        "signal",
        clock.now() + timedelta(hours=2),
        1,
    )
    again = await owner.fetchrow("select run_at, dedupe_key from jobs where kind = 'assess'")
    assert again, "a publisher that joins while the wait is written must not be missed"
    assert again["run_at"] == clock.now() + timedelta(seconds=20)

    async with sv.platform.tx() as tx:
        await funnel.report(tx, row["story_id"], publisher="P2", title="T", summary=SUMMARY, at=clock.now())
    await owner.execute("update jobs set state = 'ready'")
    await funnel.run(sv, owner, tenant, JobKind.ASSESS, JobKind.GATHER, JobKind.FIT)
    row = await one(owner, "screenings")
    assert (row["state"], row["stage"], row["spread"]) == ("open", "draft", 2)
    pack = await one(owner, "evidence_packs")
    texts = [claim["text"] for claim in json.loads(pack["claims"])]
    assert len(texts) == len(set(texts)) == 5, "the same sentences of two publishers count once"
    assert await waiting(owner, "draft") == 1


async def test_a_story_nobody_new_reported_for_two_hours_is_dropped(
    sv: Services, llm: Failing, owner: Owner, tenant: TenantId, clock: FrozenClock
) -> None:
    llm.answer = scoring(good=80)
    await stories(sv, tenant, "Harbour good")
    clock.advance(timedelta(hours=2))
    await funnel.run(sv, owner, tenant, JobKind.RELATE, JobKind.ASSESS, JobKind.GATHER, JobKind.FIT)
    row = await one(owner, "screenings")
    assert (row["state"], row["gate"], row["reason"]) == ("dropped", "signal", "low_signal")


async def test_only_publishers_the_tenant_may_count_count_and_each_once(
    sv: Services, owner: Owner, tenant: TenantId, clock: FrozenClock
) -> None:
    story = StoryId(uuid4())
    hour = timedelta(hours=1)
    async with sv.platform.tx() as tx:
        for publisher, vetted, age in (("A", True, 5), ("A", True, 1), ("B", True, 3), ("C", False, 0)):
            at = clock.now() - age * hour
            await funnel.report(tx, story, publisher=publisher, title="T", summary="", at=at, vetted=vetted)
    async with sv.db.read(tenant) as tx:
        spread = await evidence.spread(tx, tenant, story)
        assert spread.publishers == 2
        assert spread.newest_at == clock.now() - 3 * hour, "A joined first, and B last"
    source = await owner.fetchval("select id from sources where publisher = 'C'")
    async with sv.platform.tx() as tx:
        await tx.execute(
            "insert into subscriptions (tenant_id, id, source_id) values ($1, $2, $3)", tenant, uuid4(), source
        )
    async with sv.db.read(tenant) as tx:
        assert (await evidence.spread(tx, tenant, story)).publishers == 3
        assert len(await evidence.reports(tx, tenant, story)) == 4


async def test_what_a_tenant_does_not_trust_is_no_evidence(sv: Services, owner: Owner, tenant: TenantId) -> None:
    story = StoryId(uuid4())
    async with sv.platform.tx() as tx:
        items = [await funnel.report(tx, story, publisher="A", title=title, summary="") for title in "abc"]
    async with sv.db.tx(tenant) as tx:
        for item, reason in zip(items, (Reason.LOW_TRUST, Reason.NO_KEYWORD), strict=False):
            verdict = VerdictId(make.uuid7_now())
            await verdicts.add(tx, verdict, Gate.RULES, Drop(reason), story=story, item=item)
        assert {report.title for report in await evidence.reports(tx, tenant, story)} == {"b", "c"}


# ------------------------------------------------------------------------------------------------------------- draft


async def test_a_draft_is_written_with_its_version_and_reviewed_next(
    sv: Services, llm: Failing, owner: Owner, tenant: TenantId
) -> None:
    await at_draft(sv, llm, owner, tenant)
    llm.answer = drafting(title="Three cranes")
    await funnel.run(sv, owner, tenant, JobKind.DRAFT)
    draft, version = await one(owner, "drafts"), await one(owner, "versions")
    assert (draft["state"], draft["current_version_id"], draft["sample"]) == ("written", version["id"], False)
    assert (version["number"], version["author"], version["provider"]) == (1, "machine", "fake/model")
    assert json.loads(version["article"])["title"] == "Three cranes"
    assert (await one(owner, "screenings"))["state"] == "passed"
    job = await owner.fetchval("select payload from jobs where kind = 'review'")
    assert json.loads(job) == {"draft": str(draft["id"]), "version": str(version["id"])}


async def test_a_story_that_concerns_nobody_here_is_dropped_with_the_models_reason(
    sv: Services, llm: Failing, owner: Owner, tenant: TenantId
) -> None:
    await at_draft(sv, llm, owner, tenant)
    llm.answer = lambda _ask, _subject: {"skip": "not_affected", "why": "Far away.", "article": None}
    await funnel.run(sv, owner, tenant, JobKind.DRAFT)
    row = await one(owner, "screenings")
    assert (row["state"], row["gate"], row["reason"]) == ("dropped", "draft", "not_affected")
    assert await owner.fetchval("select detail from verdicts where gate = 'draft'") == "Far away."
    assert await owner.fetchval("select count(*) from drafts") == 0


@pytest.mark.parametrize(
    ("error", "first"), [(BadReply("nonsense"), BadReply), (Misconfigured("no key"), None), (Upstream("529"), Upstream)]
)
async def test_a_draft_that_cannot_be_written_is_tried_again_and_then_failed_visibly(
    sv: Services, llm: Failing, owner: Owner, tenant: TenantId, error: CidError, first: type[CidError] | None
) -> None:
    await at_draft(sv, llm, owner, tenant)
    (job,) = await make.claimed(owner, JobKind.DRAFT, tenant)
    llm.error = error
    if first:
        with pytest.raises(first):
            await write(sv, [job])
        assert (await one(owner, "screenings"))["state"] == "open"
    await write(sv, [replace(job, attempt=MODEL_TRIES)])
    row = await one(owner, "screenings")
    assert (row["state"], row["failure"]) == ("failed", f"draft: {error}")
    assert await owner.fetchval("select error from jobs_dead") == str(error)


async def test_an_answer_with_a_foreign_link_makes_no_draft(
    sv: Services, llm: Failing, owner: Owner, tenant: TenantId
) -> None:
    await at_draft(sv, llm, owner, tenant)
    llm.answer = drafting(body="Go to [prize](https://evil.test).")
    (job,) = await make.claimed(owner, JobKind.DRAFT, tenant)
    with pytest.raises(BadReply):
        await write(sv, [job])
    assert await owner.fetchval("select count(*) from drafts") == 0


async def test_killed_between_the_stored_reply_and_the_commit_nothing_is_paid_again(
    db: AppDb, sv: Services, llm: Failing, owner: Owner, tenant: TenantId, monkeypatch: pytest.MonkeyPatch
) -> None:
    await at_draft(sv, llm, owner, tenant)

    class Counting(Offline):
        name = "anthropic"
        calls = 0

        async def complete(self, wire: Wire) -> Raw:
            Counting.calls += 1
            return await super().complete(wire)

    sv = replace(sv, llm=funnel.router(db, sv.clock, Counting()))
    add_version = drafts.add_version

    async def killed(*_args: object, **_named: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(drafts, "add_version", killed)
    (job,) = await make.claimed(owner, JobKind.DRAFT, tenant)
    with pytest.raises(KeyboardInterrupt):
        await write(sv, [job])
    assert await owner.fetchval("select count(*) from drafts") == 0
    monkeypatch.setattr(drafts, "add_version", add_version)
    await write(sv, [job])
    assert Counting.calls == 1
    assert await owner.fetchval("select count(*) from drafts") == 1
    assert await owner.fetchval("select count(*) from calls where stage = 'draft'") == 1


# ------------------------------------------------------------------------------------------------------------ review


async def written(sv: Services, llm: Failing, owner: Owner, tenant: TenantId) -> Job:
    """A written draft; answers its review job, claimed."""
    await at_draft(sv, llm, owner, tenant)
    llm.answer = drafting(**_whole())
    await funnel.run(sv, owner, tenant, JobKind.DRAFT)
    (job,) = await make.claimed(owner, JobKind.REVIEW, tenant)
    return job


def _whole() -> dict[str, Any]:
    """An article that the rules find nothing wrong with."""
    facts = "The harbour of Norhaven gets three cranes and owners of small boats wait less from now on there."
    table = "| {} |\n| --- | --- | --- |\n| a | b | c |"
    parts = [f"{facts} {facts}", "## A\n\n" + "word " * 300, "## B\n\n- Once\n- Twice"]
    parts += ["## C\n\n" + table.format("d | e | f"), "## D\n\n- one\n- two\n- three"]
    return {
        "body": "\n\n".join(parts),
        "description": "What three cranes in the harbour change for you. " + "x" * 105,
        "questions": [{"question": f"Q{n}?", "answer": "A."} for n in "ab"],
    }


@pytest.mark.parametrize(
    ("says", "outcome", "state"),
    [
        (reviewing(90), "ready_for_approval", "ready"),
        (reviewing(90, "minor"), "ready_for_approval", "ready"),
        (reviewing(84), "needs_admin_review", "held"),
        (reviewing(90, "major"), "needs_admin_review", "held"),
        (reviewing(90, "critical"), "blocked_factual_review", "held"),
    ],
)
async def test_a_review_makes_the_draft_ready_or_holds_it(
    sv: Services, llm: Failing, owner: Owner, tenant: TenantId, says: Says, outcome: str, state: str
) -> None:
    job = await written(sv, llm, owner, tenant)
    llm.answer = says
    await review(sv, [job])
    row = await one(owner, "reviews")
    assert (row["outcome"], (await one(owner, "drafts"))["state"]) == (outcome, state), row["findings"]
    assert await owner.fetchval("select detail from verdicts where gate = 'review'") == outcome


async def test_what_the_rules_find_counts_whatever_the_model_says(
    sv: Services, llm: Failing, owner: Owner, tenant: TenantId
) -> None:
    await at_draft(sv, llm, owner, tenant)
    llm.answer = drafting()
    await funnel.run(sv, owner, tenant, JobKind.DRAFT)
    llm.answer = reviewing(100)
    await funnel.run(sv, owner, tenant, JobKind.REVIEW)
    assert (await one(owner, "reviews"))["outcome"] == "needs_admin_review"
    assert (await one(owner, "drafts"))["state"] == "held"


@pytest.mark.parametrize(
    ("error", "first"), [(BadReply("nonsense"), BadReply), (Upstream("529"), Upstream), (Misconfigured("no key"), None)]
)
async def test_a_review_that_fails_holds_the_draft_with_the_reason(
    sv: Services, llm: Failing, owner: Owner, tenant: TenantId, error: CidError, first: type[CidError] | None
) -> None:
    job = await written(sv, llm, owner, tenant)
    llm.error = error
    if first:
        with pytest.raises(first):
            await review(sv, [job])
        assert (await one(owner, "drafts"))["state"] == "written"
    await review(sv, [replace(job, attempt=MODEL_TRIES)])
    row = await one(owner, "reviews")
    assert (row["outcome"], row["score"], (await one(owner, "drafts"))["state"]) == ("review_failed", None, "held")
    assert str(error) in json.loads(row["findings"])[-1]["what"]


async def test_a_review_without_money_waits_for_it(
    sv: Services, llm: Failing, owner: Owner, tenant: TenantId, clock: FrozenClock
) -> None:
    job = await written(sv, llm, owner, tenant)
    llm.error = Deferred("the budget is used up", until=clock.now())
    with pytest.raises(Deferred):
        await review(sv, [job])
    assert (await one(owner, "drafts"))["state"] == "written"


@pytest.mark.parametrize("when", ["before", "during"])
async def test_a_review_of_a_version_that_is_no_longer_current_changes_nothing(
    sv: Services, llm: Failing, owner: Owner, tenant: TenantId, when: str
) -> None:
    job = await written(sv, llm, owner, tenant)
    draft, version = DraftId(UUID(job.payload["draft"])), VersionId(UUID(job.payload["version"]))

    async def edited() -> None:
        newer = VersionId(uuid4())
        user = UserId(uuid4())
        await owner.execute("insert into users (id, email) values ($1, $2)", user, f"{user}@x.test")
        async with sv.db.tx(tenant) as tx:
            old = await drafts.version(tx, tenant, version)
            assert old
            await drafts.add_version(
                tx, newer, draft, author=Author.PERSON, author_id=user, call=None, provider="",
                article=old.article, payloads=old.payloads, renderer="test",
            )  # fmt: skip
            assert await drafts.replace_version(tx, tenant, draft, version, newer)

    class Slow(FakeLlm):
        async def ask(self, ask: Ask) -> Any:
            await edited()
            return await super().ask(ask)

    if when == "before":
        await edited()
    else:
        sv = replace(sv, llm=Slow(reviewing(90)))
    await review(sv, [job])
    assert await owner.fetchval("select count(*) from reviews") == 0
    assert (await one(owner, "drafts"))["state"] == DraftState.WRITTEN
    assert await owner.fetchval("select count(*) from jobs where kind = 'review'") == 0


# --------------------------------------------------------------------------------------------------- the whole line


async def test_two_tenants_judge_the_same_story_apart(
    db: AppDb, platform: WorkerDb, owner: Owner, sv: Services
) -> None:
    near = await make.tenant(
        platform,
        "near",
        Profile(keywords=("harbour",), geography=("Norhaven",), industry="small boats, cranes, permits"),
    )
    far = await make.tenant(platform, "far", Profile(keywords=("chess",)))
    sv = replace(sv, llm=funnel.router(db, sv.clock, Offline(), models=_offline()))
    story = StoryId(uuid4())
    async with platform.tx() as tx:
        items = [
            await funnel.report(tx, story, publisher=f"P{n}", title="Norhaven harbour gets cranes", summary=SUMMARY)
            for n in range(3)
        ]
    for tenant in (near, far):
        async with db.tx(tenant) as tx:
            await funnel.screening(tx, story, items[0])
        await funnel.run(sv, owner, tenant)
    states = await owner.fetch("select tenant_id, state from screenings")
    assert {row["tenant_id"]: row["state"] for row in states} == {far: "dropped", near: "passed"}
    assert (await one(owner, "drafts"))["tenant_id"] == near
    async with db.read(far) as tx:
        draft = DraftId(await owner.fetchval("select id from drafts"))
        assert await drafts.by_id(tx, near, draft) is None


def _offline() -> Any:
    return funnel.models().with_tiers(cheap="offline/extracts-1", quality="offline/extracts-1")
