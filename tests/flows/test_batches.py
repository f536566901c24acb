"""A story whose relevance is asked in a batch: asleep meanwhile, woken by the clock's job, judged like any other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cid.domain.ids import StoryId, TenantId
from cid.domain.jobs import JobKind
from cid.domain.tenants import Profile
from cid.flows.batches import batches
from cid.pg.pool import AppDb, WorkerDb
from cid.services import Services
from tests import funnel, make
from tests.batching import Desk, batching
from tests.conftest import DatabaseTime


@pytest.fixture
async def desk(db: AppDb, platform: WorkerDb, owner: Any, database_time: DatabaseTime) -> AsyncIterator[Desk]:
    async with batching(db, platform, owner, database_time) as running:
        yield running


async def opened(desk: Desk) -> tuple[Services, TenantId]:
    tenant = await make.tenant(desk.platform, profile=Profile(keywords=("harbour",), geography=("Norhaven",)))
    sv = make.services(desk.db, desk.platform, llm=desk.router, clock=desk.clock, outside=funnel.outside())
    return replace(sv, backlog=desk.room), tenant


async def told(sv: Services, tenant: TenantId, *titles: str, urgent: bool = False) -> None:
    for title in titles:
        story = StoryId(make.uuid7_now())
        async with sv.platform.tx() as tx:
            item = await funnel.report(tx, story, publisher="P", title=title, summary="It says so.", at=sv.clock.now())
        async with sv.db.tx(tenant) as tx:
            await funnel.screening(tx, story, item, urgent=urgent)


async def test_a_story_waits_for_its_batch_and_goes_on_when_it_was_read(desk: Desk, owner: Any) -> None:
    sv, tenant = await opened(desk)
    await told(sv, tenant, "Harbour opens", "Harbour closes")
    await funnel.run(sv, owner, tenant, JobKind.RELATE)
    assert [(row["state"], row["waiting_for"]) for row in await funnel.states(owner)] == [("waiting", "batch")] * 2
    for _ in range(3):
        assert await owner.fetchval("select count(*) from verdicts") == 0
        await desk.later(timedelta(minutes=16))
        await batches(sv, [])
        desk.vendor.made[0].state = "ended"
    woken = await owner.fetch(
        "select attempt from jobs where kind = 'relate' and run_at < cid_now() + interval '59 minutes'"
    )
    assert [row["attempt"] for row in woken] == [0, 0], "waiting took no attempt"

    await owner.execute("update jobs set state = 'ready' where kind = 'relate'")
    await funnel.run(sv, owner, tenant, JobKind.RELATE)
    assert [(row["state"], row["stage"]) for row in await funnel.states(owner)] == [("open", "assess")] * 2
    judged = "select count(*) from verdicts v join calls c on c.id = v.call_id where c.batch_id is not null"
    assert await owner.fetchval(judged) == 2
    assert (len(desk.vendor.made), desk.alone.asked) == (1, [])
    await desk.adds_up()


async def test_an_urgent_story_waits_for_no_batch(desk: Desk, owner: Any) -> None:
    sv, tenant = await opened(desk)
    await told(sv, tenant, "Harbour burns", urgent=True)
    await funnel.run(sv, owner, tenant, JobKind.RELATE)
    assert [(row["state"], row["stage"]) for row in await funnel.states(owner)] == [("open", "assess")]
    assert (await desk.states(), len(desk.alone.asked)) == ([], 1)


async def test_an_urgent_story_waits_for_no_batch_that_another_story_is_in(desk: Desk, owner: Any) -> None:
    sv, tenant = await opened(desk)
    await told(sv, tenant, "Harbour opens")
    await funnel.run(sv, owner, tenant, JobKind.RELATE)
    await told(sv, tenant, "Harbour burns", urgent=True)
    await owner.execute("update jobs set state = 'ready' where kind = 'relate'")
    await funnel.run(sv, owner, tenant, JobKind.RELATE)
    found = await owner.fetch("select urgent, state, stage from screenings order by urgent")
    assert [tuple(row) for row in found] == [(False, "waiting", "relate"), (True, "open", "assess")]
    assert (await desk.states(), len(desk.alone.asked)) == (["planned"], 1)
