"""Gate 1 as a flow: what it keeps for the gates after it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from cid.domain.ids import ItemId, ScreeningId, StoryId, TenantId
from cid.domain.jobs import JobKind, NewJob
from cid.domain.tenants import Profile
from cid.flows.rules import rules
from cid.pg.pool import AppDb, WorkerDb
from cid.queue import jobs as queue
from cid.services import Services
from cid.store import stories, verdicts
from tests import funnel, make
from tests.fakes import FakeLlm

LONG = "The board of the port said so on Tuesday, after a night of talks about what it costs."


@pytest.fixture
async def tenant(platform: WorkerDb) -> TenantId:
    return await make.tenant(platform, profile=Profile(keywords=("harbour", "ferry", "crane")))


@pytest.fixture
def sv(db: AppDb, platform: WorkerDb) -> Services:
    return make.services(db, platform, llm=FakeLlm(lambda _ask, _subject: None), outside=funnel.outside())


async def arrives(
    sv: Services, owner: Any, tenant: TenantId, story: StoryId, title: str, *, at: datetime | None = None
) -> ItemId:
    """An item that the tenant takes from a source of its own, as far as the hand-out to gate 1."""
    async with sv.platform.tx() as tx:
        item = await funnel.report(tx, story, publisher=title[:20], title=title, summary=LONG, at=at)
    await owner.execute(
        """insert into subscriptions (tenant_id, id, source_id, trust)
           select $1, gen_random_uuid(), source_id, 0.9 from sightings where item_id = $2""",
        tenant,
        item,
    )
    async with sv.db.tx(tenant) as tx:
        await queue.enqueue(tx, NewJob(kind=JobKind.RULES, tenant=tenant, payload={"item": str(item)}))
    return item


async def judged(sv: Services, owner: Any, tenant: TenantId) -> ScreeningId:
    await rules(sv, await make.claimed(owner, JobKind.RULES, tenant))
    return ScreeningId(await owner.fetchval("select id from screenings where tenant_id = $1 limit 1", tenant))


async def test_the_keywords_of_all_items_of_a_screening_are_told_the_commonest_first(
    sv: Services, owner: Any, tenant: TenantId
) -> None:
    story = StoryId(uuid4())
    await arrives(sv, owner, tenant, story, "Ferry waits in the harbour")
    screening = await judged(sv, owner, tenant)
    for title in ("Harbours close at night", "A crane for the harbour", "Nothing to be said of it"):
        await arrives(sv, owner, tenant, story, title)
    assert await judged(sv, owner, tenant) == screening
    async with sv.db.read(tenant) as tx:
        assert await verdicts.keywords(tx, tenant, screening) == ("harbour", "crane", "ferry")
    said = await owner.fetch("select outcome, screening_id from verdicts where gate = 'rules' order by at, id")
    assert sorted((row["outcome"], row["screening_id"]) for row in said if row["outcome"] == "drop") == [("drop", None)]


async def test_what_a_merged_screening_was_opened_by_counts_for_the_one_that_stays(
    sv: Services, owner: Any, tenant: TenantId
) -> None:
    one, other = StoryId(uuid4()), StoryId(uuid4())
    await arrives(sv, owner, tenant, one, "Ferry waits at the pier")
    await arrives(sv, owner, tenant, other, "Crane of the harbour falls")
    await judged(sv, owner, tenant)
    async with sv.platform.tx() as tx:
        await stories.merge(tx, [(one, other)])
    stays: UUID = await owner.fetchval("select id from screenings where merged_into is null")
    async with sv.db.read(tenant) as tx:
        assert await verdicts.keywords(tx, tenant, ScreeningId(stays)) == ("crane", "ferry", "harbour")
        assert await verdicts.keywords(tx, TenantId(uuid4()), ScreeningId(stays)) == ()


async def test_an_item_without_a_date_passes_and_its_verdict_says_so(
    sv: Services, owner: Any, tenant: TenantId
) -> None:
    await arrives(sv, owner, tenant, StoryId(uuid4()), "Ferry waits in the harbour")
    await judged(sv, owner, tenant)
    row = await owner.fetchrow("select outcome, signals::text as signals from verdicts")
    assert row["outcome"] == "pass"
    assert '"dated": false' in row["signals"]
    assert '"age_h": null' in row["signals"]


async def test_an_urgent_report_brings_its_waiting_story_to_the_front_and_past_no_gate(
    sv: Services, owner: Any, tenant: TenantId
) -> None:
    story, other = StoryId(uuid4()), StoryId(uuid4())
    await arrives(sv, owner, tenant, story, "Ferry waits in the harbour")
    await arrives(sv, owner, tenant, other, "Crane falls")
    await judged(sv, owner, tenant)
    queued = "select payload->>'screening' as screening, priority, id, key from jobs where kind = 'relate' order by id"
    before = await owner.fetch(queued)
    assert [row["priority"] for row in before] == [0, 0]
    await arrives(sv, owner, tenant, story, "Breaking: ferry on fire")
    await judged(sv, owner, tenant)
    row = await owner.fetchrow("select id, urgent, state, stage from screenings where story_id = $1", story)
    assert tuple(row)[1:] == (True, "open", "relate"), "gate 2 judges it as any other"
    after = await owner.fetch(queued)
    assert {row["screening"]: row["priority"] for row in after if row["priority"]} == {str(row["id"]): -1}
    assert {one["key"] for one in after if one["priority"]} == {"urgent"}, "no group holds it up"
    assert [row["id"] for row in after] == [row["id"] for row in before], "the same jobs, none twice"
