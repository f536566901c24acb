"""Who is asked when one cannot answer, and what all processes together keep to: on a real Postgres."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

import asyncpg
import pytest

from cid.domain.errors import BadReply, Deferred, Misconfigured, Spent, Unanswered, Upstream
from cid.domain.ids import PLATFORM, TenantId
from cid.domain.llm import Ask, Caps, Price, Raw, Stop, Tier, Wire
from cid.llm.models import Choice, Pace, Prices, Row, Traits
from cid.llm.router import Router
from cid.pg.pool import AppDb, WorkerDb
from tests import funnel, make
from tests.conftest import DatabaseTime
from tests.fakes import FrozenClock
from tests.store.test_router import Scripted, ask, good, reply, scores, somebody_waits

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
ONE = Decimal(1)
PRICE = Price(input=ONE, output=ONE, cache_read=ONE, cache_write=ONE, cache_write_1h=ONE)
FIRST, SECOND = Choice("first", "m"), Choice("second", "m")


class Desk:
    """A router over two scripted providers, and what it waited for."""

    def __init__(self, db: AppDb, *, caps: Caps | None = None, pace: Pace | None = None, **over: Any) -> None:
        self.first, self.second = Scripted(), Scripted()
        self.first.name, self.second.name = "first", "second"
        self.db = db
        self.waited: list[float] = []
        self.router = Router(
            db,
            FrozenClock(),
            models=replace(
                funnel.models(),
                tiers=dict.fromkeys(Tier, (FIRST, SECOND)),
                caps=caps or Caps(),
                paces={"first": pace} if pace else {},
                **over,
            ),
            prices=Prices(
                tuple(Row(model=str(c), valid_from=date(2020, 1, 1), above=0, price=PRICE) for c in (FIRST, SECOND))
            ),
            prompts=funnel.prompts(),
            providers=[self.first, self.second],
            sleep=self._sleep,
            chance=lambda: 0.5,
        )
        self.ask = self.router.ask

    async def _sleep(self, seconds: float) -> None:
        self.waited.append(seconds)

    @property
    def sent(self) -> tuple[int, int]:
        return len(self.first.asked), len(self.second.asked)


@pytest.fixture
async def tenant(platform: WorkerDb) -> TenantId:
    return await make.tenant(platform)


@pytest.fixture
def desk(db: AppDb) -> Desk:
    return Desk(db)


def fails(error: Exception) -> Callable[[Wire], Exception]:
    return lambda _wire: error


async def rows(owner: Owner) -> list[tuple[str, str, str]]:
    found = await owner.fetch("select provider, state, instead_of from calls order by sent_at, id")
    return [(row["provider"], row["state"], row["instead_of"]) for row in found]


# --------------------------------------------------------------------------------------------------------------- chain


async def test_the_next_model_answers_for_one_that_refuses_and_the_ledger_says_why(
    desk: Desk, owner: Owner, tenant: TenantId
) -> None:
    desk.first.script = [lambda _wire: reply("", stop=Stop.REFUSAL, detail="cyber")]
    answers = await desk.ask(ask(tenant, "x"))
    assert answers["x"].provider == "second/m"
    assert desk.sent == (1, 1), "the same model would refuse again"
    assert await rows(owner) == [
        ("first", "answered", ""),
        ("second", "answered", "first/m: the model refused (cyber)"),
    ]


@pytest.mark.parametrize(
    ("error", "sent"),
    [(Spent("402"), 1), (Misconfigured("401"), 1), (Upstream("529"), 3), (Unanswered("reset"), 2)],
    ids=["402", "401", "529", "reset"],
)
async def test_the_next_model_answers_for_one_that_is_down(
    desk: Desk, tenant: TenantId, error: Exception, sent: int
) -> None:
    desk.first.script = [fails(error)] * sent
    assert (await desk.ask(ask(tenant, "x")))["x"].provider == "second/m"
    assert desk.sent == (sent, 1)


@pytest.mark.parametrize("reply_", [None, "no JSON"], ids=["hangs", "nonsense"])
async def test_a_model_that_would_have_no_time_to_answer_is_not_asked(
    desk: Desk, owner: Owner, tenant: TenantId, reply_: str | None
) -> None:
    async def late(_wire: Wire) -> Raw:
        await asyncio.sleep(60 if reply_ is None else 0.5)
        return reply(reply_ or "")

    desk.first.script = [late]
    with pytest.raises(Upstream):
        await desk.ask(ask(tenant, "x", patience_s=0.4, timeout_s=0.4 if reply_ is None else 5))
    assert desk.sent == (1, 0)
    assert [row[0] for row in await rows(owner)] == ["first"]
    assert not await owner.fetchval("select count(*) from breakers where model = 'second/m'")


async def test_a_request_that_is_wrong_is_sent_to_nobody_else(desk: Desk, tenant: TenantId) -> None:
    desk.first.script = [fails(BadReply("400"))]
    with pytest.raises(BadReply, match="400"):
        await desk.ask(ask(tenant, "x"))
    assert desk.sent == (1, 0)


async def test_what_one_model_leaves_out_after_its_repair_is_asked_of_the_next(desk: Desk, tenant: TenantId) -> None:
    desk.first.script = [lambda _wire: reply([{"id": "a1", "score": 5}]), lambda _wire: reply([])]
    answers = await desk.ask(ask(tenant, "x", "y"))
    assert {key: answer.provider for key, answer in answers.items()} == {"x": "first/m", "y": "second/m"}
    assert [len(wire.inputs) for wire in (*desk.first.asked, *desk.second.asked)] == [2, 1, 1]


async def test_a_repair_names_the_call_that_it_mends(desk: Desk, owner: Owner, tenant: TenantId) -> None:
    desk.first.script = [lambda _wire: reply([{"id": "a1", "score": 5}])]
    await desk.ask(ask(tenant, "x", "y"))
    first, second = await owner.fetch("select id, attempt, repaired_from from calls order by attempt")
    assert (first["attempt"], first["repaired_from"]) == (1, None)
    assert (second["attempt"], second["repaired_from"]) == (2, first["id"])


async def test_what_was_answered_before_an_outage_is_not_paid_again(desk: Desk, tenant: TenantId) -> None:
    desk.first.script = [lambda _wire: reply([{"id": "a1", "score": 5}]), fails(Spent("402"))]
    desk.second.script = [fails(Spent("402"))]
    with pytest.raises(Spent):
        await desk.ask(ask(tenant, "x", "y"))
    async with desk.router.db.tx(tenant) as tx:  # the accounts are filled up
        assert await tx.fetchval("select count(*) from call_subjects") == 1
    other = Desk(desk.db)
    other.router.models = replace(other.router.models, tiers={tier: (Choice("third", "m"),) for tier in Tier})
    other.router.providers = {"third": other.first}
    other.router.prices = Prices((Row(model="third/m", valid_from=date(2020, 1, 1), above=0, price=PRICE),))
    assert scores(await other.ask(ask(tenant, "x", "y"))) == {"x": 5, "y": 70}
    assert [list(wire.inputs.values()) for wire in other.first.asked] == [[{"title": "title of y"}]]


async def test_a_model_that_is_retired_or_has_no_price_is_passed_over(
    db: AppDb, owner: Owner, tenant: TenantId
) -> None:
    desk = Desk(db, traits={"first/m": Traits(retires=date(2026, 1, 1))})
    assert (await desk.ask(ask(tenant, "x")))["x"].provider == "second/m"
    assert "switched it off on 2026-01-01" in (await rows(owner))[0][2]
    desk.router.prices = Prices(())
    with pytest.raises(Misconfigured, match=r"first/m: .*; second/m: it has no price"):
        await desk.ask(ask(tenant, "y"))


# ------------------------------------------------------------------------------------------------ pauses and breakers


async def test_a_short_pause_is_waited_out_and_the_same_model_answers(
    db: AppDb, tenant: TenantId, database_time: DatabaseTime
) -> None:
    desk = Desk(db)
    desk.first.script = [fails(Upstream("429", retry_after=timedelta(seconds=2)))]

    async def sleep(seconds: float) -> None:
        desk.waited.append(seconds)
        await database_time.advance(timedelta(seconds=seconds))

    desk.router._sleep = sleep
    assert (await desk.ask(ask(tenant, "x")))["x"].provider == "first/m"
    assert desk.waited == pytest.approx([2.125])
    assert desk.sent == (2, 0)


async def test_a_long_retry_after_goes_to_the_next_model_at_once(desk: Desk, db: AppDb, tenant: TenantId) -> None:
    desk.first.script = [fails(Upstream("429", retry_after=timedelta(hours=1)))]
    assert (await desk.ask(ask(tenant, "x")))["x"].provider == "second/m"
    assert desk.waited == []
    twin = Desk(db)
    assert (await twin.ask(ask(tenant, "y")))["y"].provider == "second/m"
    assert twin.sent == (0, 1), "another process leaves it alone as well"


async def test_after_three_failures_in_a_row_one_call_tries_again_and_a_good_one_closes_the_breaker(
    desk: Desk, db: AppDb, owner: Owner, tenant: TenantId, database_time: DatabaseTime
) -> None:
    desk.first.script = [fails(Upstream("529"))] * 3
    await desk.ask(ask(tenant, "x"))
    assert desk.sent == (3, 1)
    await desk.ask(ask(tenant, "y"))
    assert desk.sent == (3, 2), "left alone"
    await database_time.advance(timedelta(seconds=31))
    reached, go = asyncio.Event(), asyncio.Event()

    async def slow(wire: Wire) -> Raw:
        reached.set()
        await go.wait()
        return good(wire)

    desk.first.script = [slow]
    async with asyncio.TaskGroup() as group:
        probe = group.create_task(desk.ask(ask(tenant, "probe")))
        await reached.wait()
        other = await desk.ask(ask(tenant, "meanwhile"))
        assert other["meanwhile"].provider == "second/m", "one call tries, the others do not"
        go.set()
    assert probe.result()["probe"].provider == "first/m"
    assert await owner.fetchval("select failures from breakers") == 0
    assert (await desk.ask(ask(tenant, "z")))["z"].provider == "first/m"


async def test_each_failed_try_leaves_it_alone_for_longer(
    desk: Desk, tenant: TenantId, database_time: DatabaseTime
) -> None:
    desk.first.script = [fails(Upstream("529"))] * 3
    await desk.ask(ask(tenant, "x"))
    left = []
    for number in range(3):
        async with desk.router.db.read(tenant) as tx:
            left.append(await tx.fetchval("select extract(epoch from open_until - cid_now()) from breakers"))
        await database_time.advance(timedelta(seconds=float(left[-1]) + 1))
        desk.first.script = [fails(Upstream("529"))]
        await desk.ask(ask(tenant, f"y{number}"))
    assert [float(seconds) for seconds in left] == pytest.approx([30, 60, 120], abs=2)


# ------------------------------------------------------------------------------------------------------------ limits


async def test_a_provider_is_asked_no_more_often_than_its_pace_by_all_together(
    db: AppDb, tenant: TenantId, database_time: DatabaseTime
) -> None:
    pace = Pace(requests_per_minute=12)  # two at once, then one every five seconds
    asked = 0
    for number in range(6):
        desk = Desk(db, pace=pace)  # each a process of its own
        await desk.ask(replace(ask(tenant, f"s{number}"), patience_s=1))
        asked += desk.sent[0]
    assert asked == 2
    await database_time.advance(timedelta(seconds=5.1))
    desk = Desk(db, pace=pace)
    await desk.ask(replace(ask(tenant, "later"), patience_s=1))
    await desk.ask(replace(ask(tenant, "later still"), patience_s=1))
    assert desk.sent == (1, 1)


async def test_tokens_are_limited_by_what_is_expected_and_corrected_by_what_was_used(
    db: AppDb, owner: Owner, tenant: TenantId
) -> None:
    desk = Desk(db, pace=Pace(tokens_per_minute=100_000))
    await desk.ask(ask(tenant, "x"))
    expected = await owner.fetchval("select tokens from calls")
    assert expected > 500
    taken = await owner.fetchval(
        """select extract(epoch from tat - sent_at) / 60 * 100000 from limits, calls
           where key = 'models first tokens'"""
    )
    assert float(taken) == pytest.approx(1700, abs=1), "input, cache writes and output of the reply"


async def test_what_is_larger_than_a_minutes_tokens_goes_alone(db: AppDb, tenant: TenantId) -> None:
    desk = Desk(db, pace=Pace(tokens_per_minute=10))
    assert (await desk.ask(replace(ask(tenant, "x"), patience_s=1)))["x"].provider == "first/m"
    assert (await desk.ask(replace(ask(tenant, "y"), patience_s=1)))["y"].provider == "second/m"


# ------------------------------------------------------------------------------------------- budgets and the switch


@pytest.mark.parametrize(
    ("caps", "says"),
    [
        (Caps(per_day=Decimal("0.000001")), r"the day.s budget of \$0\.000001 for models is used up"),
        (Caps(per_month=Decimal("0.000001")), "the month's budget"),
        (Caps(per_stage={"relevance": Decimal("0.000001")}), "for relevance is used up"),
        (Caps(all_per_day=Decimal("0.000001")), "of all tenants together"),
    ],
    ids=["day", "month", "stage", "all"],
)
async def test_each_cap_holds_by_itself_and_says_which_it_is(
    db: AppDb, owner: Owner, tenant: TenantId, caps: Caps, says: str
) -> None:
    desk = Desk(db, caps=caps)
    with pytest.raises(Deferred, match=says) as caught:
        await desk.ask(ask(tenant, "x"))
    assert desk.sent == (0, 0)
    assert await rows(owner) == []
    assert await owner.fetchval("select coalesce(sum(reserved), 0) from budgets") == 0, "all or nothing is taken"
    until = caught.value.until
    if "month" in says:
        assert until.day == 1
    assert (until.hour, until.minute) == (0, 0)


async def test_a_stages_cap_leaves_other_stages_alone(db: AppDb, tenant: TenantId) -> None:
    desk = Desk(db, caps=Caps(per_stage={"relevance": Decimal("0.000001")}))
    assert await desk.ask(ask(tenant, "x", stage="draft"))


async def test_caps_said_on_a_page_come_before_the_files_and_a_tenants_before_everybodys(
    db: AppDb, platform: WorkerDb, tenant: TenantId
) -> None:
    async def says(who: TenantId, cap: str) -> None:
        async with platform.tx() as tx:
            await tx.execute(
                """insert into model_terms (tenant_id, per_day) values ($1, $2)
                   on conflict (tenant_id) do update set per_day = excluded.per_day""",
                who,
                Decimal(cap),
            )

    desk = Desk(db, caps=Caps(per_day=Decimal(10)))
    await says(PLATFORM, "0")
    with pytest.raises(Deferred):
        await desk.ask(ask(tenant, "x"))
    await says(tenant, "10")
    assert await desk.ask(ask(tenant, "x"))


async def test_a_cap_that_comes_near_is_told_once(db: AppDb, owner: Owner, tenant: TenantId) -> None:
    desk = Desk(db)
    await desk.ask(ask(tenant, "x"))
    spent, reserved = (
        await owner.fetchval("select spent from budgets where scope <> ''"),
        await owner.fetchval("select max(reserved) from calls"),
    )
    desk.router.models = replace(desk.router.models, caps=Caps(per_day=(spent + reserved) / Decimal("0.9")))
    await desk.ask(ask(tenant, "y"))
    when = await owner.fetch("select period, scope from budgets where warned_at is not null")
    assert [tuple(row) for row in when] == [("day", "")]


async def test_the_switch_stops_every_tenant_in_one_statement_and_what_costs_nothing_goes_on(
    desk: Desk, db: AppDb, owner: Owner, platform: WorkerDb, tenant: TenantId
) -> None:
    other = await make.tenant(platform, "other")
    async with platform.tx() as tx:
        await tx.execute("select inspect.stop_models('the invoice')")
    for one in (tenant, other):
        with pytest.raises(Deferred, match="models are switched off: the invoice"):
            await desk.ask(ask(one, "x"))
    assert desk.sent == (0, 0)
    free = Scripted()
    free.name = "offline"
    models = funnel.models().with_tiers(cheap="offline/extracts-1")
    assert await funnel.router(db, FrozenClock(), free, models=models).ask(ask(tenant, "x"))
    async with platform.tx() as tx:
        await tx.execute("select inspect.start_models()")
    assert await desk.ask(ask(tenant, "x"))
    assert await owner.fetchval("select count(*) from calls where provider = 'first'") == 1


async def test_the_switch_holds_for_a_call_that_waits_for_anothers_lock(
    desk: Desk, platform: WorkerDb, owner: Owner, tenant: TenantId
) -> None:
    await desk.ask(ask(tenant, "x"))
    async with asyncio.TaskGroup() as together:
        async with owner.transaction():
            await owner.execute("select from budgets for update")
            asked = together.create_task(refused(desk, ask(tenant, "y")))
            await somebody_waits(owner)
            async with platform.tx() as tx:
                await tx.execute("select inspect.stop_models('too dear')")
        assert await asked == "models are switched off: too dear"
    assert desk.sent == (1, 0)


async def refused(desk: Desk, question: Ask) -> str:
    with pytest.raises(Deferred) as raised:
        await desk.ask(question)
    return str(raised.value)


async def test_no_tenant_reserves_or_settles_for_another(db: AppDb, platform: WorkerDb, tenant: TenantId) -> None:
    other = await make.tenant(platform, "other")
    for statement in (
        "select reserve_call($1, 's', 'p', 'm', 1, 1, null, null, null, null, 0.8, null, null, '1 s')",
        "select settle_call($1, '00000000-0000-0000-0000-000000000001', 'failed', 0, '', null, 0, null, 'none', null)",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with db.tx(other) as tx:
                await tx.execute(statement, tenant)
    for statement in (
        "update budgets set spent = 0",
        "insert into budgets (tenant_id, period, starts) values (app_tenant(), 'day', current_date)",
        "update calls set cost = 0",
        "update model_terms set per_day = 9",
        "select sweep_calls(1)",
        "select inspect.start_models()",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with db.tx(other) as tx:
                await tx.execute(statement)
