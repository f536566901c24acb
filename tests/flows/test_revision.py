"""Gate 5 from the first round to the second: every status, the one revision, and what becomes of one that fails."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from cid.domain.draft import Article, DraftState, Question, Reference, article_from
from cid.domain.errors import BadReply, CidError, Deferred, LostLease, Misconfigured, Upstream
from cid.domain.evidence import Claim, EvidenceState, Pack
from cid.domain.ids import DraftId
from cid.domain.jobs import Job, JobKind, NewJob
from cid.domain.llm import Ask, Json, Subject
from cid.domain.policy import MODEL_TRIES
from cid.flows import decide
from cid.flows.review import review
from cid.pg.pool import AppDb, WorkerDb
from cid.queue import jobs as queue
from cid.store import evidence, switches
from tests import make
from tests.fakes import FakeLlm
from tests.press import Press, press

URL = "https://news.test/1"
FACTS = "The harbour of Norhaven gets three cranes and owners of small boats wait less from now on there."
WRONG = "Nobody pays for a permit any more."
TABLE = "| a | b | c |\n| --- | --- | --- |\n| d | e | f |"
BODY = "\n\n".join(
    [
        FACTS,
        "## A\n\n" + WRONG + " " + "word " * 300,
        "## B\n\n" + TABLE,
        "## C\n\n1. One\n2. Two",
        "## D\n\n" + TABLE,
        "## E\n\n- one\n- two\n- three",
    ]
)
ARTICLE = Article(
    title="Three cranes for Norhaven",
    slug="three-cranes",
    description="What three cranes in the harbour change for owners of small boats.",
    body=BODY,
    questions=tuple(Question(question=f"Q{n}?", answer="A.") for n in "abcde"),
    references=(Reference(title="Cranes", url=URL),),
    linkedin="Three cranes.",
    angle="local impact",
)
SAID = "Norhaven has three new harbour cranes. Boat owners, small ones too, now wait less than they did."
CLAIM = Claim(text=SAID, item_id="", url=URL, title="Cranes", publisher="P")
PACK = Pack(claims=(CLAIM,), references=(("Cranes", URL),), state=EvidenceState.REPORTS)
FIX = {"field": "body", "number": 0, "old": WRONG, "new": "A permit costs less."}


def opinion(score: int, *severities: str, where: str = WRONG) -> Mapping[str, Json]:
    row = {"category": "factual_risk", "field": "body", "where": where, "what": "No claim says so.", "fix": "Cut it."}
    return {"score": score, "findings": [{**row, "severity": one} for one in severities]}


@dataclass
class Script(FakeLlm):
    """Answers each review and each revision in turn; the last of each from then on. An error is raised."""

    reviews: list[Any] = field(default_factory=list)
    revisions: list[Any] = field(default_factory=list)
    meanwhile: Callable[[Ask], Awaitable[None]] | None = None

    def __post_init__(self) -> None:
        super().__init__(lambda _ask, _subject: None)

    async def ask(self, ask: Ask) -> Any:
        if self.meanwhile:
            await self.meanwhile(ask)
        line = {"review": self.reviews, "revise": self.revisions}[ask.stage]
        said = line.pop(0) if len(line) > 1 else line[0]
        if isinstance(said, CidError):
            self.asked.append(ask)
            raise said
        self.answer: Callable[[Ask, Subject], Mapping[str, Json] | None] = lambda _ask, _subject: said
        return await super().ask(ask)

    def stages(self) -> list[str]:
        return [ask.stage for ask in self.asked]


@dataclass
class Desk:
    press: Press
    llm: Script
    owner: Any
    draft: DraftId

    async def work(self, **over: Any) -> None:
        """Until no review is waiting."""
        while jobs := await self.press.jobs(JobKind.REVIEW):
            for job in jobs:
                await review(self.press.sv, [replace(job, **over)])

    async def state(self) -> DraftState:
        return (await self.press.seen(self.draft)).state

    async def reviews(self) -> list[Any]:
        return list(await self.owner.fetch("select * from reviews order by made_at, round"))

    async def article(self) -> Article:
        return article_from((await self.press.version(self.draft)).article)

    async def switch(self, *, on: bool) -> None:
        async with self.press.sv.platform.tx() as tx:
            await switches.set_auto_revision(tx, on=on, user=None)


@pytest.fixture
async def desk(db: AppDb, platform: WorkerDb, owner: Any) -> Desk:
    """A draft that the checks find nothing wrong with; its review is waiting."""
    made, llm = await press(db, platform, owner), Script()
    made = replace(made, sv=replace(made.sv, llm=llm, policy=make.policy()))
    await made.channel("site", canonical=True)
    draft = await made.draft(DraftState.WRITTEN, ARTICLE, provider="anthropic/x")
    seen = await made.seen(draft)
    async with made.sv.db.tx(made.tenant) as tx:
        await evidence.add(tx, uuid4(), seen.screening_id, PACK)
        payload = {"draft": str(draft), "version": str(seen.current_version_id)}
        await queue.enqueue(tx, NewJob(kind=JobKind.REVIEW, tenant=made.tenant, payload=payload))
    return Desk(made, llm, owner, draft)


# ------------------------------------------------------------------------------------------------------------ statuses


@pytest.mark.parametrize(
    ("first", "second", "statuses", "state"),
    [
        (opinion(85), None, ["ready_for_approval"], "ready"),
        (opinion(69, "major"), None, ["needs_admin_review"], "held"),
        (opinion(95, "critical"), None, ["blocked_factual_review"], "held"),
        (opinion(84, "minor"), opinion(85), ["needs_admin_review", "auto_revised"], "ready"),
        (opinion(70, "major"), opinion(90, "minor"), ["needs_admin_review", "auto_revised"], "ready"),
        (opinion(95, "major"), opinion(84, "minor"), ["needs_admin_review", "needs_admin_review"], "held"),
        (opinion(80, "major"), opinion(40, "major"), ["needs_admin_review", "needs_admin_review"], "held"),
        (opinion(80, "major"), opinion(90, "critical"), ["needs_admin_review", "blocked_factual_review"], "held"),
        (opinion(80, "major"), Misconfigured("no key"), ["needs_admin_review", "review_failed"], "held"),
        (Misconfigured("no key"), None, ["review_failed"], "held"),
    ],
)
async def test_every_status_is_reached_and_a_due_revision_is_none_of_them(
    desk: Desk, first: Any, second: Any, statuses: list[str], state: str
) -> None:
    desk.llm.reviews = [first, second]
    desk.llm.revisions = [{"edits": [FIX]}]
    await desk.work()
    rows = await desk.reviews()
    assert [row["outcome"] for row in rows] == statuses
    assert [(row["round"], row["kind"]) for row in rows] == [(1, "review"), (2, "auto_fix")][: len(rows)]
    assert await desk.state() == state
    assert desk.llm.stages().count("revise") == len(statuses) - 1
    details = {row["detail"] for row in await desk.owner.fetch("select detail from verdicts where reason = 'reviewed'")}
    assert details == set(statuses)


async def test_a_revision_is_a_version_of_the_machine_that_differs_in_what_was_found_and_nowhere_else(
    desk: Desk,
) -> None:
    desk.llm.reviews, desk.llm.revisions = [opinion(80, "major"), opinion(92)], [{"edits": [FIX]}]
    await desk.work()
    assert await desk.article() == replace(ARTICLE, body=BODY.replace(WRONG, "A permit costs less."))
    version = await desk.press.version(desk.draft)
    assert (version.number, version.author, version.revises is not None) == (2, "machine", True)
    (_first, second) = await desk.reviews()
    (change,) = json.loads(second["changes"])
    assert change["field"] == "body"
    assert (WRONG in change["before"], WRONG in change["after"]) == (True, False)
    said = await desk.owner.fetch("select reason, detail, signals from verdicts where gate = 'review' order by at")
    assert sorted(row["reason"] for row in said) == ["reviewed", "reviewed", "revised"]
    assert [row["detail"] for row in said if row["reason"] == "revised"] == ["body (1)"]
    assert sorted(json.loads(row["signals"])["round"] for row in said if row["reason"] == "reviewed") == [1, 2]


async def test_a_review_that_fails_goes_to_a_person_whatever_the_industry(desk: Desk) -> None:
    profile = """insert into profiles (tenant_id, body) values ($1, $2)
                 on conflict (tenant_id) do update set body = excluded.body"""
    await desk.owner.execute(profile, desk.press.tenant, json.dumps({"industry": "gardening"}))
    desk.llm.reviews = [Misconfigured("no key")]
    await desk.work()
    assert await desk.state() is DraftState.HELD


# ------------------------------------------------------------------------------------------------ a revision that fails


@pytest.mark.parametrize(
    "said",
    [
        BadReply("nonsense"),
        Misconfigured("no key for quality"),
        {"edits": []},
        {"edits": [{**FIX, "old": "words that stand nowhere"}]},
        {"edits": [{**FIX, "old": "word"}]},
        {"edits": [FIX, {**FIX, "field": "title", "old": "Three", "new": "Four"}]},
        {"edits": [{**FIX, "new": "See [this](https://else.test/x)."}]},
        {"edits": [{**FIX, "number": 3}]},
        {"edits": "none"},
        {},
    ],
    ids=str,
)
async def test_a_revision_that_fails_leaves_the_draft_as_it_was_for_a_person(desk: Desk, said: Any) -> None:
    before = await desk.press.version(desk.draft)
    desk.llm.reviews, desk.llm.revisions = [opinion(80, "major")], [said]
    await desk.work()
    assert await desk.press.version(desk.draft) == before
    (row,) = await desk.reviews()
    assert (row["outcome"], row["score"], await desk.state()) == ("needs_admin_review", 80, "held")
    last = json.loads(row["findings"])[-1]
    assert (last["where"], last["what"].startswith("The machine tried to revise it and failed")) == ("revision", True)


async def test_a_model_that_is_out_is_tried_again_and_then_a_person_gets_the_draft(desk: Desk) -> None:
    desk.llm.reviews, desk.llm.revisions = [opinion(80, "major")], [Upstream("529")]
    (job,) = await desk.press.jobs(JobKind.REVIEW)
    with pytest.raises(Upstream):
        await review(desk.press.sv, [job])
    assert (await desk.state(), await desk.reviews()) == (DraftState.WRITTEN, [])
    await review(desk.press.sv, [replace(job, attempt=MODEL_TRIES)])
    assert [row["outcome"] for row in await desk.reviews()] == ["needs_admin_review"]


async def test_a_revision_without_money_waits_for_it(desk: Desk) -> None:
    desk.llm.reviews = [opinion(80, "major")]
    desk.llm.revisions = [Deferred("the budget is used up", until=desk.press.sv.clock.now())]
    with pytest.raises(Deferred):
        await desk.work()
    assert (await desk.state(), await desk.reviews()) == (DraftState.WRITTEN, [])


async def test_what_edits_cannot_mend_costs_no_revision(desk: Desk) -> None:
    row = {"severity": "major", "category": "style", "field": "linkedin", "where": "x", "what": "x", "fix": ""}
    desk.llm.reviews = [{"score": 80, "findings": [row]}]
    await desk.work()
    assert desk.llm.stages() == ["review"]
    assert await desk.state() is DraftState.HELD


# ------------------------------------------------------------------------------------------------------ crashes, people


async def test_a_job_that_dies_or_runs_twice_at_any_point_makes_one_revision_and_two_reviews(desk: Desk) -> None:
    desk.llm.reviews, desk.llm.revisions = [opinion(80, "major")], [{"edits": [FIX]}]
    (job,) = await desk.press.jobs(JobKind.REVIEW)
    with pytest.raises(LostLease):
        await review(desk.press.sv, [replace(job, lease=job.lease + 1)])
    assert (await desk.state(), await desk.reviews()) == (DraftState.WRITTEN, [])
    await review(desk.press.sv, [job])
    (second,) = await desk.press.jobs(JobKind.REVIEW)
    assert UUID(second.payload["version"]) == (await desk.press.version(desk.draft)).id
    await _again(desk, job)
    desk.llm.reviews = [opinion(90)]
    with pytest.raises(LostLease):
        await review(desk.press.sv, [replace(second, lease=second.lease + 1)])
    await review(desk.press.sv, [second])
    await _again(desk, second)
    assert [row["outcome"] for row in await desk.reviews()] == ["needs_admin_review", "auto_revised"]
    assert await desk.owner.fetchval("select count(*) from versions") == 2
    assert await desk.owner.fetchval("select count(*) from jobs where kind = 'review'") == 0


async def _again(desk: Desk, job: Job) -> None:
    """The same hand-out once more: its lease is gone, and nothing is left to do about its version."""
    asked = len(desk.llm.asked)
    with pytest.raises(LostLease):
        await review(desk.press.sv, [job])
    assert len(desk.llm.asked) == asked


async def test_a_person_who_edits_meanwhile_wins_and_what_a_person_wrote_is_not_revised(desk: Desk) -> None:
    async def edited(ask: Ask) -> None:
        if ask.stage == "revise":
            version = (await desk.press.version(desk.draft)).id
            await decide.edit(desk.press.sv, desk.press.actor, desk.draft, version, replace(ARTICLE, title="Mine"))

    desk.llm.reviews, desk.llm.revisions, desk.llm.meanwhile = [opinion(80, "major")], [{"edits": [FIX]}], edited
    (job,) = await desk.press.jobs(JobKind.REVIEW)
    await review(desk.press.sv, [job])
    assert (await desk.article()).title == "Mine"
    assert await desk.reviews() == []
    await desk.work()
    assert desk.llm.stages() == ["review", "revise", "review"]
    assert [(row["outcome"], row["round"]) for row in await desk.reviews()] == [("needs_admin_review", 1)]


async def test_a_draft_is_never_revised_a_second_time(desk: Desk) -> None:
    desk.llm.reviews, desk.llm.revisions = [opinion(80, "major")], [{"edits": [FIX]}]
    await desk.work()
    assert desk.llm.stages() == ["review", "revise", "review"]
    assert [row["outcome"] for row in await desk.reviews()] == ["needs_admin_review"] * 2


# ------------------------------------------------------------------------------------------------------------- switches


async def test_auto_revision_is_switched_off_and_on_without_a_restart(desk: Desk) -> None:
    await desk.switch(on=False)
    desk.llm.reviews, desk.llm.revisions = [opinion(80, "major"), opinion(92)], [{"edits": [FIX]}]
    (job,) = await desk.press.jobs(JobKind.REVIEW)
    await review(desk.press.sv, [job])
    assert desk.llm.stages() == ["review"]
    assert await desk.state() is DraftState.HELD
    signals = await desk.owner.fetchval("select signals from verdicts where gate = 'review'")
    assert json.loads(signals)["revision"] == "automatic revision is switched off"

    await desk.switch(on=True)
    second = replace(desk, draft=await _another(desk))
    desk.llm.reviews = [opinion(80, "major"), opinion(92)]
    await second.work()
    assert desk.llm.stages() == ["review", "review", "revise", "review"]
    assert await second.state() is DraftState.READY


async def _another(desk: Desk) -> DraftId:
    draft = await desk.press.draft(DraftState.WRITTEN, replace(ARTICLE, title="Another"), provider="anthropic/x")
    seen = await desk.press.seen(draft)
    async with desk.press.sv.db.tx(desk.press.tenant) as tx:
        await evidence.add(tx, uuid4(), seen.screening_id, PACK)
        payload = {"draft": str(draft), "version": str(seen.current_version_id)}
        await queue.enqueue(tx, NewJob(kind=JobKind.REVIEW, tenant=desk.press.tenant, payload=payload))
    return draft


async def test_the_switch_is_read_after_the_review_and_before_the_revision(desk: Desk) -> None:
    async def switched(ask: Ask) -> None:
        if ask.stage == "review":
            await desk.switch(on=False)

    desk.llm.reviews, desk.llm.revisions, desk.llm.meanwhile = [opinion(80, "major")], [{"edits": [FIX]}], switched
    await desk.work()
    assert desk.llm.stages() == ["review"]


async def test_with_gate_5_off_a_draft_is_held_unread_and_says_so(desk: Desk) -> None:
    off = replace(desk, press=replace(desk.press, sv=replace(desk.press.sv, gate5=False)))
    await off.work()
    assert desk.llm.asked == []
    (row,) = await desk.reviews()
    assert (row["outcome"], row["score"], await desk.state()) == ("needs_admin_review", None, "held")
    assert "CID_GATE5=off" in json.loads(row["findings"])[0]["what"]
