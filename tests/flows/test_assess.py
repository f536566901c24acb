"""Gate 3 at work: whom it counts, whom it asks, and what it writes down about competitors."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from cid.domain.angles import Angle
from cid.domain.errors import CidError
from cid.domain.ids import ScreeningId, SourceId, StoryId, TenantId, VerdictId
from cid.domain.interest import Busy, Heard, Known, Ours, Question
from cid.domain.jobs import JobKind, NewJob
from cid.domain.tenants import Profile
from cid.domain.verdicts import Gate, Pass, Reason
from cid.flows.assess import assess
from cid.flows.draft import write
from cid.queue import jobs as queue
from cid.services import Services
from cid.store import competition, evidence, interest, screenings, stories, telling, verdicts
from cid.text.spread import spread
from tests import funnel, make
from tests.fakes import FrozenClock
from tests.trends import FakeTrends

if TYPE_CHECKING:
    import asyncpg

    from cid.pg.pool import AppDb, WorkerDb

    Owner = asyncpg.Connection[asyncpg.Record]

PROFILE = Profile(keywords=("Ferry", "रेपो रेट"), geography=("Australia",), avoided_angles=("opportunity",))
FERRY, RATE = Question("AU", "ferry"), Question("AU", "रेपो रेट")
SUMMARY = "The harbour board met on Tuesday and spoke about the ferries of the north basin."


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime.now(UTC))


@pytest.fixture
async def tenant(platform: WorkerDb) -> TenantId:
    return await make.tenant(platform, profile=PROFILE)


@pytest.fixture
async def other(platform: WorkerDb) -> TenantId:
    return await make.tenant(platform, "other", PROFILE)


@pytest.fixture
def trends() -> FakeTrends:
    return FakeTrends(lambda question: Heard(scores={question.keyword: 80.0}))


@pytest.fixture
def sv(db: AppDb, platform: WorkerDb, clock: FrozenClock, trends: FakeTrends) -> Services:
    return make.services(db, platform, outside=replace(funnel.outside(), trends=trends), clock=clock)


async def told(sv: Services, *ages_h: float, story: StoryId | None = None) -> StoryId:
    """A story that as many vetted publishers reported so many hours ago."""
    story = story or StoryId(uuid4())
    async with sv.platform.tx() as tx:
        for number, age in enumerate(ages_h):
            at = sv.clock.now() - timedelta(hours=age)
            title = f"Ferry service across the harbour, report {number}"
            await funnel.report(tx, story, publisher=f"P{number}", title=title, summary=SUMMARY, at=at)
    return story


async def follow(
    owner: Owner, tenant: TenantId, *, role: str = "competitor", publisher: str = "rival.test"
) -> SourceId:
    source = SourceId(uuid4())
    await owner.execute(
        "insert into sources (id, kind, url, publisher, vetted, polled_at) values ($1, 'rss', $2, $3, true, cid_now())",
        source,
        f"https://{source}.test/feed",
        publisher,
    )
    await owner.execute(
        "insert into subscriptions (tenant_id, id, source_id, role) values ($1, $2, $3, $4)",
        tenant,
        uuid4(),
        source,
        role,
    )
    return source


async def wrote(sv: Services, story: StoryId, source: SourceId, title: str, age_h: float = 0) -> None:
    at = sv.clock.now() - timedelta(hours=age_h)
    async with sv.platform.tx() as tx:
        await funnel.report(tx, story, publisher="", title=title, summary=SUMMARY, at=at, source=source)


async def opened(
    sv: Services, owner: Owner, tenant: TenantId, story: StoryId, *keywords: str, urgent: bool = False
) -> ScreeningId:
    """As gates 1 and 2 leave it."""
    item = await owner.fetchval("select id from items where story_id = $1 order by published_at limit 1", story)
    async with sv.db.tx(tenant) as tx:
        one = await funnel.screening(tx, story, item, urgent=urgent)
        await verdicts.add(
            tx,
            VerdictId(make.uuid7_now()),
            Gate.RULES,
            Pass(Reason.KEYWORD, signals={"keywords": list(keywords)}),
            story=story,
            item=item,
            screening=one,
        )
        await tx.execute("update screenings set stage = 'assess' where tenant_id = $1 and id = $2", tenant, one)
        job = NewJob(kind=JobKind.ASSESS, tenant=tenant, payload={"screening": str(one)}, dedupe=str(one))
        await queue.enqueue(tx, job)
    return one


async def run(sv: Services, owner: Owner, tenant: TenantId) -> None:
    for job in await make.claimed(owner, JobKind.ASSESS, tenant):
        await assess(sv, [job])


async def state(owner: Owner, screening: ScreeningId) -> tuple[str, str]:
    row = await owner.fetchrow("select state, stage from screenings where id = $1", screening)
    assert row
    return row["state"], row["stage"]


async def said(sv: Services, tenant: TenantId, screening: ScreeningId) -> verdicts.Said:
    async with sv.db.read(tenant) as tx:
        (one,) = [line for line in await verdicts.of_screening(tx, tenant, screening) if line.gate is Gate.SIGNAL]
    return one


# ------------------------------------------------------------------------------------------------------------ interest


async def test_a_lone_report_passes_where_much_is_searched_for_its_keywords(
    sv: Services, owner: Owner, tenant: TenantId, trends: FakeTrends
) -> None:
    one = await opened(sv, owner, tenant, await told(sv, 1), "रेपो रेट")
    await run(sv, owner, tenant)
    assert await state(owner, one) == ("open", "gather")
    line = await said(sv, tenant, one)
    assert (line.score, line.signals["search_interest"], line.signals["search_interest_of"]) == (44, 80, "रेपो रेट (AU)")
    assert float(await owner.fetchval("select score from screenings")) == 44
    assert trends.asked == [(tenant, RATE)]


async def test_a_provider_that_fails_leaves_all_weight_to_the_spread_and_the_verdict_says_so(
    sv: Services, owner: Owner, tenant: TenantId, trends: FakeTrends
) -> None:
    trends.answer = lambda _: Heard(missing="SerpApi: answers 500.")
    two, one = await told(sv, 1, 1.5), await told(sv, 1)
    passes, waits = await opened(sv, owner, tenant, two, "Ferry"), await opened(sv, owner, tenant, one, "Ferry")
    await run(sv, owner, tenant)
    assert await state(owner, passes) == ("open", "gather")
    assert await state(owner, waits) == ("waiting", "assess")
    line = await said(sv, tenant, passes)
    assert (line.score, line.signals["search_interest"]) == (40, None)
    assert line.signals["search_interest_missing"] == "SerpApi: answers 500."
    assert len(trends.asked) == 1, "it is asked again after a while, not for the next story"
    left = await owner.fetchval("select extract(epoch from until - cid_now()) from interest")
    assert 800 < left <= 900


async def test_an_answer_holds_for_all_tenants_and_for_its_time(
    sv: Services, owner: Owner, tenant: TenantId, other: TenantId, trends: FakeTrends
) -> None:
    story = await told(sv, 1)
    await opened(sv, owner, tenant, story, "Ferry")
    theirs = await opened(sv, owner, other, story, "ferry")
    await run(sv, owner, tenant)
    await run(sv, owner, other)
    assert await state(owner, theirs) == ("open", "gather")
    assert trends.asked == [(tenant, FERRY)]
    await owner.execute("update interest set until = cid_now() - interval '1 second'")
    await opened(sv, owner, other, await told(sv, 1), "Ferry")
    await run(sv, owner, other)
    assert trends.asked == [(tenant, FERRY), (other, FERRY)]


async def test_what_one_process_asks_no_other_asks_meanwhile(
    sv: Services, owner: Owner, tenant: TenantId, other: TenantId, trends: FakeTrends
) -> None:
    story = await told(sv, 1)
    mine, theirs = await opened(sv, owner, tenant, story, "Ferry"), await opened(sv, owner, other, story, "Ferry")
    trends.go_on.clear()
    asking = asyncio.create_task(run(sv, owner, tenant))
    await trends.begun.wait()
    (job,) = await make.claimed(owner, JobKind.ASSESS, other)
    await assess(sv, [job])
    assert await state(owner, theirs) == ("open", "assess")
    sleeps = await owner.fetchrow("select state, attempt from jobs where id = $1", job.id)
    assert sleeps
    assert (sleeps["state"], sleeps["attempt"]) == ("scheduled", 0)
    trends.go_on.set()
    await asking
    assert await state(owner, mine) == ("open", "gather")
    async with sv.platform.tx() as tx:
        known = await interest.look(tx, "fake", FERRY, timedelta(seconds=60))
    assert known == Known(scores={"ferry": 80})
    assert len(trends.asked) == 1


async def test_who_died_asking_is_followed_by_the_next(
    sv: Services, owner: Owner, tenant: TenantId, trends: FakeTrends
) -> None:
    async with sv.platform.tx() as tx:
        assert isinstance(await interest.look(tx, "fake", FERRY, timedelta(seconds=60)), Ours)
        assert isinstance(await interest.look(tx, "fake", FERRY, timedelta(seconds=60)), Busy)
    await owner.execute("update interest set asking_until = cid_now() - interval '1 second'")
    one = await opened(sv, owner, tenant, await told(sv, 1), "Ferry")
    await run(sv, owner, tenant)
    assert await state(owner, one) == ("open", "gather")
    assert len(trends.asked) == 1


async def test_what_one_tenant_cannot_pay_for_another_may_ask(
    sv: Services, owner: Owner, tenant: TenantId, other: TenantId, trends: FakeTrends
) -> None:
    trends.answer = lambda _: Heard(missing="the day's budget is used up", own=True)
    story = await told(sv, 1)
    poor, rich = await opened(sv, owner, tenant, story, "Ferry"), await opened(sv, owner, other, story, "Ferry")
    await run(sv, owner, tenant)
    assert await state(owner, poor) == ("waiting", "assess")
    trends.answer = lambda question: Heard(scores={question.keyword: 90.0})
    await run(sv, owner, other)
    assert await state(owner, rich) == ("open", "gather")
    assert [who for who, _ in trends.asked] == [tenant, other]


async def test_who_wants_to_be_left_alone_is_asked_about_nothing(
    sv: Services, owner: Owner, tenant: TenantId, other: TenantId, trends: FakeTrends
) -> None:
    trends.answer = lambda _: Heard(missing="asks to be left alone (429)", rest=timedelta(hours=1))
    await opened(sv, owner, tenant, await told(sv, 1), "Ferry")
    two = await opened(sv, owner, other, await told(sv, 1, 1.5), "रेपो रेट")
    await run(sv, owner, tenant)
    await run(sv, owner, other)
    assert len(trends.asked) == 1
    assert (await said(sv, other, two)).signals["search_interest_missing"] == "asks to be left alone (429)"


async def test_nobody_is_asked_about_news_that_passes_in_any_case(
    sv: Services, owner: Owner, tenant: TenantId, trends: FakeTrends
) -> None:
    three = await opened(sv, owner, tenant, await told(sv, 1, 1, 1), "Ferry")
    words = await opened(sv, owner, tenant, await told(sv, 1), "Ferry", urgent=True)
    await run(sv, owner, tenant)
    assert trends.asked == []
    for one, urgent in ((three, "spread"), (words, "words")):
        line = await said(sv, tenant, one)
        assert (line.reason, line.signals["urgent"]) == (Reason.URGENT, urgent)
        assert "not asked" in str(line.signals["search_interest_missing"])


async def test_a_countrys_list_is_asked_for_once_and_what_it_held_counts_for_a_day(
    sv: Services, owner: Owner, tenant: TenantId, trends: FakeTrends
) -> None:
    trends.lists = True
    trends.answer = lambda _: Heard(scores={"harbour ferry strike": 70.0, "cup final": 90.0})
    one, none = await told(sv, 1), await told(sv, 1)
    passes, waits = await opened(sv, owner, tenant, one, "Ferry"), await opened(sv, owner, tenant, none, "रेपो रेट")
    await run(sv, owner, tenant)
    assert await state(owner, passes) == ("open", "gather")
    assert await state(owner, waits) == ("waiting", "assess"), "what is not in the list is not known"
    assert trends.asked == [(tenant, Question("AU", ""))]
    trends.answer = lambda _: Heard(missing="Google's list of searches is empty.")
    await owner.execute("update interest set until = cid_now() where keyword = ''")
    later = await opened(sv, owner, tenant, await told(sv, 1), "Ferry")
    await run(sv, owner, tenant)
    assert await state(owner, later) == ("open", "gather"), "the list before still holds"
    assert len(trends.asked) == 2


async def test_without_a_provider_two_sources_are_needed(
    db: AppDb, platform: WorkerDb, owner: Owner, tenant: TenantId, clock: FrozenClock
) -> None:
    sv = make.services(db, platform, outside=funnel.outside(), clock=clock)
    one = await opened(sv, owner, tenant, await told(sv, 1), "Ferry")
    two = await opened(sv, owner, tenant, await told(sv, 1, 2), "Ferry")
    await run(sv, owner, tenant)
    assert await state(owner, one) == ("waiting", "assess")
    assert await state(owner, two) == ("open", "gather")
    assert "names no provider" in str((await said(sv, tenant, two)).signals["search_interest_missing"])


async def test_what_is_over_is_let_go(sv: Services, owner: Owner) -> None:
    async with sv.platform.tx() as tx:
        await interest.tell(tx, "fake", "AU", {"ferry": 1.0, "levy": None}, timedelta(hours=1))
        await interest.forget(tx)
    assert await owner.fetchval("select count(*) from interest") == 2
    await owner.execute("update interest set until = cid_now() - interval '2 days'")
    async with sv.platform.tx() as tx:
        await interest.forget(tx)
    assert await owner.fetchval("select count(*) from interest") == 0


# -------------------------------------------------------------------------------------------------------------- spread


async def test_a_burst_is_as_many_publishers_as_reported_within_two_hours_of_each_other(
    sv: Services, tenant: TenantId
) -> None:
    story = await told(sv, 9, 6.5, 5.5, 4.6, 1)
    async with sv.db.read(tenant) as tx:
        assert (await evidence.spread(tx, tenant, story)).within == 3
        wide = await evidence.spread(tx, tenant, story, timedelta(hours=24))
    assert (wide.publishers, wide.within) == (5, 5)


async def test_a_story_of_three_hundred_items_is_counted_like_any_other(
    sv: Services, owner: Owner, tenant: TenantId
) -> None:
    story = await told(sv, *(number / 100 for number in range(300)))
    one = await opened(sv, owner, tenant, story, "Ferry")
    await run(sv, owner, tenant)
    line = await said(sv, tenant, one)
    assert (line.score, line.signals["publishers"], line.signals["publishers_within"]) == (100, 300, 201)


# --------------------------------------------------------------------------------------------------------- competitors


async def test_a_competitor_lends_no_weight_and_is_no_evidence_unless_the_tenant_takes_its_news(
    sv: Services, owner: Owner, tenant: TenantId, other: TenantId
) -> None:
    story = await told(sv, 1)
    rival = await follow(owner, tenant)
    await wrote(sv, story, rival, "What the ferry strike means for commuters")
    async with sv.db.read(tenant) as tx:
        assert (await evidence.spread(tx, tenant, story)).publishers == 1
        assert len(await evidence.reports(tx, tenant, story)) == 1
        shown = spread(await telling.reports(tx, tenant, story))
        assert shown.publishers == 1, "the page counts as the gate does"
    async with sv.db.read(other) as tx:
        assert (await evidence.spread(tx, other, story)).publishers == 2, "whom one follows is no other's business"
        assert len(await evidence.reports(tx, other, story)) == 2
    news = await follow(owner, tenant, role="news")
    await wrote(sv, story, news, "Ferry strike: the second feed of the same publisher")
    async with sv.db.read(tenant) as tx:
        assert (await evidence.spread(tx, tenant, story)).publishers == 2
        assert spread(await telling.reports(tx, tenant, story)).publishers == 2


async def test_a_competitors_report_wakes_no_story_that_waits_for_signal(
    sv: Services, owner: Owner, tenant: TenantId, trends: FakeTrends
) -> None:
    trends.answer = lambda _: Heard(scores={})
    story = await told(sv, 1)
    one = await opened(sv, owner, tenant, story, "Ferry")
    await run(sv, owner, tenant)
    assert await state(owner, one) == ("waiting", "assess")
    await wrote(sv, story, await follow(owner, tenant), "Ferry strike by the numbers")
    async with sv.platform.tx() as tx:
        assert await stories.spread_reached(tx, [story], make.policy()) == []
    await wrote(sv, story, await follow(owner, tenant, role="news", publisher="news.test"), "Ferry strike goes on")
    async with sv.platform.tx() as tx:
        assert await stories.spread_reached(tx, [story], make.policy()) == [(tenant, one)]


async def test_what_competitors_took_is_written_down_and_being_first_lifts_a_story(
    sv: Services, owner: Owner, tenant: TenantId, trends: FakeTrends
) -> None:
    trends.answer = lambda question: Heard(scores={question.keyword: 40.0})
    rival = await follow(owner, tenant)
    late, first = await told(sv, 1), await told(sv, 1)
    await wrote(sv, late, rival, "What the ferry strike means for commuters")
    waits, passes = await opened(sv, owner, tenant, late, "Ferry"), await opened(sv, owner, tenant, first, "Ferry")
    await run(sv, owner, tenant)
    assert await state(owner, waits) == ("waiting", "assess")
    assert await state(owner, passes) == ("open", "gather")
    line = await said(sv, tenant, passes)
    assert (line.score, line.signals["boost"], line.signals["competitors"]) == (43, 15, 0)
    async with sv.db.read(tenant) as tx:
        taken, free = await competition.of(tx, tenant, waits), await competition.of(tx, tenant, passes)
    assert [(one.publisher, one.angle) for one in taken.taken] == [("rival.test", Angle.LOCAL_IMPACT)]
    assert taken.avoid == (Angle.LOCAL_IMPACT, Angle.OPPORTUNITY)
    assert not taken.first_mover
    assert free.first_mover
    assert free.avoid == (Angle.OPPORTUNITY,), "the profile will not have it"


async def test_what_competitors_wrote_since_counts_when_the_draft_is_begun(
    sv: Services, owner: Owner, tenant: TenantId
) -> None:
    story = await told(sv, 1, 1, 1)
    rival = await follow(owner, tenant)
    one = await opened(sv, owner, tenant, story, "Ferry")
    await run(sv, owner, tenant)
    async with sv.db.read(tenant) as tx:
        assert (await competition.of(tx, tenant, one)).first_mover
    await wrote(sv, story, rival, "Beware of the new ferry fines")
    await owner.execute("update screenings set stage = 'draft' where id = $1", one)
    async with sv.db.tx(tenant) as tx:
        job = NewJob(kind=JobKind.DRAFT, tenant=tenant, payload={"screening": str(one)}, dedupe=str(one))
        await queue.enqueue(tx, job)
    (begun,) = await make.claimed(owner, JobKind.DRAFT, tenant)
    with contextlib.suppress(CidError):  # there is no evidence to write from
        await write(sv, [begun])
    async with sv.db.read(tenant) as tx:
        found = await competition.of(tx, tenant, one)
    assert [taken.angle for taken in found.taken] == [Angle.RISK_WARNING]
    assert Angle.RISK_WARNING in found.avoid


@pytest.mark.parametrize("broken", ["failures = 3", "polled_at = null", "state = 'retired'"])
async def test_nobody_is_first_before_competitors_that_cannot_be_read(
    sv: Services, owner: Owner, tenant: TenantId, broken: str
) -> None:
    await owner.execute(f"update sources set {broken} where id = $1", await follow(owner, tenant))
    one = await opened(sv, owner, tenant, await told(sv, 1, 1), "Ferry")
    await run(sv, owner, tenant)
    line = await said(sv, tenant, one)
    assert (line.signals["boost"], line.signals["competitors_followed"]) == (0, 0)


async def test_looking_again_replaces_what_was_known_of_competitors(
    sv: Services, owner: Owner, tenant: TenantId, trends: FakeTrends
) -> None:
    trends.answer = lambda _: Heard(scores={})
    rival = await follow(owner, tenant)
    story = await told(sv, 1)
    one = await opened(sv, owner, tenant, story, "Ferry")
    await run(sv, owner, tenant)
    await wrote(sv, story, rival, "5 things commuters should do")
    async with sv.db.tx(tenant) as tx:
        found = await screenings.by_ids(tx, tenant, [one])
        assert found[0].unsettled
        job = NewJob(kind=JobKind.ASSESS, tenant=tenant, payload={"screening": str(one)}, dedupe=str(one))
        await queue.enqueue(tx, job)
    await run(sv, owner, tenant)
    async with sv.db.read(tenant) as tx:
        assert (await competition.of(tx, tenant, one)).avoid == (Angle.ACTION_LIST, Angle.OPPORTUNITY)


async def test_a_stranger_sees_nothing_of_a_private_competitor(
    sv: Services, owner: Owner, tenant: TenantId, other: TenantId
) -> None:
    story = await told(sv, 1)
    rival = await follow(owner, tenant)
    await wrote(sv, story, rival, "What the ferry strike means for commuters")
    one = await opened(sv, owner, tenant, story, "Ferry")
    await run(sv, owner, tenant)
    async with sv.db.read(other) as tx:
        assert await competition.articles(tx, other, story) == []
        assert await competition.followed(tx, other) == 0
        assert (await competition.of(tx, tenant, one)).taken == (), (
            "the wall holds even where the wrong tenant is named"
        )
