"""Versions of prompts: which one counts, who made it live, and what another one would have answered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import uuid4

import pytest

from cid.briefing.vocabulary import SCHEMA as BRIEFING
from cid.cli import frame, main
from cid.domain.errors import Conflict, Deferred, Misconfigured, NotFound, Refused, Upstream
from cid.domain.ids import TenantId
from cid.domain.jobs import JobKind
from cid.domain.llm import Caps, Raw, Stop, Usage, Wire
from cid.domain.tenants import Profile
from cid.flows import calls
from cid.flows import prompts as flow
from cid.flows import trial as trying
from cid.gates import gate2_relevance
from cid.llm.offline import Offline
from cid.llm.prompts import Prompts
from cid.llm.router import Router
from cid.services import Services
from cid.store import trials
from cid.store.trials import Pair, TrialState
from tests import funnel, make
from tests.fakes import FrozenClock

if TYPE_CHECKING:
    import asyncpg

    from cid.pg.pool import AppDb, WorkerDb

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Run = Callable[..., Awaitable[tuple[int, str, str]]]
USAGE = Usage(input=1000, output=100)


class Strict:
    """Stands for Anthropic: scores by the title, and 30 less for a prompt that wants it strict."""

    name = "anthropic"

    def __init__(self) -> None:
        self.asked: list[Wire] = []
        self.fail: list[Exception] = []

    async def complete(self, wire: Wire) -> Raw:
        self.asked.append(wire)
        if self.fail:
            raise self.fail.pop(0)
        less = 30 if "STRICT" in wire.system[0] else 0
        rows = [{"id": id_, "score": int(input_["title"]) - less, "matched": []} for id_, input_ in wire.inputs.items()]
        return Raw(text=json.dumps({"answers": rows}), stop=Stop.END, usage=USAGE, model="served")


@pytest.fixture
def prompts(tmp_path: Path) -> Prompts:
    return Prompts.load(make.prompts(tmp_path))


@pytest.fixture
def provider() -> Strict:
    return Strict()


@pytest.fixture
def sv(db: AppDb, platform: WorkerDb, provider: Strict, prompts: Prompts) -> Services:
    clock = FrozenClock()
    llm = funnel.router(db, clock, provider, Offline(), prompts=prompts)
    return make.services(db, platform, llm=llm, clock=clock, prompts=prompts)


@pytest.fixture
async def tenant(platform: WorkerDb) -> TenantId:
    return await make.tenant(platform)


def router(sv: Services) -> Router:
    assert isinstance(sv.llm, Router)
    return sv.llm


async def asked(sv: Services, tenant: TenantId, *scores: int) -> None:
    """One question of gate 2 about stories that score so."""
    headlines = [
        gate2_relevance.Headline(key=str(uuid4()), title=str(score), summary="S", publisher="P") for score in scores
    ]
    await router(sv).ask(gate2_relevance.ask(tenant, Profile(keywords=("harbour",)), headlines, sv.policy.relevance))


async def versions(owner: Owner) -> list[str]:
    return [row[0] for row in await owner.fetch("select prompt_version from calls order by sent_at, id")]


# -------------------------------------------------------------------------------------------------------------- files


def test_a_candidate_is_passed_over_and_the_newest_other_one_counts(prompts: Prompts) -> None:
    assert prompts["relevance"].version == "v1"
    assert [prompt.candidate for prompt in prompts.versions("relevance")] == [False, True]
    assert prompts.in_force("relevance", {"relevance": "v2"}).version == "v2"
    assert prompts.in_force("draft", {"relevance": "v2"}).version == "v1"


def test_a_version_without_its_file_is_named_and_nothing_stands_in(prompts: Prompts) -> None:
    with pytest.raises(Misconfigured, match=r"relevance/v9\.md"):
        prompts.in_force("relevance", {"relevance": "v9"})


def test_a_name_of_candidates_alone_has_no_version_to_use(prompts: Prompts) -> None:
    alone = Prompts({"relevance": prompts.versions("relevance")[1:]})
    with pytest.raises(Misconfigured, match="make one live"):
        alone["relevance"]


def test_a_mark_that_is_neither_yes_nor_no_is_refused(tmp_path: Path) -> None:
    folder = make.prompts(tmp_path)
    path = folder / "relevance" / "v2.md"
    path.write_text(path.read_text().replace("live: no", "live: perhaps"))
    with pytest.raises(Misconfigured, match="neither yes nor no"):
        Prompts.load(folder)


def test_versions_are_counted_and_not_spelled(tmp_path: Path) -> None:
    folder = make.prompts(tmp_path)
    for number in (9, 10):
        (folder / "relevance" / f"v{number}.md").write_text((folder / "relevance" / "v1.md").read_text())
    assert Prompts.load(folder)["relevance"].version == "v10"


# --------------------------------------------------------------------------------------------------------------- live


async def test_a_version_made_live_is_asked_with_from_the_next_question_on_and_back_again(
    sv: Services, owner: Owner, platform: WorkerDb, tenant: TenantId
) -> None:
    async with platform.tx() as tx:
        user = await make.user(tx, "boss@desk.test")
    await asked(sv, tenant, 70)
    await flow.make_live(sv, user, "relevance", "v2", was="v1")
    await asked(sv, tenant, 71)
    await flow.unpin(sv, user, "relevance", was="v2")
    await asked(sv, tenant, 72)
    assert await versions(owner) == ["v1", "v2", "v1"]
    assert [(c.action, c.who, c.prompt, c.before, c.after) for c in await flow.changes(sv)] == [
        ("prompt.unpinned", "Ed", "relevance", "v2", "v1"),
        ("prompt.pinned", "Ed", "relevance", "v1", "v2"),
    ]


async def test_whoever_comes_second_is_told_and_changes_nothing(sv: Services) -> None:
    await flow.make_live(sv, None, "relevance", "v2", was="v1")
    with pytest.raises(Conflict, match="v2 of relevance is live"):
        await flow.make_live(sv, None, "relevance", "v1", was="v1")
    with pytest.raises(Conflict):
        await flow.unpin(sv, None, "draft", was="v1")
    with pytest.raises(NotFound):
        await flow.make_live(sv, None, "relevance", "v7", was="v2")
    assert len(await flow.changes(sv)) == 1


async def test_of_many_at_once_one_makes_it_live(sv: Services) -> None:
    results = await asyncio.gather(
        *(flow.make_live(sv, None, "relevance", "v2", was="v1") for _ in range(6)), return_exceptions=True
    )
    assert sum(result is None for result in results) == 1
    assert len(await flow.changes(sv)) == 1


async def test_each_version_shows_what_came_of_its_very_bytes(
    sv: Services, owner: Owner, tenant: TenantId, provider: Strict
) -> None:
    provider.fail = [Upstream("down")]
    await asked(sv, tenant, 70)
    await asked(sv, tenant, 71)
    await owner.execute("update calls set repaired_from = id where attempt = 1 and state = 'answered'")
    (shelf,) = [shelf for shelf in await flow.shelves(sv) if shelf.name == "relevance"]
    assert (shelf.live, shelf.pinned, shelf.newest) == ("v1", False, "v1")
    candidate, live = shelf.versions
    assert candidate.figure is None
    assert live.figure
    assert (live.figure.calls, live.figure.failed, live.figure.repairs) == (3, 1, 1)
    assert live.figure.cost == await owner.fetchval("select sum(cost) from calls")
    assert (shelf.since, shelf.before) == (live.figure.first_at, False)
    await owner.execute("update calls set sent_at = sent_at - interval '6 days 23 hours 50 minutes'")
    (shelf,) = [shelf for shelf in await flow.shelves(sv, flow.WEEK) if shelf.name == "relevance"]
    assert (shelf.since, shelf.before) == (None, True)
    await owner.execute("update calls set sent_at = sent_at - interval '1 hour'")
    (shelf,) = [shelf for shelf in await flow.shelves(sv, flow.WEEK) if shelf.name == "relevance"]
    assert (shelf.versions[1].figure, shelf.since, shelf.before) == (None, None, False)
    await owner.execute("update calls set prompt_hash = '\\x00'")
    (shelf,) = [shelf for shelf in await flow.shelves(sv) if shelf.name == "relevance"]
    assert shelf.versions[1].figure is None


async def test_a_pin_whose_file_is_gone_is_shown_with_its_problem(sv: Services, prompts: Prompts) -> None:
    await flow.make_live(sv, None, "relevance", "v2", was="v1")
    gone = replace(sv, prompts=Prompts({"relevance": prompts.versions("relevance")[:1]}))
    (shelf,) = await flow.shelves(gone)
    assert shelf.live == "v2"
    assert "put it back" in shelf.problem
    await flow.unpin(gone, None, "relevance", was="v2")
    assert (await flow.shelves(gone))[0].problem == ""


# -------------------------------------------------------------------------------------------------------------- trials


async def tried(sv: Services, tenant: TenantId, version: str = "v2", last: int = 50) -> tuple[trials.Trial, list[Pair]]:
    id_ = await trying.start(sv, tenant, "relevance", version, last=last, user=None, queued=False)
    done = await trying.ask_all(sv, tenant, id_, lambda _trial: None)
    async with sv.db.read(tenant) as tx:
        return done, await trials.subjects(tx, tenant, id_)


async def test_a_trial_shows_old_and_new_answers_side_by_side_and_sums(
    sv: Services, owner: Owner, tenant: TenantId
) -> None:
    await asked(sv, tenant, 70, 95)
    await asked(sv, tenant, 40)
    done, pairs = await tried(sv, tenant)
    sides = [(p.before_score, p.after_score, p.before_verdict, p.after_verdict, p.shift) for p in pairs]
    assert sides[0] == (70, 40, "passed", "dropped", -30)
    assert sorted(sides[1:]) == [(40, 10, "dropped", "dropped", -30), (95, 65, "passed", "passed", -30)]
    assert (done.state, done.total, done.asked, done.judged, done.changed, done.failed) == ("done", 3, 3, 3, 1, 0)
    assert done.shift == -30
    assert (done.before_calls, done.calls) == (2, 2)
    assert done.before_tokens == done.tokens == 2200
    real = await owner.fetchval("select sum(cost) from calls where stage = 'relevance'")
    assert done.before_cost == done.cost == real


@pytest.mark.parametrize("stage", sorted(trying.SCHEMAS))
def test_what_a_trial_asks_for_is_what_stored_replies_are_read_by(stage: str) -> None:
    assert calls.SCHEMAS[stage] is trying.SCHEMAS[stage]


def test_a_briefing_is_tried_by_its_own_shape_and_told_by_its_findings(sv: Services) -> None:
    assert trying.SCHEMAS["briefing"] is BRIEFING
    answers: list[dict[str, Any]] = [{"key_findings": [{}]}, {"key_findings": [{}, {}]}, {}]
    assert [trying.judged("briefing", answer, {}, sv.policy) for answer in answers] == [
        (None, "1 finding"), (None, "2 findings"), (None, "unreadable"),
    ]  # fmt: skip


async def test_no_answer_of_a_trial_counts_for_the_real_stage(sv: Services, owner: Owner, tenant: TenantId) -> None:
    await asked(sv, tenant, 70)
    before = await owner.fetch("select * from call_subjects order by subject")
    await tried(sv, tenant)
    rows = await owner.fetch("select stage, prompt_version from calls order by sent_at, id")
    assert [tuple(row) for row in rows] == [("relevance", "v1"), ("trial relevance", "v2")]
    assert await owner.fetch("select * from call_subjects where stage = 'relevance' order by subject") == before
    assert await owner.fetchval("select count(*) from verdicts") == 0
    spent = await owner.fetch(
        "select scope, spent from budgets where tenant_id = $1 and scope <> '' order by 1", tenant
    )
    assert [row["scope"] for row in spent] == ["relevance", "trial relevance"]
    # Nor are trials tried again, and a second trial of the same version is paid once.
    done, _pairs = await tried(sv, tenant)
    assert (done.total, done.calls) == (1, 0)


async def test_each_input_is_asked_once_and_no_more_calls_than_wanted(sv: Services, tenant: TenantId) -> None:
    for score in (61, 62, 63):
        await asked(sv, tenant, score)
    _done, pairs = await tried(sv, tenant, last=2)
    assert sorted(pair.before_score or 0 for pair in pairs) == [62, 63]


async def test_a_failure_is_shown_beside_the_answer_it_did_not_give(
    sv: Services, tenant: TenantId, provider: Strict
) -> None:
    await asked(sv, tenant, 70)
    provider.fail = [Upstream("the vendor is down")] * 9
    done, (pair,) = await tried(sv, tenant)
    assert (done.state, done.failed, done.judged) == ("done", 1, 0)
    assert (pair.after, "vendor is down" in pair.error) == (None, True)


async def test_a_trial_stops_at_the_budget_and_says_so(
    sv: Services, tenant: TenantId, db: AppDb, provider: Strict, prompts: Prompts
) -> None:
    await asked(sv, tenant, 70)
    models = replace(funnel.models(), caps=Caps(per_stage={"trial relevance": Decimal(0)}))
    poor = replace(sv, llm=funnel.router(db, FrozenClock(), provider, models=models, prompts=prompts))
    id_ = await trying.start(poor, tenant, "relevance", "v2", last=5, user=None, queued=False)
    with pytest.raises(Deferred):
        await trying.ask_all(poor, tenant, id_, lambda _trial: None)
    ended = await trying.shown(poor, tenant, id_)
    assert ended.state is TrialState.FAILED
    assert "budget" in ended.why


async def test_as_a_job_it_goes_on_in_steps_until_it_is_done(
    sv: Services, owner: Owner, tenant: TenantId, provider: Strict
) -> None:
    for score in range(60, 60 + 2 * trying.AT_ONCE + 1):
        await asked(sv, tenant, score)
    id_ = await trying.start(sv, tenant, "relevance", "v2", last=50, user=None, queued=True)
    provider.fail = [Upstream("down")] * 3
    hand_outs = 0
    while jobs := await make.claimed(owner, JobKind.TRY, tenant):
        hand_outs += 1
        assert (await trying.shown(sv, tenant, id_)).asked <= hand_outs * trying.AT_ONCE
        try:
            await trying.try_(sv, jobs)
        except Upstream:
            await owner.execute("update jobs set state = 'ready', lease = null, worker = null, deadline = null")
            await owner.execute("update breakers set failures = 0, open_until = null")
    done = await trying.shown(sv, tenant, id_)
    assert (done.state, done.asked, done.failed) == ("done", 2 * trying.AT_ONCE + 1, 0)
    assert hand_outs >= 4


async def test_a_trial_that_a_person_stops_asks_no_more(
    sv: Services, owner: Owner, tenant: TenantId, provider: Strict
) -> None:
    await asked(sv, tenant, 70)
    id_ = await trying.start(sv, tenant, "relevance", "v2", last=50, user=None, queued=True)
    with pytest.raises(Conflict):
        await trying.start(sv, tenant, "relevance", "v2", last=50, user=None, queued=True)
    await trying.stop(sv, tenant, id_, None)
    await trying.try_(sv, await make.claimed(owner, JobKind.TRY, tenant))
    assert len(provider.asked) == 1
    assert (await trying.shown(sv, tenant, id_)).why == "stopped by a person"
    with pytest.raises(Conflict):
        await trying.stop(sv, tenant, id_, None)


async def test_what_cannot_be_tried_is_refused(sv: Services, platform: WorkerDb, tenant: TenantId) -> None:
    with pytest.raises(Refused, match="No call of relevance"):
        await tried(sv, tenant)
    with pytest.raises(NotFound):
        await tried(sv, tenant, "v9")
    await asked(sv, tenant, 70)
    with pytest.raises(Refused):
        await tried(sv, tenant, last=0)
    id_ = await trying.start(sv, tenant, "relevance", "v2", last=5, user=None, queued=False)
    other = await make.tenant(platform, "other")
    with pytest.raises(NotFound):
        await trying.shown(sv, other, id_)


async def test_offline_is_tried_too_and_says_that_no_model_was_asked(
    sv: Services, owner: Owner, tenant: TenantId, provider: Strict
) -> None:
    await owner.execute("update tenants set sample = true")
    await asked(sv, tenant, 70)
    done, (pair,) = await tried(sv, tenant)
    assert provider.asked == []
    assert done.offline
    assert pair.shift == 0


@pytest.mark.parametrize(
    ("stage", "value", "told"),
    [
        ("relevance", {"score": 60, "matched": []}, (60, "passed")),
        ("relevance", {"score": 59, "matched": []}, (59, "dropped")),
        ("relevance", {"score": True, "matched": []}, (None, "unreadable")),
        ("review", {"score": 85, "findings": []}, (85, "ready")),
        ("review", {"score": 84, "findings": []}, (84, "held")),
        ("draft", {"skip": "none"}, (None, "written")),
        ("draft", {"skip": "not_affected"}, (None, "not affected")),
        ("draft", {}, (None, "unreadable")),
        ("other", {"score": 1}, (None, "")),
    ],
)
def test_scores_are_judged_at_the_gates_own_threshold(stage: str, value: Any, told: tuple[int | None, str]) -> None:
    assert trying.judged(stage, value, {}, make.policy()) == told


# ------------------------------------------------------------------------------------------------------------ as typed


@pytest.fixture
def run(sv: Services, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    async def typed(*args: str) -> tuple[int, str, str]:
        loop = asyncio.get_running_loop()

        def with_services(_options: frame.Options, body: Callable[[Services], Awaitable[Any]]) -> Any:
            async def done() -> Any:
                return await body(sv)

            return asyncio.run_coroutine_threadsafe(done(), loop).result()

        monkeypatch.setattr(frame, "with_services", with_services)
        monkeypatch.setattr(frame, "without_database", lambda body: with_services(frame.Options(), body))
        code = await asyncio.to_thread(frame.run, main, ["prompts", *args])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return typed


async def test_prompts_as_they_are_typed(sv: Services, tenant: TenantId, run: Run) -> None:
    await asked(sv, tenant, 70)
    code, out, _err = await run("list")
    assert code == 0
    assert "relevance v2" in out
    assert "candidate     no calls" in out
    assert "live          1 calls, $" in out
    code, out, _err = await run("diff", "relevance", "v1", "v2")
    assert code == 1
    assert "+live: no" in out
    assert (await run("diff", "relevance", "v1", "v1"))[:2] == (0, "")
    assert "no version v9" in (await run("diff", "relevance", "v1", "v9"))[2]
    code, out, err = await run("try", "relevance", "v2", "--last", "5")
    assert code == 0
    assert "1 of 1 asked" in err
    assert "verdicts   1 of 1 are others" in out
    assert "70 passed → 40 dropped" in out
    value = json.loads((await run("try", "relevance", "v1", "--json"))[1])
    assert value["subjects"][0]["after_score"] == 70
    assert value["trial"]["state"] == "done"
