"""Articles of stories that go further are read once for everybody, and drafts stand on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from cid.domain.ids import PLATFORM, ItemId, ScreeningId, SourceId, StoryId, TenantId
from cid.domain.jobs import Job, JobKind
from cid.domain.llm import Ask, Json, Subject
from cid.domain.reading import Reading, TextState
from cid.domain.tenants import Profile
from cid.flows.gather import PATIENCE
from cid.flows.read import AGAIN, HOLD, read
from cid.flows.rules import rules
from cid.flows.tidy import tidy
from cid.flows.wake import wake
from cid.pg.pool import AppDb, WorkerDb
from cid.services import Services
from cid.store import evidence, texts
from tests import funnel, make
from tests.conftest import DatabaseTime
from tests.fakes import FakeLlm, FrozenClock

ARTICLE = (
    "The port authority of Norhaven signed the contract for three cranes on Tuesday.\n\n"
    "Each of them lifts forty tons and replaces two of the older ones.\n\n"
    "The council had voted nine to two for the loan in March."
)
SUMMARY = "The harbour of Norhaven gets three cranes, the office said."


class Shelf:
    """Pages by address; the others hold an article. Satisfies `ports.Pages`."""

    def __init__(self) -> None:
        self.readings: dict[str, Reading] = {}
        self.asked: list[str] = []

    async def read(self, url: str, *, language: str = "") -> Reading:
        self.asked.append(url)
        return self.readings.get(url, Reading(state=TextState.READ, text=ARTICLE, words=34, language="en", status=200))


def relevant(_ask: Ask, _subject: Subject) -> Mapping[str, Json]:
    return {"score": 90, "matched": []}


class Desk:
    """One tenant that has sources, and the flows around the reading, run by hand."""

    def __init__(self, db: AppDb, platform: WorkerDb, owner: Any) -> None:
        self.db, self.platform, self.owner = db, platform, owner
        self.pages = Shelf()
        self.clock = FrozenClock(datetime.now(UTC))
        outside = replace(funnel.outside(), pages=self.pages)
        self.sv: Services = make.services(db, platform, llm=FakeLlm(relevant), outside=outside, clock=self.clock)
        self.tenant = PLATFORM

    async def source(self, *tenants: TenantId, owner: TenantId | None = None, full_text: bool = True) -> SourceId:
        async with self.platform.tx() as tx:
            source = await make.source(tx, f"https://{uuid4()}.test/feed", tenant=owner)
            for tenant in tenants:
                await tx.execute(
                    "insert into subscriptions (tenant_id, id, source_id, full_text) values ($1, $2, $3, $4)",
                    tenant,
                    uuid4(),
                    source,
                    full_text,
                )
        return source

    async def told(self, source: SourceId, url: str, story: StoryId, **over: Any) -> ItemId:
        async with self.platform.tx() as tx:
            values: dict[str, Any] = {"publisher": "P", "title": "Harbour cranes go up", "summary": SUMMARY}
            return await funnel.report(tx, story, url=url, source=source, **{**values, **over})

    async def screened(self, story: StoryId, item: ItemId, tenant: TenantId, *, urgent: bool = True) -> ScreeningId:
        async with self.db.tx(tenant) as tx:
            return await funnel.screening(tx, story, item, urgent=urgent)

    async def run(self, kind: JobKind, tenant: TenantId | None = None) -> int:
        return await funnel.run(self.sv, self.owner, tenant or self.tenant, kind)

    async def read(self, tenant: TenantId | None = None) -> list[Job]:
        jobs = await make.claimed(self.owner, JobKind.READ, tenant or self.tenant)
        for job in jobs:
            await read(self.sv, [job])
        return jobs

    async def claims(self, screening: ScreeningId) -> list[str]:
        async with self.db.read(self.tenant) as tx:
            return [claim.text for claim in (await evidence.pack(tx, self.tenant, screening)).claims]

    async def row(self, item: ItemId) -> Any:
        return await self.owner.fetchrow("select * from item_texts where item_id = $1", item)

    async def seen(self, item: ItemId, tenant: TenantId | None = None) -> texts.TextOfItem | None:
        async with self.db.read(tenant or self.tenant) as tx:
            return await texts.of_item(tx, item)


@pytest.fixture
async def desk(db: AppDb, platform: WorkerDb, owner: Any) -> Desk:
    desk = Desk(db, platform, owner)
    desk.tenant = await make.tenant(platform, profile=Profile(keywords=("harbour",)))
    return desk


async def one(desk: Desk, url: str = "https://post.test/cranes", **over: Any) -> tuple[ItemId, ScreeningId]:
    """A story of one item, urgent, before gate 2."""
    story = StoryId(uuid4())
    item = await desk.told(await desk.source(desk.tenant, **over), url, story)
    return item, await desk.screened(story, item, desk.tenant)


async def test_a_story_that_is_relevant_is_read_and_its_evidence_is_the_article(desk: Desk) -> None:
    item, screening = await one(desk)
    await desk.run(JobKind.RELATE)
    (job,) = await desk.read()
    assert (job.payload, desk.pages.asked) == ({"item": str(item)}, ["https://post.test/cranes"])
    await desk.run(JobKind.ASSESS)
    await desk.run(JobKind.GATHER)
    assert await desk.claims(screening) == ARTICLE.split("\n\n")
    assert await desk.owner.fetchval("select count(*) from jobs where kind = 'fit'") == 1


async def test_nothing_is_read_before_relevance_is_judged(desk: Desk) -> None:
    await one(desk)
    assert await desk.read() == []


async def test_a_story_that_passes_waits_for_articles_that_are_being_read(desk: Desk) -> None:
    _, screening = await one(desk)
    await desk.run(JobKind.RELATE)
    await desk.run(JobKind.ASSESS)
    await desk.run(JobKind.GATHER)
    waiting = await desk.owner.fetchrow("select state, error, attempt from jobs where kind = 'gather'")
    assert (waiting["state"], "being read" in waiting["error"]) == ("scheduled", True)
    assert await desk.claims(screening) == []
    await desk.read()
    await desk.owner.execute("update jobs set state = 'ready' where kind = 'gather'")
    await desk.run(JobKind.ASSESS)
    await desk.run(JobKind.GATHER)
    assert await desk.claims(screening) == ARTICLE.split("\n\n")


async def test_it_waits_no_longer_than_its_patience(desk: Desk, database_time: DatabaseTime) -> None:
    _, screening = await one(desk)
    await desk.run(JobKind.RELATE)
    await database_time.advance(PATIENCE + timedelta(seconds=1))
    await desk.run(JobKind.ASSESS)
    await desk.run(JobKind.GATHER)
    assert await desk.claims(screening) == [SUMMARY]


@pytest.mark.parametrize("state", [state for state in TextState if state is not TextState.READ])
async def test_without_a_text_the_sources_words_stay_and_the_reason_is_kept(desk: Desk, state: TextState) -> None:
    item, screening = await one(desk)
    desk.pages.readings["https://post.test/cranes"] = Reading(state=state, detail="So it is.", status=200)
    await desk.run(JobKind.RELATE)
    await desk.read()
    await desk.run(JobKind.ASSESS)
    await desk.run(JobKind.GATHER)
    assert await desk.claims(screening) == [SUMMARY]
    seen = await desk.seen(item)
    assert seen
    assert (seen.state, seen.detail, seen.retry_at is not None) == (state, "So it is.", state.passing)


async def test_what_may_pass_is_tried_again_a_few_times_and_then_no_more(
    desk: Desk, database_time: DatabaseTime
) -> None:
    item, _ = await one(desk)
    desk.pages.readings["https://post.test/cranes"] = Reading(state=TextState.UNREACHABLE, detail="No answer.")
    await desk.run(JobKind.RELATE)
    await desk.read()
    for number, wait in enumerate(AGAIN, 1):
        again = await desk.owner.fetchrow("select tenant_id, run_at from jobs where kind = 'read'")
        assert (again["tenant_id"], again["run_at"]) == (PLATFORM, desk.clock.now() + wait)
        assert len(desk.pages.asked) == number
        desk.clock.advance(wait)
        await database_time.advance(wait + timedelta(minutes=1))
        await desk.owner.execute("update jobs set state = 'ready' where kind = 'read'")
        await desk.read(PLATFORM)
    assert await desk.owner.fetchval("select count(*) from jobs where kind = 'read'") == 0
    row = await desk.row(item)
    assert (row["tries"], row["retry_at"]) == (len(AGAIN) + 1, None)


async def test_a_server_that_says_when_to_come_back_is_heard(desk: Desk) -> None:
    await one(desk)
    busy = Reading(state=TextState.UNREACHABLE, detail="Busy.", retry_after_s=7200)
    desk.pages.readings["https://post.test/cranes"] = busy
    await desk.run(JobKind.RELATE)
    await desk.read()
    run_at = await desk.owner.fetchval("select run_at from jobs where kind = 'read'")
    assert run_at == desk.clock.now() + timedelta(hours=2)


async def test_two_tenants_read_an_article_once(desk: Desk) -> None:
    other = await make.tenant(desk.platform, "other", Profile(keywords=("harbour",)))
    story = StoryId(uuid4())
    item = await desk.told(await desk.source(desk.tenant, other), "https://post.test/cranes", story)
    for tenant in (desk.tenant, other):
        await desk.screened(story, item, tenant)
        await desk.run(JobKind.RELATE, tenant)
    assert (len(await desk.read()), len(await desk.read(other))) == (1, 0)
    assert (await desk.seen(item, other)) == (await desk.seen(item))


async def test_two_processes_do_not_look_at_once(desk: Desk) -> None:
    item, _ = await one(desk)
    await desk.run(JobKind.RELATE)
    async with desk.platform.tx() as tx:
        first = await texts.take(tx, item, HOLD)
        assert first
        assert await texts.take(tx, item, HOLD) is None
    await desk.read()
    assert desk.pages.asked == []
    assert await desk.owner.fetchval("select state from jobs where kind = 'read'") == "scheduled"


async def test_a_look_that_outlived_its_time_changes_nothing(desk: Desk, database_time: DatabaseTime) -> None:
    item, _ = await one(desk)
    await desk.run(JobKind.RELATE)
    async with desk.platform.tx() as tx:
        late = await texts.take(tx, item, HOLD)
    await database_time.advance(HOLD + timedelta(minutes=1))
    await desk.read()
    async with desk.platform.tx() as tx:
        assert late
        gone = Reading(state=TextState.GONE)
        assert not await texts.store(tx, item, gone, tries=late.tries, retry_at=None)
    assert (await desk.row(item))["state"] == "read"


async def test_a_tenant_that_wants_no_texts_has_none_read(desk: Desk) -> None:
    _, screening = await one(desk, full_text=False)
    await desk.run(JobKind.RELATE)
    assert await desk.read() == []
    await desk.run(JobKind.ASSESS)
    await desk.run(JobKind.GATHER)
    assert await desk.claims(screening) == [SUMMARY]


async def test_samples_have_no_page(desk: Desk) -> None:
    story = StoryId(uuid4())
    item = await desk.told(await desk.source(desk.tenant), "https://post.test/cranes", story, sample=True)
    await desk.screened(story, item, desk.tenant)
    await desk.run(JobKind.RELATE)
    assert await desk.read() == []


async def test_a_posts_own_words_are_all_there_is(desk: Desk) -> None:
    source = await desk.source(desk.tenant)
    await desk.owner.execute("update sources set kind = 'telegram' where id = $1", source)
    story = StoryId(uuid4())
    item = await desk.told(source, "https://t.me/port/17", story)
    await desk.screened(story, item, desk.tenant)
    await desk.run(JobKind.RELATE)
    assert await desk.read() == []


async def test_of_a_story_that_everybody_reports_only_so_many_articles_are_read(desk: Desk) -> None:
    source, story = await desk.source(desk.tenant), StoryId(uuid4())
    items = [await desk.told(source, f"https://post.test/{n}", story) for n in range(texts.PER_STORY + 3)]
    await desk.screened(story, items[0], desk.tenant)
    await desk.run(JobKind.RELATE)
    assert len(await desk.read()) == texts.PER_STORY


async def test_what_joins_a_story_that_was_relevant_is_read_too(desk: Desk) -> None:
    source, story = await desk.source(desk.tenant), StoryId(uuid4())
    first = await desk.told(source, "https://post.test/one", story)
    await desk.screened(story, first, desk.tenant)
    second = await desk.told(source, "https://post.test/two", story)
    await rules_of(desk, second)
    assert await desk.read() == []
    await desk.run(JobKind.RELATE)
    third = await desk.told(source, "https://post.test/three", story)
    await desk.read()
    await rules_of(desk, third)
    assert [one.payload["item"] for one in await desk.read()] == [str(third)]


async def rules_of(desk: Desk, item: ItemId) -> None:
    await desk.owner.execute(
        """insert into jobs (tenant_id, kind, payload) values ($1, 'rules', jsonb_build_object('item', $2::text))""",
        desk.tenant,
        str(item),
    )
    for found in await make.claimed(desk.owner, JobKind.RULES, desk.tenant):
        await rules(desk.sv, [found])


async def test_the_page_fills_a_date_that_no_source_gave_and_overwrites_none(desk: Desk) -> None:
    source, story = await desk.source(desk.tenant), StoryId(uuid4())
    told = datetime(2026, 4, 30, tzinfo=UTC)
    dated = await desk.told(source, "https://post.test/dated", story, at=told)
    undated = await desk.told(source, "https://post.test/undated", story)
    said = datetime(2026, 5, 1, tzinfo=UTC)
    for name in ("dated", "undated"):
        reading = Reading(state=TextState.READ, text=ARTICLE, published_at=said, language="de")
        desk.pages.readings[f"https://post.test/{name}"] = reading
    await desk.screened(story, dated, desk.tenant)
    await desk.run(JobKind.RELATE)
    await desk.read()
    for item, expected in ((dated, told), (undated, said)):
        row = await desk.owner.fetchrow("select published_at, language from items where id = $1", item)
        assert tuple(row) == (expected, "de")


async def test_an_article_at_two_addresses_is_evidence_once(desk: Desk) -> None:
    source, story = await desk.source(desk.tenant), StoryId(uuid4())
    main = await desk.told(source, "https://post.test/cranes", story)
    print_ = await desk.told(source, "https://post.test/cranes/print", story)
    reading = Reading(state=TextState.READ, text=ARTICLE, canonical_url="https://post.test/cranes")
    desk.pages.readings = dict.fromkeys(("https://post.test/cranes", "https://post.test/cranes/print"), reading)
    await desk.screened(story, main, desk.tenant)
    await desk.run(JobKind.RELATE)
    await desk.read()
    async with desk.db.read(desk.tenant) as tx:
        assert [one.item_id for one in await evidence.reports(tx, desk.tenant, story)] == [main]
    seen = await desk.seen(print_)
    assert seen
    assert (seen.same_as, (await desk.row(main))["alias_of"]) == (main, None)


async def test_the_text_of_a_private_sources_item_exists_for_its_tenant_alone(desk: Desk, platform: WorkerDb) -> None:
    stranger = await make.tenant(platform, "stranger")
    source, story = await desk.source(desk.tenant, owner=desk.tenant), StoryId(uuid4())
    item = await desk.told(source, "https://letters.test/17", story)
    await desk.owner.execute("update items set public = false where id = $1", item)
    await desk.owner.execute("update sightings set tenant_id = $1 where item_id = $2", desk.tenant, item)
    await desk.screened(story, item, desk.tenant)
    await desk.run(JobKind.RELATE)
    await desk.read()
    assert await desk.seen(item)
    assert await desk.seen(item, stranger) is None
    async with desk.db.tx(stranger) as tx:
        assert await tx.fetch("select * from item_texts") == []
        assert await texts.want(tx, stranger, [item], most=12) == []
    await desk.owner.execute("select delete_tenant($1)", desk.tenant)
    assert await desk.row(item) is None


async def test_an_article_whose_job_was_lost_is_read_all_the_same(desk: Desk, database_time: DatabaseTime) -> None:
    item, _ = await one(desk)
    await desk.run(JobKind.RELATE)
    await desk.owner.execute("delete from jobs where kind = 'read'")
    await database_time.advance(timedelta(minutes=6))
    await desk.owner.execute("insert into jobs (tenant_id, kind) values ($1, 'wake')", PLATFORM)
    await wake(desk.sv, await make.claimed(desk.owner, JobKind.WAKE, PLATFORM))
    await desk.read(PLATFORM)
    assert (await desk.row(item))["state"] == "read"


async def test_articles_wait_for_their_registered_domain_however_many_names_it_has(
    desk: Desk, database_time: DatabaseTime
) -> None:
    keys = "select distinct key from jobs where kind = 'read'"
    for number in range(3):
        await one(desk, f"https://host{number}.slow.co.uk/cranes")
    await desk.run(JobKind.RELATE)
    assert [row["key"] for row in await desk.owner.fetch(keys)] == ["slow.co.uk"]
    await desk.owner.execute("delete from jobs where kind = 'read'")
    await database_time.advance(timedelta(minutes=6))
    await wake(desk.sv, [])
    assert [row["key"] for row in await desk.owner.fetch(keys)] == ["slow.co.uk"]


async def test_a_text_is_let_go_when_it_was_kept_long_enough_and_not_read_again(desk: Desk) -> None:
    item, _ = await one(desk)
    young, _ = await one(desk, "https://post.test/ferry")
    await desk.run(JobKind.RELATE)
    await desk.read()
    await desk.owner.execute(
        "update item_texts set fetched_at = cid_now() - interval '31 days' where item_id = $1", item
    )
    await tidy(desk.sv, [])
    row, kept = await desk.row(item), await desk.row(young)
    assert (row["text"], row["state"], row["words"], row["retry_at"]) == ("", "read", 34, None)
    assert kept["text"] == ARTICLE
    await wake(desk.sv, [])
    assert await desk.owner.fetchval("select count(*) from jobs where kind = 'read' and state = 'ready'") == 0
