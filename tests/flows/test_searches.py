"""Searches on a real desk: whose they are, what becomes of their headlines, and who counts for the spread."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from cid.domain.errors import Conflict, Refused
from cid.domain.ids import PLATFORM, StoryId, TenantId
from cid.domain.jobs import JobKind
from cid.domain.llm import Caps
from cid.domain.news import Entry, Polled, PollOutcome, SourceKind
from cid.flows import sources as people
from cid.flows.group import group
from cid.flows.poll import poll
from cid.flows.sources import Wish
from cid.llm.reads import Purse, load_read_prices
from cid.outside.http import GuardedHttp
from cid.pg.pool import AppDb, WorkerDb
from cid.services import Outside, Services
from cid.sources.serpapi import SerpApiReader
from cid.store import evidence, items, sources
from cid.workers.child import FUNCTIONS
from tests import funnel, make
from tests.fakes import FakeHttp, FakeReader, InlineChildren
from tests.wire import wire

NEWS = Wish(kind=SourceKind.GOOGLE_NEWS, config={"query": '"Harbour  Post"', "country": "Moldova"})


def headline(number: int, publisher: str) -> Entry:
    return Entry(
        key=f"CBMi{number}",
        url=f"https://news.google.com/rss/articles/CBMi{number}",
        title="Ferry back in service after repairs",
        publisher=publisher,
        identity=f"headline:{publisher}:ferry back in service after repairs",
    )


@pytest.fixture
async def tenant(platform: WorkerDb) -> TenantId:
    return await make.tenant(platform)


@pytest.fixture
def reader() -> FakeReader:
    return FakeReader(Polled(outcome=PollOutcome.NEW, entries=(headline(1, "post.test"), headline(2, "herald.test"))))


@pytest.fixture
def sv(db: AppDb, platform: WorkerDb, reader: FakeReader) -> Services:
    readers = {SourceKind.GOOGLE_NEWS: reader, SourceKind.RSS: reader}
    return make.services(
        db, platform, outside=Outside(http=FakeHttp(), children=InlineChildren({}), sources=readers, channels={})
    )


async def poll_all(sv: Services, owner: Any) -> None:
    await owner.execute("update jobs set state = 'ready' where kind = 'poll'")
    for job in await make.claimed(owner, JobKind.POLL, PLATFORM):
        await poll(sv, [job])


async def test_a_search_is_kept_to_the_letter_and_is_the_tenants_own(
    sv: Services, tenant: TenantId, owner: Any, platform: WorkerDb
) -> None:
    added = await people.add(sv, tenant, NEWS, None)
    row = await owner.fetchrow("select tenant_id, kind, config, title, interval_s from sources")
    assert (row["tenant_id"], row["kind"], row["interval_s"]) == (tenant, "google_news", 900)
    assert row["title"] == '"Harbour Post" (Google News search)'
    async with platform.read() as tx:
        assert added.source_id
        stored = (await sources.by_ids(tx, [added.source_id]))[added.source_id]
        assert stored.config == {"query": '"Harbour  Post"', "country": "MD"}
    with pytest.raises(Conflict):
        await people.add(sv, tenant, replace(NEWS, config={**NEWS.config, "country": "MDA"}), None)
    other = await make.tenant(platform, "other")
    theirs = await people.add(sv, other, NEWS, None)
    assert theirs.source_id != added.source_id, "nobody learns what another looks for"


async def test_a_wish_that_cannot_be_is_refused_and_nothing_is_stored(
    sv: Services, tenant: TenantId, owner: Any
) -> None:
    with pytest.raises(Refused, match="Atlantis"):
        await people.add(sv, tenant, replace(NEWS, config={"query": "x", "country": "Atlantis"}), None)
    assert await owner.fetchval("select count(*) from sources") == 0


async def test_a_feed_that_somebody_keeps_to_themselves_is_not_shared(
    sv: Services, tenant: TenantId, platform: WorkerDb, owner: Any
) -> None:
    await people.add(sv, tenant, Wish(url="https://a.test/feed", private=True), None)
    await people.add(sv, await make.tenant(platform, "other"), Wish(url="https://a.test/feed"), None)
    assert [row["tenant_id"] for row in await owner.fetch("select tenant_id from sources order by tenant_id")] == [
        tenant,
        None,
    ]


async def test_a_headline_is_one_item_whatever_its_link_and_each_publisher_counts(
    sv: Services, tenant: TenantId, owner: Any, reader: FakeReader
) -> None:
    await people.add(sv, tenant, NEWS, None)
    await poll_all(sv, owner)
    again = replace(headline(7, "post.test"), url="https://news.google.com/rss/articles/CBMi7777")
    reader.polled = replace(reader.polled, entries=(again, headline(2, "herald.test")))
    await poll_all(sv, owner)
    assert await owner.fetchval("select count(*) from items") == 2
    assert [row["publisher"] for row in await owner.fetch("select publisher from sightings order by publisher")] == [
        "herald.test",
        "post.test",
    ]
    jobs = await make.claimed(owner, JobKind.GROUP, PLATFORM)
    await group(sv, jobs)
    (story,) = [row["story_id"] for row in await owner.fetch("select distinct story_id from items")]
    async with sv.db.read(tenant) as tx:
        assert (await evidence.spread(tx, tenant, StoryId(story))).publishers == 2
        assert await evidence.reports(tx, tenant, StoryId(story)) == [], "these links are cited nowhere"
        seen = [
            found
            for item in await items.of_story(tx, StoryId(story))
            for found in await items.sightings(tx, tenant, item.id)
        ]
    assert sorted(found.publisher for found in seen) == ["herald.test", "post.test"]


async def test_each_paid_search_is_a_row_of_the_ledger(sv: Services, tenant: TenantId, db: AppDb, owner: Any) -> None:
    added = await people.add(sv, tenant, Wish(kind=SourceKind.SERPAPI, config={"query": "ferry"}), None)
    assert added.source_id
    async with wire() as server, GuardedHttp(allow_local=[f"127.0.0.1:{server.port}"]) as http:
        server.answers["/search.json"] = b'{"news_results": [{"title": "Ferry", "link": "https://a.test/1"}]}'
        purse = Purse(db, sv.clock, caps=Caps(), prices=load_read_prices(funnel.CONFIG / "prices.toml"))
        reader = SerpApiReader(http, InlineChildren(FUNCTIONS), sv.clock, purse, key="k3y", base=server.base)
        async with sv.platform.read() as tx:
            source = (await sources.by_ids(tx, [added.source_id]))[added.source_id]
        first = await reader.poll(source)
        again = await reader.poll(source)  # the process died before it stored the first
        assert (again.entries, again.cursor, len(server.asked)) == (first.entries, first.cursor, 1)
        await reader.poll(replace(source, cursor=first.cursor or ""))
        assert len(server.asked) == 2
    rows = await owner.fetch("select tenant_id, stage, provider, model, state, cost, request::text as said from calls")
    assert [tuple(row)[:6] for row in rows] == [
        (tenant, "poll", "serpapi", "searches", "answered", Decimal("0.015"))
    ] * 2
    assert all("ferry when:1d" in row["said"] and "k3y" not in row["said"] for row in rows)


async def test_headlines_alone_wait_for_a_report_that_can_be_cited(
    sv: Services, tenant: TenantId, platform: WorkerDb, owner: Any
) -> None:
    story = StoryId(uuid4())
    async with platform.tx() as tx:
        opened = [
            await funnel.report(tx, story, publisher=f"{name}.test", title="Ferry back", summary="", at=sv.clock.now())
            for name in ("post", "herald", "wire")
        ]
        await tx.execute("update items set identity = 'headline:' || id")
    async with sv.db.tx(tenant) as tx:
        screening = await funnel.screening(tx, story, opened[0])
    await owner.execute("update screenings set stage = 'assess' where id = $1", screening)
    await owner.execute("update jobs set kind = 'assess' where tenant_id = $1", tenant)
    await funnel.run(sv, owner, tenant, JobKind.ASSESS, JobKind.GATHER, JobKind.FIT)
    assert [tuple(row)[:2] for row in await funnel.states(owner)] == [("waiting", "assess")]
    async with platform.tx() as tx:
        await funnel.report(
            tx,
            story,
            publisher="post.test",
            title="Ferry back",
            summary="The ferry goes again between the two banks.",
            at=sv.clock.now(),
        )
    await owner.execute("update jobs set state = 'ready' where kind = 'assess'")
    await funnel.run(sv, owner, tenant, JobKind.ASSESS, JobKind.GATHER, JobKind.FIT)
    assert [tuple(row)[:2] for row in await funnel.states(owner)] == [("open", "draft")]
