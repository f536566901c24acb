"""Poll → group → rules on a real Postgres."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cid.domain.errors import LostLease
from cid.domain.ids import PLATFORM, SourceId, TenantId
from cid.domain.jobs import Job, JobKind
from cid.domain.news import Entry, Polled, PollOutcome, Source, SourceKind
from cid.domain.tenants import Profile
from cid.flows import sources as people
from cid.flows.group import group
from cid.flows.poll import poll
from cid.flows.rules import rules
from cid.flows.sources import Wish
from cid.pg.pool import AppDb, WorkerDb
from cid.services import Outside, Services
from cid.store import items
from cid.text.urls import site
from tests import make
from tests.fakes import FakeHttp, FrozenClock, InlineChildren

WAITS = """update screenings set state = 'waiting', waiting_for = 'signal', spread = 1,
             until = cid_now() + interval '1 hour'"""
FERRY = "Ferry service across the harbour resumes after long repairs"


class Readings:
    """What each source reports, by its host; the others have nothing new."""

    def __init__(self) -> None:
        self.by_host: dict[str, Polled] = {}

    async def poll(self, source: Source) -> Polled:
        return self.by_host.get(site(source.url), Polled(outcome=PollOutcome.NOT_MODIFIED))


class Desk:
    """The three flows over one tenant's source, run by hand."""

    def __init__(self, db: AppDb, platform: WorkerDb, owner: Any) -> None:
        self.db, self.platform, self.owner = db, platform, owner
        self.clock = FrozenClock()
        self.reader = Readings()
        outside = Outside(
            http=FakeHttp(), children=InlineChildren({}), sources={SourceKind.RSS: self.reader}, channels={}
        )
        self.sv: Services = make.services(db, platform, outside=outside, clock=self.clock)
        self.tenant: TenantId = PLATFORM

    async def open(self) -> None:
        self.tenant = await make.tenant(self.platform)

    async def subscribe(
        self, url: str = "https://post.test/feed", tenant: TenantId | None = None, **over: Any
    ) -> SourceId:
        added = await people.add(self.sv, tenant or self.tenant, Wish(url=url, **over), None)
        assert added.source_id
        return added.source_id

    def reports(self, *titles: str, host: str = "post.test", source: str = "") -> None:
        """Articles at `host`, carried by the feed of `source`, or its own."""
        source = source or host
        entries = tuple(self.entry(title, host) for title in titles)
        self.answers(
            Polled(outcome=PollOutcome.NEW, entries=entries, title="Post", publisher=source, etag='"1"'), source
        )

    def answers(self, polled: Polled, host: str = "post.test") -> None:
        self.reader.by_host[host] = polled

    def entry(self, title: str, host: str = "post.test") -> Entry:
        url = f"https://{host}/{title.lower().replace(' ', '-')}"
        return Entry(key=url, url=url, title=title, summary="", published_at=self.clock.now() - timedelta(minutes=1))

    async def run(self, kind: JobKind, tenant: TenantId = PLATFORM) -> list[Job]:
        """Hand out what is ready."""
        jobs = await make.claimed(self.owner, kind, tenant)
        flow: Callable[[Services, Sequence[Job]], Awaitable[None]] = {
            JobKind.POLL: poll,
            JobKind.GROUP: group,
            JobKind.RULES: rules,
        }[kind]
        for some in [[job] for job in jobs] if kind is JobKind.POLL else [jobs] if jobs else []:
            await flow(self.sv, some)
        return jobs

    async def poll_again(self) -> None:
        await self.owner.execute("update jobs set state = 'ready' where kind = 'poll' and state = 'scheduled'")
        await self.run(JobKind.POLL)

    async def all_the_way(self) -> None:
        await self.poll_again()
        await self.run(JobKind.GROUP)
        await self.run(JobKind.RULES, self.tenant)

    async def count(self, table: str) -> int:
        return int(await self.owner.fetchval(f"select count(*) from {table}"))

    async def source(self, source: SourceId) -> Any:
        return await self.owner.fetchrow("select * from sources where id = $1", source)


@pytest.fixture
async def desk(db: AppDb, platform: WorkerDb, owner: Any) -> Desk:
    desk = Desk(db, platform, owner)
    await desk.open()
    return desk


async def test_an_item_goes_from_its_feed_to_an_open_screening(desk: Desk) -> None:
    await desk.subscribe()
    desk.reports(FERRY, "Bakery on the market square wins a prize for its rye bread")
    await desk.all_the_way()
    said = await desk.owner.fetch("select outcome, reason, detail, screening_id from verdicts order by outcome")
    assert [tuple(row)[:3] for row in said] == [("drop", "no_keyword", ""), ("pass", "keyword", "harbour")]
    screening = await desk.owner.fetchrow("select id, state, stage, story_id, item_id from screenings")
    assert (screening["state"], screening["stage"], said[1]["screening_id"]) == ("open", "relate", screening["id"])
    relate = await make.claimed(desk.owner, JobKind.RELATE, desk.tenant)
    assert [job.payload for job in relate] == [{"screening": str(screening["id"])}]


async def test_breaking_news_is_no_part_of_the_others_group(desk: Desk) -> None:
    await desk.subscribe()
    desk.reports(FERRY, "Breaking: a crane at the north harbour fell into the basin this morning")
    await desk.all_the_way()
    priorities = await desk.owner.fetch("select key, priority from jobs where kind = 'relate' order by priority")
    assert [tuple(row) for row in priorities] == [("urgent", -1), ("", 0)]


async def test_polling_twice_doubles_nothing(desk: Desk) -> None:
    source = await desk.subscribe()
    desk.reports(FERRY)
    await desk.all_the_way()
    await desk.all_the_way()
    assert [await desk.count(table) for table in ("items", "sightings", "stories", "verdicts", "screenings")] == [1] * 5
    assert (await desk.source(source))["outcome"] == "not_modified"


async def test_two_sources_with_one_article_are_one_item_and_two_sightings(desk: Desk) -> None:
    for host in ("post.test", "herald.test"):
        await desk.subscribe(f"https://{host}/feed")
        desk.reports(FERRY, source=host)
        await desk.all_the_way()
    assert (await desk.count("items"), await desk.count("sightings"), await desk.count("verdicts")) == (1, 2, 1)
    assert await desk.owner.fetchval("select publishers from stories") == 2


async def test_reports_of_one_event_meet_in_one_story_and_pay_for_one_screening(desk: Desk) -> None:
    await desk.subscribe()
    desk.reports(
        FERRY, "Harbour ferry service resumes after repairs", "Harbour council votes on a new budget for its schools"
    )
    await desk.all_the_way()
    assert await desk.owner.fetchval("select count(distinct story_id) from items") == 2
    assert await desk.count("screenings") == 2
    assert await desk.count("verdicts") == 3
    desk.reports("After repairs, ferry service in the harbour resumes at last", host="herald.test", source="post.test")
    await desk.all_the_way()
    assert (await desk.count("screenings"), await desk.count("stories")) == (2, 2)


async def test_the_same_headline_three_days_later_is_another_story(desk: Desk) -> None:
    await desk.subscribe()
    desk.reports(FERRY)
    await desk.all_the_way()
    await desk.owner.execute("update stories set last_item_at = last_item_at - interval '72 hours'")
    desk.reports(FERRY, host="herald.test", source="post.test")
    await desk.all_the_way()
    assert await desk.count("stories") == 2


async def test_a_poll_whose_job_was_handed_on_changes_nothing(desk: Desk) -> None:
    source = await desk.subscribe()
    desk.reports(FERRY)
    (job,) = await make.claimed(desk.owner, JobKind.POLL, PLATFORM)
    with pytest.raises(LostLease):
        await poll(desk.sv, [replace(job, lease=job.lease + 1)])
    assert (await desk.count("items"), (await desk.source(source))["outcome"]) == (0, None)
    await poll(desk.sv, [job])
    assert await desk.count("items") == 1


async def test_a_twin_that_stored_the_items_first_leaves_nothing_to_double(desk: Desk) -> None:
    await desk.subscribe()
    desk.reports(FERRY)
    (job,) = await make.claimed(desk.owner, JobKind.POLL, PLATFORM)
    await poll(desk.sv, [job])
    await desk.run(JobKind.GROUP)
    (again,) = await _as_ready(desk, JobKind.POLL)
    await poll(desk.sv, [again])
    assert (await desk.count("items"), await desk.count("sightings")) == (1, 1)
    assert await make.claimed(desk.owner, JobKind.GROUP, PLATFORM) == []


async def _as_ready(desk: Desk, kind: JobKind) -> list[Job]:
    await desk.owner.execute("update jobs set state = 'ready' where kind = $1 and state = 'scheduled'", kind)
    return await make.claimed(desk.owner, kind, PLATFORM)


@pytest.mark.parametrize("flow", [group, rules])
async def test_a_hand_out_that_was_lost_half_way_is_done_again_with_the_same_end(desk: Desk, flow: Any) -> None:
    await desk.subscribe()
    desk.reports(FERRY)
    await desk.poll_again()
    kind, tenant = (JobKind.GROUP, PLATFORM) if flow is group else (JobKind.RULES, desk.tenant)
    if flow is rules:
        await desk.run(JobKind.GROUP)
    jobs = await make.claimed(desk.owner, kind, tenant)
    with pytest.raises(LostLease):
        await flow(desk.sv, [replace(job, lease=0) for job in jobs])
    assert (await desk.count("stories"), await desk.count("verdicts")) == ((0, 0) if flow is group else (1, 0))
    await flow(desk.sv, jobs)
    assert await desk.count("stories") == 1


async def test_a_304_changes_the_clock_and_nothing_else(desk: Desk) -> None:
    source = await desk.subscribe()
    desk.reports(FERRY)
    await desk.all_the_way()
    desk.answers(Polled(outcome=PollOutcome.NOT_MODIFIED, etag='"1"', last_modified="then", body_sha=b"x"))
    await desk.poll_again()
    row = await desk.source(source)
    assert (row["outcome"], row["etag"], row["last_modified"], row["title"]) == ("not_modified", '"1"', "then", "Post")
    assert await desk.count("items") == 1


@pytest.mark.parametrize("outcome", [outcome for outcome in PollOutcome if not outcome.healthy])
async def test_a_failure_is_shown_loses_no_validators_and_backs_off(desk: Desk, outcome: PollOutcome) -> None:
    source = await desk.subscribe()
    desk.reports(FERRY)
    await desk.all_the_way()
    healthy = await desk.source(source)
    waits = []
    for failure in (1, 2):
        desk.answers(Polled(outcome=outcome, detail="what was wrong"))
        await desk.poll_again()
        row = await desk.source(source)
        assert (row["outcome"], row["outcome_detail"], row["failures"]) == (outcome, "what was wrong", failure)
        assert row["strikes"] == (0 if outcome is PollOutcome.RATE_LIMITED else failure)
        assert (row["etag"], row["state"]) == (healthy["etag"], "active")
        waits.append(row["next_poll_at"] - desk.clock.now())
    assert timedelta(minutes=25) < waits[0] < waits[1] < timedelta(hours=24)  # more than its 15 minutes
    assert await desk.count("items") == 1


async def test_what_the_server_asks_for_is_kept(desk: Desk) -> None:
    source = await desk.subscribe()
    desk.answers(Polled(outcome=PollOutcome.RATE_LIMITED, detail="x", retry_after_s=80_000))
    await desk.poll_again()
    assert (await desk.source(source))["next_poll_at"] >= desk.clock.now() + timedelta(seconds=75_000)


async def test_the_next_poll_is_enqueued_while_somebody_subscribes_and_not_after(desk: Desk) -> None:
    source = await desk.subscribe()
    desk.reports(FERRY)
    await desk.run(JobKind.POLL)
    assert (
        await desk.owner.fetchval("select run_at from jobs where kind = 'poll'")
        == (await desk.source(source))["next_poll_at"]
    )
    await people.set_active(desk.sv, desk.tenant, source, wanted=False, actor=None)
    desk.reports("Lighthouse open to visitors on Sunday afternoons again this summer")
    (job,) = await _as_ready(desk, JobKind.POLL)
    await poll(desk.sv, [job])
    assert await desk.count("items") == 1
    await desk.owner.execute("delete from jobs")
    await people.set_active(desk.sv, desk.tenant, source, wanted=True, actor=None)
    assert len(await desk.run(JobKind.POLL)) == 1
    assert await desk.count("items") == 2


async def test_a_quarantined_source_waits_and_comes_back_when_it_answers(desk: Desk) -> None:
    source = await desk.subscribe()
    until = desk.clock.now() + timedelta(hours=6)
    await desk.owner.execute(
        "update sources set state = 'quarantined', quarantined_until = $2, failures = 3 where id = $1", source, until
    )
    desk.reports(FERRY)
    await desk.run(JobKind.POLL)
    assert await desk.count("items") == 0
    assert await desk.owner.fetchval("select run_at from jobs where kind = 'poll'") == until
    desk.clock.advance(timedelta(hours=7))
    await desk.poll_again()
    row = await desk.source(source)
    assert (row["state"], row["quarantined_until"], row["failures"]) == ("active", None, 0)


async def test_an_address_that_is_a_secret_makes_a_private_source_that_strangers_cannot_see(desk: Desk) -> None:
    stranger = await make.tenant(desk.platform, "stranger")
    source = await desk.subscribe("https://post.test/feed?token=abc")
    desk.reports(FERRY)
    await desk.all_the_way()
    assert await desk.count("verdicts") == 1
    url = desk.entry(FERRY).url
    async with desk.db.read(stranger) as tx:
        assert await items.by_url(tx, url) is None
        assert await tx.fetch("select id from sources where id = $1", source) == []
    async with desk.db.read(desk.tenant) as tx:
        found = await items.by_url(tx, url)
    assert found
    # the same address is a source of its own for the other tenant
    assert await desk.subscribe("https://post.test/feed?token=abc", stranger) != source


async def test_a_private_item_that_appears_at_a_public_source_is_public_from_then_on(desk: Desk) -> None:
    stranger = await make.tenant(desk.platform, "stranger")
    await desk.subscribe("https://post.test/feed?token=abc")
    desk.reports(FERRY)
    await desk.all_the_way()
    await desk.subscribe("https://post.test/feed")
    await desk.all_the_way()
    async with desk.db.read(stranger) as tx:
        assert await items.by_url(tx, desk.entry(FERRY).url)


async def test_what_a_private_source_wrote_of_an_item_stays_with_its_tenant(desk: Desk) -> None:
    stranger = await make.tenant(desk.platform, "stranger")
    await desk.subscribe("https://paid.test/feed?token=abc")
    public = desk.entry(FERRY)
    paid = replace(
        public,
        url=public.url + "?utm_source=paid",
        title="For subscribers: the ferry sinks",
        summary="The whole text.",
        author="An insider",
        language="de",
        published_at=desk.clock.now() - timedelta(days=1),
    )
    desk.answers(Polled(outcome=PollOutcome.NEW, entries=(paid,)), "paid.test")
    await desk.all_the_way()
    desk.reports(FERRY)
    await desk.subscribe("https://post.test/feed", stranger)
    await desk.all_the_way()
    async with desk.db.read(stranger) as tx:
        found = await items.by_url(tx, public.url)
        assert found
        language = await tx.fetchval("select language from items where id = $1", found.id)
    told = (found.url, found.title, found.summary, found.author, found.published_at, language)
    assert told == (public.url, public.title, public.summary, public.author, public.published_at, "")


async def test_a_date_that_lies_ahead_is_stored_as_it_came_and_read_as_the_moment_it_was_seen(desk: Desk) -> None:
    await desk.subscribe()
    ahead = desk.clock.now() + timedelta(days=400)
    entry = replace(desk.entry(FERRY), published_at=ahead)
    desk.answers(Polled(outcome=PollOutcome.NEW, entries=(entry,)))
    await desk.all_the_way()
    assert await desk.owner.fetchval("select published_at from items") == ahead
    assert await desk.owner.fetchval("select last_item_at < cid_now() + interval '1 minute' from stories")


async def test_trust_is_that_of_the_best_source_the_tenant_has_the_item_from(desk: Desk) -> None:
    await desk.subscribe("https://spam.test/feed", trust=0.1)
    desk.reports(FERRY, source="spam.test")
    await desk.all_the_way()
    assert await desk.owner.fetchval("select detail from verdicts") == "trust 0.10 is below 0.40"
    await desk.subscribe("https://good.test/feed", trust=0.9)
    for source in ("spam.test", "good.test"):
        desk.reports("Harbour master warns of a storm that comes up on Tuesday night", source=source)
    await desk.poll_again()
    await desk.run(JobKind.GROUP)
    await desk.run(JobKind.RULES, desk.tenant)
    assert await desk.owner.fetchval("select count(*) from verdicts where outcome = 'pass'") == 1


async def test_who_subscribes_later_judges_what_others_had_already(desk: Desk) -> None:
    await desk.subscribe()
    desk.reports(FERRY)
    await desk.all_the_way()
    late = await make.tenant(desk.platform, "late", Profile(keywords=("ferry",)))
    await desk.subscribe(tenant=late)
    await desk.run(JobKind.RULES, late)
    assert await desk.owner.fetchval("select detail from verdicts where tenant_id = $1", late) == "ferry"


async def test_sample_and_real_news_never_meet_in_one_story(desk: Desk) -> None:
    source = await desk.subscribe()
    desk.reports(FERRY)
    await desk.all_the_way()
    await desk.subscribe("https://sample.test/feed")
    await desk.owner.execute("update sources set sample = true where id <> $1", source)
    desk.reports(FERRY, host="sample.test")
    await desk.all_the_way()
    assert await desk.owner.fetchval("select count(*) from stories where sample") == 1


async def test_a_screening_that_waits_for_signal_is_judged_again_when_its_own_tenants_spread_grows(desk: Desk) -> None:
    await desk.subscribe()
    desk.reports(FERRY)
    await desk.all_the_way()
    await desk.owner.execute(WAITS)
    other = await make.tenant(desk.platform, "other")
    await desk.subscribe("https://herald.test/feed", other)
    desk.reports(FERRY, host="herald.test")
    await desk.poll_again()
    await desk.run(JobKind.GROUP)
    assert await make.claimed(desk.owner, JobKind.ASSESS, desk.tenant) == []
    await desk.subscribe("https://mail.test/feed")
    desk.reports(FERRY, host="mail.test")
    await desk.poll_again()
    await desk.run(JobKind.GROUP)
    assert len(await make.claimed(desk.owner, JobKind.ASSESS, desk.tenant)) == 1


async def test_an_urgent_report_wakes_a_screening_that_waits(desk: Desk) -> None:
    await desk.subscribe()
    desk.reports(FERRY)
    await desk.all_the_way()
    await desk.owner.execute(WAITS)
    desk.reports("Breaking: ferry service across the harbour resumes")
    await desk.all_the_way()
    assert await desk.owner.fetchval("select urgent from screenings")
    assert len(await make.claimed(desk.owner, JobKind.ASSESS, desk.tenant)) == 1


async def test_competitors_feeds_are_not_judged_as_news(desk: Desk) -> None:
    await desk.subscribe(role="competitor")
    desk.reports(FERRY)
    await desk.all_the_way()
    assert (await desk.count("items"), await desk.count("verdicts")) == (1, 0)
