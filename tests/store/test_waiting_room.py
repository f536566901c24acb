"""Questions asked in batches: what ledger, budgets and vendor hold after each step, on a real Postgres."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web

from cid.domain.errors import BadReply, Deferred
from cid.domain.ids import TenantId
from cid.domain.llm import Answer, Ask, Caps, Tier
from cid.flows.batches import batches as batches_flow
from cid.llm import batch_ledger, waiting
from cid.llm.batch_anthropic import AnthropicBatches
from cid.llm.router import Router
from cid.llm.waiting_room import WaitingRoom
from cid.pg.pool import AppDb, WorkerDb
from tests import batch_vendor, funnel, make
from tests.batch_vendor import Handler
from tests.batching import Desk, Killed, Mortal, Owner, ask, batching
from tests.conftest import DatabaseTime


@pytest.fixture
async def desk(db: AppDb, platform: WorkerDb, owner: Owner, database_time: DatabaseTime) -> AsyncIterator[Desk]:
    async with batching(db, platform, owner, database_time) as running:
        yield running


@pytest.fixture
async def tenant(platform: WorkerDb) -> TenantId:
    return await make.tenant(platform)


async def waits(desk: Desk, *asked: Ask) -> None:
    for one in asked:
        with pytest.raises(Deferred, match="asked in a batch"):
            await desk.router.ask(one)


def answered(answers: Mapping[str, Answer]) -> dict[str, bool]:
    return {key: answer.reused for key, answer in answers.items()}


# ------------------------------------------------------------------------------------------------------ the whole path


async def test_questions_that_may_wait_are_asked_in_one_batch_at_half_the_price(desk: Desk, tenant: TenantId) -> None:
    one, two = ask(tenant, "x", "y"), ask(tenant, "z")
    await waits(desk, one, two)
    assert await desk.calls() == [("sent", True), ("sent", True)]
    assert await desk.room.tend() == [], "others may still join"
    assert await desk.tend() == []
    assert await desk.states() == ["submitted"]
    await waits(desk, one, two)
    assert len(await desk.calls()) == 2, "what is being asked is not asked again"
    assert await desk.tend() == []
    desk.vendor.made[0].state = "ended"
    over = await desk.tend(2)
    assert over == [(tenant, await desk.owner.fetchval("select id::text from batches"))]
    assert await desk.states() == ["read"]
    assert answered(await desk.router.ask(one)) == {"x": True, "y": True}
    assert answered(await desk.router.ask(two)) == {"z": True}
    assert len(desk.vendor.made) == 1
    assert desk.alone.asked == []
    assert await desk.adds_up() > 0


async def test_the_reservation_is_at_the_batchs_price_and_stands_until_the_batch_is_read(
    desk: Desk, tenant: TenantId
) -> None:
    urgent = ask(tenant, "x", urgent=True)
    await desk.router.ask(urgent)
    await waits(desk, ask(tenant, "y"))
    alone, batched = [
        row["reserved"] for row in await desk.owner.fetch("select reserved from calls order by sent_at, id")
    ]
    assert alone == batched * 2
    held = "select reserved from budgets where scope = 'relevance'"
    assert await desk.owner.fetchval(held) == batched
    await desk.tend()
    assert await desk.owner.fetchval(held) == batched
    desk.vendor.made[0].state = "ended"
    await desk.tend(2)
    await desk.adds_up()


@pytest.mark.parametrize("over", [{"urgent": True}, {"stage": "review"}, {"tier": Tier.QUALITY, "stage": "draft"}])
async def test_what_may_not_wait_is_asked_at_once(desk: Desk, tenant: TenantId, over: dict[str, Any]) -> None:
    answers = await desk.router.ask(ask(tenant, "x", **over))
    assert answered(answers) == {"x": False}
    assert await desk.calls() == [("answered", False)]


async def test_without_a_batch_api_nothing_waits(desk: Desk, tenant: TenantId) -> None:
    router, _ = desk.make(keyed=False)
    assert answered(await router.ask(ask(tenant, "x"))) == {"x": False}


async def test_no_tenants_text_shares_a_batch_with_anothers(desk: Desk, tenant: TenantId, platform: WorkerDb) -> None:
    other = await make.tenant(platform, "other")
    await waits(desk, ask(tenant, "x"), ask(other, "x"))
    await desk.tend()
    assert [len(batch.requests) for batch in desk.vendor.made] == [1, 1]


async def test_a_full_batch_goes_at_once_and_the_next_question_opens_another(
    desk: Desk, tenant: TenantId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "MOST_CALLS", 2)
    await waits(desk, *(ask(tenant, key) for key in "xyz"))
    await desk.room.tend()
    assert sorted(await desk.states()) == ["planned", "submitted"]
    assert [len(batch.requests) for batch in desk.vendor.made] == [2]


async def test_a_batchs_reply_is_found_behind_many_that_others_have_not_read_yet(desk: Desk, tenant: TenantId) -> None:
    asked = [ask(tenant, f"x{number:03}") for number in range(102)]
    await waits(desk, *asked)
    await desk.tend()
    desk.vendor.made[0].state = "ended"
    await desk.tend(2)
    assert answered(await desk.router.ask(asked[-1])) == {"x101": True}
    assert len(await desk.calls()) == 102


# ---------------------------------------------------------------------------------------------------------- failures


@pytest.mark.parametrize("outcome", ["errored", "refused", "expired", "cancelled"])
async def test_what_a_batch_could_not_answer_owes_nothing_and_is_asked_alone(
    desk: Desk, tenant: TenantId, outcome: str
) -> None:
    one, two = ask(tenant, "x"), ask(tenant, "y")
    await waits(desk, one, two)
    await desk.tend()
    call = next(iter(desk.vendor.made[0].requests))
    desk.vendor.outcomes[call] = outcome
    desk.vendor.made[0].state = "ended"
    await desk.tend(2)
    assert sorted(await desk.calls()) == [("answered", True), ("failed", True)]
    reused = answered(await desk.router.ask(one)) | answered(await desk.router.ask(two))
    assert sorted(reused.values()) == [False, True]
    assert len(desk.vendor.made) == 1
    assert len(desk.alone.asked) == 1
    await desk.adds_up()


@pytest.mark.parametrize("how", ["missing", "garbled"])
async def test_what_may_have_been_done_and_cannot_be_read_counts_as_spent(
    desk: Desk, tenant: TenantId, how: str
) -> None:
    await waits(desk, ask(tenant, "x"))
    await desk.tend()
    (call,) = desk.vendor.made[0].requests
    if how == "missing":
        desk.vendor.left_out = {call}
    else:
        desk.vendor.outcomes[call] = "garbled"
    desk.vendor.made[0].state = "ended"
    await desk.tend(2)
    assert await desk.calls() == [("ambiguous", True)]
    row = await desk.owner.fetchrow("select reserved, cost from calls")
    assert row
    assert row["cost"] == row["reserved"] == await desk.owner.fetchval("select spent from budgets where scope <> ''")


async def test_a_sending_whose_answer_was_lost_is_found_and_not_repeated(desk: Desk, tenant: TenantId) -> None:
    await waits(desk, ask(tenant, "x"), ask(tenant, "y"))
    desk.vendor.script = [batch_vendor.lost]
    await desk.tend()
    assert await desk.states() == ["unknown"]
    await desk.tend()
    assert await desk.states() == ["unknown"], "while it runs the vendor cannot tell whose it is"
    desk.vendor.made[0].state = "ended"
    await desk.tend(6)
    assert await desk.states() == ["read"]
    assert len(desk.vendor.made) == 1
    assert answered(await desk.router.ask(ask(tenant, "x", "y"))) == {"x": True, "y": True}
    await desk.adds_up()


async def test_a_sending_that_never_arrived_is_sent_again(desk: Desk, tenant: TenantId) -> None:
    async def swallowed(request: web.Request, _handler: Handler) -> web.StreamResponse:
        assert request.transport
        request.transport.abort()
        return web.Response()

    await waits(desk, ask(tenant, "x"))
    desk.vendor.script = [swallowed]
    await desk.tend(2)
    assert await desk.states() == ["planned"]
    await desk.tend()
    assert await desk.states() == ["submitted"]
    desk.vendor.made[0].state = "ended"
    await desk.tend(2)
    await desk.adds_up()


async def test_a_batch_that_the_vendor_refuses_owes_nothing_and_its_questions_are_asked_alone(
    desk: Desk, tenant: TenantId
) -> None:
    await waits(desk, ask(tenant, "x"))
    desk.vendor.script = [desk.vendor.refused(400)]
    over = await desk.tend()
    assert (len(over), await desk.states(), await desk.calls()) == (1, ["failed"], [("failed", True)])
    assert answered(await desk.router.ask(ask(tenant, "x"))) == {"x": False}
    await desk.adds_up()


async def test_a_question_that_joins_while_its_batch_is_about_to_go_shares_its_end(
    desk: Desk, tenant: TenantId, monkeypatch: pytest.MonkeyPatch
) -> None:
    load, late = batch_ledger.load, [ask(tenant, "y")]

    async def joined(*args: Any) -> Any:
        loaded = await load(*args)
        if late:
            await waits(desk, late.pop())
        return loaded

    async def refused(*_args: object) -> str:
        raise BadReply("400")

    monkeypatch.setattr(batch_ledger, "load", joined)
    monkeypatch.setattr(AnthropicBatches, "submit", refused)
    await waits(desk, ask(tenant, "x"))
    await desk.tend(2)
    assert await desk.states() == ["failed"]
    assert await desk.calls() == [("failed", True), ("failed", True)]


async def test_what_does_not_fit_the_budget_neither_waits_in_a_batch_nor_is_asked(desk: Desk, tenant: TenantId) -> None:
    models = replace(
        funnel.models(), batched=frozenset({"relevance"}), caps=Caps(per_day=Decimal("0.000001")), paces={}
    )
    router, _ = desk.make(models=models)
    with pytest.raises(Deferred, match="budget"):
        await router.ask(ask(tenant, "x"))
    assert (await desk.calls(), await desk.states()) == ([], [])


async def test_while_models_are_switched_off_no_batch_is_sent(desk: Desk, tenant: TenantId) -> None:
    await waits(desk, ask(tenant, "x"))
    await desk.owner.execute("select inspect.stop_models('a drill')")
    await desk.tend()
    assert (await desk.states(), desk.vendor.asked) == (["planned"], [])
    await desk.owner.execute("select inspect.start_models()")
    await desk.tend()
    assert await desk.states() == ["submitted"]


async def test_a_batch_whose_vendor_has_no_key_any_more_waits_for_it(desk: Desk, tenant: TenantId) -> None:
    await waits(desk, ask(tenant, "x"))
    await desk.tend()
    desk.vendor.made[0].state = "ended"
    _, keyless = desk.make(keyed=False)
    await desk.later(timedelta(minutes=16))
    assert await keyless.tend() == []
    assert "no key" in await desk.owner.fetchval("select error from batches")
    await desk.tend(3)
    assert await desk.states() == ["read"]


async def test_two_who_tend_at_once_change_nothing_twice(desk: Desk, tenant: TenantId) -> None:
    await waits(desk, ask(tenant, "x"))
    _, second = desk.make()
    for _ in range(4):
        await desk.later(timedelta(minutes=16))
        await asyncio.gather(desk.room.tend(), second.tend())
        if desk.vendor.made:
            desk.vendor.made[0].state = "ended"
    assert (await desk.states(), len(desk.vendor.made), desk.vendor.posts()) == (["read"], 1, 1)
    await desk.adds_up()


# --------------------------------------------------------------------------------------------------------------- death


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, 11))
async def test_a_process_that_dies_at_any_step_costs_nothing_twice_and_loses_nothing(
    desk: Desk, tenant: TenantId, at: int, after: bool
) -> None:
    """Steps: two questions go in, the batch is marked, sent, polled, each call settled, the batch closed; then both
    are asked again."""
    asked = [ask(tenant, "x"), ask(tenant, "y")]

    async def live(router: Router, room: WaitingRoom) -> None:
        for _ in range(8):
            for one in asked:
                with suppress(Deferred):
                    await router.ask(one)
            await desk.later(timedelta(minutes=16))
            await room.tend()
            for batch in desk.vendor.made:
                batch.state = "ended"

    died = False
    try:
        await live(*desk.make(Mortal(desk.db, at, after=after)))
    except* Killed:
        died = True
    if died:
        await live(*desk.make())
    for one in asked:
        assert set(answered(await desk.router.ask(one)).values()) == {True}
    sent = [call for batch in desk.vendor.made for call in batch.requests]
    assert (len(sent), len(set(sent)), desk.alone.asked) == (2, 2, [])
    assert await desk.owner.fetchval("select count(*) from calls where wire is not null") == 0
    await desk.adds_up()


# ---------------------------------------------------------------------------------------------------------- the clock


async def test_jobs_that_sleep_for_a_batch_are_woken_when_it_was_read(desk: Desk, tenant: TenantId) -> None:
    await waits(desk, ask(tenant, "x"))
    key = await desk.owner.fetchval("select id::text from batches")
    for why in (f"asked in a batch ({key})", "asked in a batch (another)"):
        await desk.owner.execute(
            """insert into jobs (tenant_id, kind, state, run_at, error)
               values ($1, 'relate', 'scheduled', cid_now() + interval '9 days', $2)""",
            tenant,
            why,
        )
    services = replace(make.services(desk.db, desk.platform), backlog=desk.room)
    for _ in range(3):
        await desk.later(timedelta(minutes=16))
        await batches_flow(services, [])
        desk.vendor.made[0].state = "ended"
    due = await desk.owner.fetch("select error from jobs where run_at < cid_now() + interval '1 day'")
    assert [row["error"] for row in due] == [f"asked in a batch ({key})"]
