"""Questions, money and crashes: what the ledger holds after each, on a real Postgres."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeAlias

import asyncpg
import pytest

from cid.domain.errors import BadReply, Deferred, Misconfigured, Unanswered, Upstream
from cid.domain.ids import TenantId
from cid.domain.llm import Answer, Ask, Caps, Json, Raw, Stop, Subject, Tier, Usage, Wire, cost
from cid.llm import ledger, steps
from cid.llm.ledger import Granted
from cid.llm.models import NO_PACE, Choice
from cid.llm.router import Router
from cid.pg.pool import AppDb, WorkerDb
from tests import funnel, make
from tests.conftest import DatabaseTime
from tests.fakes import FrozenClock

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Script: TypeAlias = Callable[[Wire], Raw | Exception | Awaitable[Raw]]
USAGE = Usage(input=1000, cache_read=200, cache_write=300, output=400, thinking=50)
SCHEMA = {
    "type": "object",
    "properties": {"score": {"type": "integer", "minimum": 0, "maximum": 100}, "say": {"type": "string"}},
    "required": ["score"],
    "additionalProperties": False,
}
HAIKU = "anthropic/claude-haiku-5-5"


def reply(answers: Iterable[Mapping[str, Json]] | str, **over: Any) -> Raw:
    text = answers if isinstance(answers, str) else json.dumps({"answers": list(answers)})
    return Raw(**{"text": text, "stop": Stop.END, "usage": USAGE, "model": "served", "request_id": "r", **over})


def good(wire: Wire, score: int = 70) -> Raw:
    return reply({"id": id_, "score": score} for id_ in wire.inputs)


class Scripted:
    """Stands for Anthropic: answers by a list of functions of the wire, then well."""

    name = "anthropic"

    def __init__(self, *script: Script) -> None:
        self.script = list(script)
        self.asked: list[Wire] = []
        self.reached = asyncio.Event()

    async def complete(self, wire: Wire) -> Raw:
        self.asked.append(wire)
        self.reached.set()
        result = self.script.pop(0)(wire) if self.script else good(wire)
        if isinstance(result, Exception):
            raise result
        return result if isinstance(result, Raw) else await result


def ask(tenant: TenantId, *keys: str, **over: Any) -> Ask:
    values: dict[str, Any] = {
        "tenant": tenant,
        "stage": "relevance",
        "tier": Tier.CHEAP,
        "prompt": "relevance",
        "shared": {"profile": {"language": "en"}},
        "subjects": tuple(Subject(key=key, input={"title": f"title of {key}"}) for key in keys),
        "schema": SCHEMA,
        "max_tokens": 100,
        "timeout_s": 5,
    }
    return Ask(**{**values, **over})


def router(db: AppDb, *script: Script, cap: str = "20", clock: FrozenClock | None = None) -> tuple[Router, Scripted]:
    provider = Scripted(*script)
    models = replace(funnel.models(), caps=Caps(per_day=Decimal(cap)))
    return funnel.router(db, clock or FrozenClock(), provider, models=models), provider


@pytest.fixture
async def tenant(platform: WorkerDb) -> TenantId:
    return await make.tenant(platform)


async def calls(owner: Owner) -> list[tuple[str, str]]:
    return [
        (row["state"], row["stop"]) for row in await owner.fetch("select state, stop from calls order by sent_at, id")
    ]


async def budget(owner: Owner) -> tuple[Decimal, Decimal]:
    """What is set aside and what is spent, and that both follow from the calls to the last digit."""
    row = await owner.fetchrow("""
        select (select coalesce(sum(reserved), 0) from calls where state = 'sent') as reserved,
          (select coalesce(sum(cost), 0) from calls) as spent""")
    assert row
    for where in (
        "tenant_id = '00000000-0000-0000-0000-000000000000'",
        "tenant_id <> '00000000-0000-0000-0000-000000000000' and period = 'month'",
        "tenant_id <> '00000000-0000-0000-0000-000000000000' and period = 'day' and scope = ''",
        "scope <> ''",
    ):
        counted = await owner.fetchrow(
            "select coalesce(sum(reserved), 0) as reserved, coalesce(sum(spent), 0) as spent from budgets"
            f" where {where}"
        )
        assert counted
        assert (counted["reserved"], counted["spent"]) == (row["reserved"], row["spent"]), where
    return row["reserved"], row["spent"]


async def somebody_waits(owner: Owner) -> None:
    """For a lock that `owner` holds."""
    waiting = "select count(*) from pg_locks where not granted and pg_backend_pid() = any (pg_blocking_pids(pid))"
    for _ in range(1000):
        if await owner.fetchval(waiting):
            return
        await asyncio.sleep(0.01)
    pytest.fail("nobody waits")


def scores(answers: Mapping[str, Answer]) -> dict[str, int]:
    return {key: answer.value["score"] for key, answer in answers.items()}


# ------------------------------------------------------------------------------------------------------ answers


async def test_every_subject_gets_its_own_answer_and_the_call_is_on_record(
    db: AppDb, owner: Owner, tenant: TenantId
) -> None:
    desk, _ = router(
        db, lambda wire: reply({"id": id_, "score": n} for n, id_ in enumerate(reversed(list(wire.inputs))))
    )
    answers = await desk.ask(ask(tenant, "x", "y", "z"))
    assert scores(answers) == {"x": 2, "y": 1, "z": 0}
    assert {answer.provider for answer in answers.values()} == {HAIKU}
    row = await owner.fetchrow("select * from calls")
    assert row
    assert (row["state"], row["served"], row["request_id"], row["prompt"]) == ("answered", "served", "r", "relevance")
    assert json.loads(row["reply"])["answers"][0]["id"] == "a3"
    assert row["read_at"]


async def test_the_cost_is_exact(db: AppDb, owner: Owner, tenant: TenantId) -> None:
    desk, _ = router(db)
    await desk.ask(ask(tenant, "x"))
    price = funnel.prices().at(Choice.named(HAIKU), desk.clock.now().date(), 1500)
    assert await owner.fetchval("select cost from calls") == cost(price, USAGE) == Decimal("0.0003395")
    assert await budget(owner) == (Decimal(0), Decimal("0.0003395"))


async def test_an_answer_is_paid_for_once_in_whatever_company(db: AppDb, tenant: TenantId) -> None:
    desk, provider = router(db)
    first = await desk.ask(ask(tenant, "x", "y"))
    second = await desk.ask(ask(tenant, "y", "z"))
    third = await desk.ask(ask(tenant, "z", "x"))
    assert [list(wire.inputs.values()) for wire in provider.asked] == [
        [{"title": "title of x"}, {"title": "title of y"}],
        [{"title": "title of z"}],
    ]
    assert second["y"].call_id == first["y"].call_id
    assert [answer.reused for answer in third.values()] == [True, True]


@pytest.mark.parametrize(
    "change",
    [
        {"shared": {"profile": {"language": "de"}}},
        {"schema": {**SCHEMA, "required": ["score", "say"]}},
        {"subjects": (Subject(key="x", input={"title": "another"}),)},
        {"stage": "other"},
    ],
    ids=["profile", "schema", "input", "stage"],
)
async def test_another_question_is_asked_anew(db: AppDb, tenant: TenantId, change: dict[str, Any]) -> None:
    again = lambda wire: reply({"id": id_, "score": 1, "say": "s"} for id_ in wire.inputs)  # noqa: E731
    desk, provider = router(db, again, again)
    await desk.ask(ask(tenant, "x"))
    await desk.ask(replace(ask(tenant, "x"), **change))
    assert len(provider.asked) == 2


async def test_two_tenants_never_see_each_others_answers(db: AppDb, platform: WorkerDb, tenant: TenantId) -> None:
    other = await make.tenant(platform, "other")
    desk, provider = router(db, lambda wire: good(wire, 11), lambda wire: good(wire, 22))
    assert scores(await desk.ask(ask(tenant, "x"))) == {"x": 11}
    assert scores(await desk.ask(ask(other, "x"))) == {"x": 22}
    assert len(provider.asked) == 2
    async with db.read(other) as tx:
        assert await ledger.stored(tx, tenant, "relevance", {"x": b""}) == {}
        assert await tx.fetchval("select count(*) from calls") == 1


# ------------------------------------------------------------------------------------------------------- bad replies


async def test_only_what_is_missing_is_asked_once_more(db: AppDb, owner: Owner, tenant: TenantId) -> None:
    def half(wire: Wire) -> Raw:
        return reply([{"id": "a1", "score": 5}, {"id": "a2", "score": 500}, {"id": "a9", "score": 1}])

    desk, provider = router(db, half)
    assert scores(await desk.ask(ask(tenant, "x", "y", "z"))) == {"x": 5, "y": 70, "z": 70}
    assert [subject["title"] for subject in provider.asked[1].inputs.values()] == ["title of y", "title of z"]
    assert "a1: score breaks the rule maximum; a2: not answered" in provider.asked[1].instruction
    assert [row["attempt"] for row in await owner.fetch("select attempt from calls order by attempt")] == [1, 2]


async def test_what_stays_missing_is_absent_and_never_invented(db: AppDb, tenant: TenantId) -> None:
    only_first = lambda _wire: reply([{"id": "a1", "score": 5}])  # noqa: E731
    desk, provider = router(db, only_first, lambda _wire: reply([]))
    assert scores(await desk.ask(ask(tenant, "x", "y"))) == {"x": 5}
    assert len(provider.asked) == 2


async def test_an_id_answered_twice_is_not_answered(db: AppDb, tenant: TenantId) -> None:
    twice = lambda _wire: reply([{"id": "a1", "score": 5}, {"id": "a1", "score": 95}, {"id": "a2", "score": 6}])  # noqa: E731
    desk, provider = router(db, twice)
    assert scores(await desk.ask(ask(tenant, "x", "y"))) == {"x": 70, "y": 6}
    assert list(provider.asked[1].inputs) == ["a1"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I would say 70.",
        "[]",
        "null",
        '{"answers": 5}',
        '{"answers": [{"id": "a1", "score": NaN}]}',
        '{"answers": [{"id": "a1", "score": 1e999}]}',
        '{"answers": [{"id": "a1", "score": "70"}]}',
        '{"answers": [{"id": "a1", "score": 70, "extra": 1}]}',
        "[" * 50_000,
        json.dumps({"answers": [], "pad": "x" * 1_100_000}),
    ],
)
async def test_nonsense_is_repaired_once_and_then_named(db: AppDb, owner: Owner, tenant: TenantId, text: str) -> None:
    desk, provider = router(db, lambda _wire: reply(text), lambda _wire: reply(text))
    with pytest.raises(BadReply):
        await desk.ask(ask(tenant, "x"))
    assert len(provider.asked) == 2
    assert await calls(owner) == [("answered", "end")] * 2
    await budget(owner)


@pytest.mark.parametrize("odd", ["\\u0000", "\\ud800", "\\udc00\\u0000"])
@pytest.mark.parametrize("spelt", [True, False], ids=["spelt", "plain"])
async def test_what_no_column_holds_is_left_out_of_answer_and_reply(
    db: AppDb, owner: Owner, tenant: TenantId, odd: str, spelt: bool
) -> None:
    said = odd if spelt else json.loads(f'"{odd}"').replace("\0", "")
    desk, _ = router(db, lambda _wire: reply(f'{{"answers": [{{"id": "a1", "score": 7, "say": "a{said}b"}}]}}'))
    for reused in (False, True):
        answer = (await desk.ask(ask(tenant, "x")))["x"]
        assert (answer.value, answer.reused) == ({"score": 7, "say": "ab"}, reused)
    assert await calls(owner) == [("answered", "end")]


async def test_a_failure_is_on_record_whatever_characters_name_it(db: AppDb, owner: Owner, tenant: TenantId) -> None:
    desk, _ = router(db, lambda _wire: BadReply("a\0bc"))
    with pytest.raises(BadReply):
        await desk.ask(ask(tenant, "x"))
    assert await owner.fetchval("select error from calls where state = 'failed'") == "abc"
    assert await budget(owner) == (Decimal(0), Decimal(0))


async def test_an_address_that_was_not_given_makes_an_answer_invalid(db: AppDb, tenant: TenantId) -> None:
    def linking(wire: Wire) -> Raw:
        return reply(
            [{"id": "a1", "score": 1, "say": "see https://good.test"}, {"id": "a2", "score": 1, "say": "www.evil.test"}]
        )

    desk, provider = router(db, linking)
    answers = await desk.ask(ask(tenant, "x", "y", addresses=("https://good.test",)))
    assert answers["x"].value["say"] == "see https://good.test"
    assert "say" not in answers["y"].value
    assert "holds an address that was not given" in provider.asked[1].instruction


async def test_a_reply_that_was_cut_is_never_parsed_and_gets_twice_the_room_once(
    db: AppDb, owner: Owner, tenant: TenantId
) -> None:
    cut = lambda wire: replace(good(wire), stop=Stop.LENGTH)  # noqa: E731
    desk, provider = router(db, cut, cut)
    with pytest.raises(BadReply, match="token ceiling"):
        await desk.ask(ask(tenant, "x"))
    assert [wire.max_tokens for wire in provider.asked] == [100, 200]
    assert await calls(owner) == [("answered", "length")] * 2
    assert (await budget(owner))[1] > 0
    assert await owner.fetchval("select count(*) from call_subjects") == 0
    assert scores(await desk.ask(ask(tenant, "x"))) == {"x": 70}, "nor read by whoever asks next"
    assert len(provider.asked) == 3


async def test_a_refusal_is_named_with_its_category_and_paid(db: AppDb, owner: Owner, tenant: TenantId) -> None:
    desk, _ = router(db, lambda _wire: reply("", stop=Stop.REFUSAL, detail="cyber"))
    with pytest.raises(BadReply, match="cyber"):
        await desk.ask(ask(tenant, "x"))
    assert await calls(owner) == [("answered", "refusal")]
    assert await owner.fetchval("select error from calls") == "cyber"
    assert (await budget(owner))[1] > 0


# --------------------------------------------------------------------------------------------------------- failures


async def test_an_outage_costs_nothing_and_is_raised_as_it_is(db: AppDb, owner: Owner, tenant: TenantId) -> None:
    down = lambda _wire: Upstream("529")  # noqa: E731
    desk, provider = router(db, down, down, down)
    with pytest.raises(Upstream, match="529"):
        await desk.ask(ask(tenant, "x"))
    assert len(provider.asked) == steps.TRIES
    assert await calls(owner) == [("failed", "")] * steps.TRIES
    assert await budget(owner) == (Decimal(0), Decimal(0))


@pytest.mark.parametrize("silent", [True, False], ids=["never", "cut"])
async def test_a_call_without_an_answer_counts_as_spent_and_is_sent_twice_at_most(
    db: AppDb, owner: Owner, tenant: TenantId, silent: bool
) -> None:
    never = lambda _wire: asyncio.get_running_loop().create_future()  # noqa: E731
    cut = lambda _wire: Unanswered("connection reset")  # noqa: E731
    desk, provider = router(db, *[never if silent else cut] * 3)
    with pytest.raises(Unanswered):
        await desk.ask(ask(tenant, "x", timeout_s=0.05))
    rows = await owner.fetch("select state, cost, reserved from calls")
    assert [row["state"] for row in rows] == ["ambiguous"] * len(provider.asked) == ["ambiguous"] * steps.SENDS
    assert all(row["cost"] == row["reserved"] > 0 for row in rows)
    await budget(owner)


async def test_without_a_price_nothing_is_sent(db: AppDb, owner: Owner, tenant: TenantId) -> None:
    desk, provider = router(db)
    desk.models = desk.models.with_tiers(cheap="anthropic/claude-of-tomorrow")
    with pytest.raises(Misconfigured, match="price"):
        await desk.ask(ask(tenant, "x"))
    assert provider.asked == []
    assert await calls(owner) == []


async def test_what_offline_said_never_stands_for_a_models_answer(db: AppDb, tenant: TenantId) -> None:
    """A desk that is switched from offline to a model asks the model, also about what offline has judged."""
    first = Scripted()
    first.name = "offline"
    models = funnel.models().with_tiers(cheap="offline/extracts-1")
    await funnel.router(db, FrozenClock(), first, models=models).ask(ask(tenant, "one"))
    second, provider = router(db, lambda wire: good(wire, 12))
    assert scores(await second.ask(ask(tenant, "one"))) == {"one": 12}
    assert len(provider.asked) == 1


async def test_a_sample_tenant_is_answered_offline_and_never_by_a_model(
    db: AppDb, platform: WorkerDb, owner: Owner, tenant: TenantId
) -> None:
    async with platform.tx() as tx:
        await tx.execute("update tenants set sample = true where id = $1", tenant)
    desk, provider = router(db)
    with pytest.raises(Misconfigured, match="no provider offline"):
        await desk.ask(ask(tenant, "x"))
    assert provider.asked == []
    assert await calls(owner) == []


# ------------------------------------------------------------------------------------------------------------ crashes


async def test_a_stored_reply_that_nobody_read_is_never_paid_again(
    db: AppDb, owner: Owner, tenant: TenantId, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, provider = router(db)
    keep = ledger.keep

    async def killed(*_args: object, **_named: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ledger, "keep", killed)
    with pytest.raises(KeyboardInterrupt):
        await desk.ask(ask(tenant, "x", "y"))
    assert await calls(owner) == [("answered", "end")]
    monkeypatch.setattr(ledger, "keep", keep)

    assert scores(await desk.ask(ask(tenant, "y", "new"))) == {"y": 70, "new": 70}
    assert scores(await desk.ask(ask(tenant, "x"))) == {"x": 70}
    assert [len(wire.inputs) for wire in provider.asked] == [2, 1]


async def test_calls_of_two_days_are_swept_while_another_call_is_reserved(
    db: AppDb, platform: WorkerDb, owner: Owner, tenant: TenantId, database_time: DatabaseTime
) -> None:
    for key in ("yesterday", "today"):
        answer: asyncio.Future[Raw] = asyncio.get_running_loop().create_future()
        desk, provider = router(db, lambda _wire, answer=answer: answer)  # type: ignore[misc]  # of the loop
        cut = asyncio.create_task(desk.ask(ask(tenant, key, timeout_s=30)))
        await provider.reached.wait()
        cut.cancel()
        await asyncio.wait([cut])
        await database_time.advance(timedelta(days=1))
    today = await owner.fetchval("select max(starts) from budgets where period = 'day'")

    async def sweep() -> int:
        async with platform.tx() as tx:
            return await ledger.sweep(tx)

    async with asyncio.TaskGroup() as together:
        async with owner.transaction():  # as `reserve_call`: the platform's row of the day, then the tenant's month
            await owner.execute("select from budgets where tenant_id <> $1 and starts = $2 for update", tenant, today)
            sweeping = together.create_task(sweep())
            await somebody_waits(owner)
            await owner.execute("select from budgets where tenant_id = $1 and period = 'month' for update", tenant)
        assert await sweeping == 2


async def test_a_call_cut_between_send_and_reply_is_swept_and_a_late_reply_corrects_it(
    db: AppDb, platform: WorkerDb, owner: Owner, tenant: TenantId, database_time: DatabaseTime
) -> None:
    answer: asyncio.Future[Raw] = asyncio.get_running_loop().create_future()
    desk, provider = router(db, lambda _wire: answer)
    async with asyncio.TaskGroup() as group:
        asked = group.create_task(desk.ask(ask(tenant, "x", timeout_s=30)))
        await provider.reached.wait()
        async with platform.tx() as tx:
            assert await ledger.sweep(tx) == 0, "somebody may still wait for it"
        await database_time.advance(timedelta(seconds=30 + ledger.GRACE_S + 1))
        async with platform.tx() as tx:
            assert await ledger.sweep(tx) == 1
            assert await ledger.sweep(tx) == 0
        assert await calls(owner) == [("ambiguous", "")]
        reserved, spent = await budget(owner)
        assert reserved == 0 < spent
        answer.set_result(good(provider.asked[0]))
    assert scores(asked.result()) == {"x": 70}
    assert await budget(owner) == (Decimal(0), Decimal("0.0003395"))


# ------------------------------------------------------------------------------------------------------------- budgets


async def test_an_exhausted_budget_waits_for_the_next_day(db: AppDb, owner: Owner, tenant: TenantId) -> None:
    desk, provider = router(db, cap="0.0001")
    with pytest.raises(Deferred, match="budget") as caught:
        await desk.ask(ask(tenant, "x"))
    until, now = caught.value.until, desk.clock.now()
    assert timedelta(0) < until - now <= timedelta(days=1)
    assert (until.hour, until.minute, until.utcoffset()) == (0, 0, timedelta(0))
    assert provider.asked == []
    assert await calls(owner) == []


async def test_twenty_at_once_never_overshoot_the_cap(db: AppDb, platform: WorkerDb, owner: Owner) -> None:
    tenant = await make.tenant(platform)
    gate = asyncio.Event()

    async def slow(wire: Wire) -> Raw:
        await gate.wait()
        return good(wire)

    probe, _ = router(db)
    await probe.ask(ask(tenant, "probe"))
    one = await owner.fetchval("select max(reserved) from calls")
    spent = await owner.fetchval("select spent from budgets where scope <> ''")
    cap = spent + one * 7 + one / 2
    desk, provider = router(db, *[slow] * 20, cap=str(cap))
    asks = [asyncio.ensure_future(desk.ask(ask(tenant, f"s{number:03}"))) for number in range(20)]
    for refused in itertools.islice(asyncio.as_completed(asks), 13):
        with pytest.raises(Deferred):
            await refused
    reserved, spent = await budget(owner)
    assert spent + reserved <= cap
    gate.set()
    results = await asyncio.gather(*asks, return_exceptions=True)
    assert sum(isinstance(result, Deferred) for result in results) == 13
    assert len(provider.asked) == 7
    reserved, spent = await budget(owner)
    assert reserved == 0
    assert spent <= cap


async def test_what_costs_nothing_is_never_refused(db: AppDb, owner: Owner, tenant: TenantId) -> None:
    async def reserved(most: str, cap: int) -> Granted:
        async with db.tx(tenant) as tx:
            caps = Caps(per_day=Decimal(cap))
            grant = await ledger.reserve(
                tx, tenant, "s", Choice.named(HAIKU), Decimal(most), caps=caps, pace=NO_PACE, tokens=1, probe_s=1
            )
            return grant.outcome

    assert await reserved("5", 5) is Granted.GRANTED
    assert await reserved("0.000000000001", 5) is Granted.OVER
    assert await reserved("0", 5) is Granted.GRANTED
    assert await reserved("1", 6) is Granted.GRANTED, "a raised cap counts at once"
    assert await owner.fetchval("select reserved from budgets where period = 'day' and scope = 's'") == 6
