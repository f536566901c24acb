"""The sample newsroom runs through the funnel by the ordinary rules and shows each of its ends."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias
from uuid import uuid4

import asyncpg
import pytest

from cid.domain.briefing import Found
from cid.domain.errors import Misconfigured
from cid.domain.ids import StoryId, TenantId
from cid.domain.jobs import JobKind, NewJob
from cid.domain.news import Entry, PollOutcome, Source, SourceKind
from cid.domain.run import Grain, RunState, Via
from cid.domain.scorecard import Rating
from cid.flows import sample
from cid.flows.analyse import analyse
from cid.llm.offline import Offline
from cid.pg.pool import AppDb, WorkerDb
from cid.pg.rows import each
from cid.queue import jobs as queue
from cid.services import Services
from cid.sources.sample import SampleReader
from cid.store import runs, screenings, tenants
from cid.text.phrasebook import keys, phrasebook
from cid.text.prose import significant
from cid.text.words import first_found, phrases, words
from tests import funnel, make
from tests.fakes import FrozenClock

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
SOURCES = """
  select id, tenant_id, kind, url, title, publisher, sample, state, outcome, outcome_detail, etag, last_modified,
    body_sha, failures, interval_s, polled_at, next_poll_at, created_at
  from sources order by url"""


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime.now(UTC))


@pytest.fixture
def sv(db: AppDb, platform: WorkerDb, clock: FrozenClock) -> Services:
    reader = SampleReader(funnel.CONFIG / "sample", clock)
    outside = replace(funnel.outside(), sources={SourceKind.SAMPLE: reader})
    return make.services(db, platform, llm=funnel.router(db, clock, Offline()), outside=outside, clock=clock)


async def _sources(owner: Owner) -> list[Source]:
    return each(Source, await owner.fetch(SOURCES))


class Desk:
    """Polling, grouping and the six rules, in their simplest form."""

    def __init__(self, sv: Services, owner: Owner, tenant: TenantId) -> None:
        self.sv, self.owner, self.tenant = sv, owner, tenant
        self.stories: dict[StoryId, set[str]] = {}
        self.seen: set[str] = set()
        self.dropped: Counter[str] = Counter()

    async def step(self) -> None:
        reader = self.sv.outside.sources[SourceKind.SAMPLE]
        for source in await _sources(self.owner):
            for entry in (await reader.poll(source)).entries:
                if entry.url not in self.seen:
                    self.seen.add(entry.url)
                    await self._arrive(source, entry)
        await funnel.run(self.sv, self.owner, self.tenant)

    async def _arrive(self, source: Source, entry: Entry) -> None:
        title = significant(entry.title)
        story = next(
            (id_ for id_, seen in self.stories.items() if len(title & seen) >= 0.6 * min(len(title), len(seen))),
            StoryId(uuid4()),
        )
        self.stories.setdefault(story, title)
        async with self.sv.platform.tx() as tx:
            item = await funnel.report(
                tx,
                story,
                publisher=source.publisher,
                title=entry.title,
                summary=entry.summary,
                url=entry.url,
                at=entry.published_at,
                sample=True,
                source=source.id,
            )
        async with self.sv.db.tx(self.tenant) as tx:
            profile = await tenants.profile(tx, self.tenant)
            trust = await self.owner.fetchval("select trust::float8 from subscriptions where source_id = $1", source.id)
            reason = self._rules(entry, profile.keywords, profile.excluded, trust)
            there = await screenings.of_story(tx, self.tenant, story)
            if reason:
                self.dropped[reason] += 1
            elif there is None:
                await funnel.screening(tx, story, item)
            elif there.waiting_for:
                job = NewJob(kind=JobKind.ASSESS, tenant=self.tenant, payload={"screening": str(there.id)})
                await queue.enqueue(tx, job)

    def _rules(self, entry: Entry, keywords: Sequence[str], excluded: Sequence[str], trust: float) -> str:
        text = words(f"{entry.title} . {entry.summary}")
        assert entry.published_at
        if len(entry.title + entry.summary) < 50:
            return "too_short"
        if trust < 0.4:
            return "low_trust"
        if self.sv.clock.now() - entry.published_at > timedelta(hours=48):
            return "stale"
        if first_found(phrases(excluded), text):
            return "excluded_topic"
        return "" if phrasebook(keywords).any_in(keys(f"{entry.title} . {entry.summary}")) else "no_keyword"


async def test_one_draft_ends_ready_one_held_and_something_falls_at_each_gate(
    sv: Services, owner: Owner, clock: FrozenClock
) -> None:
    tenant = await sample.load(sv)
    desk = Desk(sv, owner, tenant)
    for _ in range(13):
        clock.advance(timedelta(seconds=1))
        await desk.step()

    drafts = await owner.fetch("""
        select d.state, d.sample, v.provider, v.payloads, r.outcome, r.score, r.findings, v.article from drafts d
        join versions v on v.id = d.current_version_id join reviews r on r.draft_id = d.id order by d.state""")
    assert [(row["state"], row["outcome"]) for row in drafts] == [
        ("held", "blocked_factual_review"),
        ("ready", "ready_for_approval"),
    ], [(row["findings"], row["score"], json.loads(row["article"])["body"]) for row in drafts]
    assert "Reports differ" in drafts[0]["findings"]
    assert all(row["sample"] and row["provider"].startswith("offline") for row in drafts)
    assert all('"offline":true' in row["payloads"] and '"sample":true' in row["payloads"] for row in drafts)
    assert desk.dropped == Counter(too_short=1, low_trust=1, stale=1, excluded_topic=1, no_keyword=1)
    fallen = await owner.fetch("select gate, reason from screenings where state = 'dropped' order by gate, reason")
    assert [(row["gate"], row["reason"]) for row in fallen] == [
        ("draft", "not_affected"),
        ("relevance", "low_relevance"),
        ("signal", "low_signal"),
    ]
    assert await owner.fetchval("select count(*) from screenings where state not in ('passed', 'dropped')") == 0
    assert await owner.fetchval("select sum(cost) from calls") == 0
    sizes = Counter(row["n"] for row in await owner.fetch("select count(*) as n from items group by story_id"))
    assert (sizes[5], sizes[2]) == (2, 1)


async def test_loading_twice_is_loading_once(sv: Services, owner: Owner) -> None:
    assert await sample.load(sv) == await sample.load(sv)
    assert await owner.fetchval("select count(*) from sources where sample and kind = 'sample'") == 12
    assert await owner.fetchval("select count(*) from jobs where kind = 'poll'") == 12
    row = await owner.fetchrow("select base_url, canonical from channels")
    assert row
    assert dict(row) == {"base_url": "http://desk.test/site/sample", "canonical": True}


async def test_the_sample_outlet_has_a_finished_run_of_sample_items_that_no_model_was_asked_about(
    sv: Services, owner: Owner
) -> None:
    tenant = await sample.load(sv)
    await analyse(sv, await make.claimed(owner, JobKind.ANALYSE, tenant))
    (id_,) = [row["id"] for row in await owner.fetch("select id from runs")]
    async with sv.db.read(tenant) as tx:
        found = await runs.dossier(tx, tenant, id_)
    assert found is not None
    assert found.briefing is not None
    assert found.briefing.briefing is not None
    assert (found.run.state, found.run.shortfalls, found.run.sample) == (RunState.COMPLETED, (), True)
    assert (len(found.items), {(one.via, one.sample, one.grain) for one in found.items}) == (
        6,
        {(Via.SAMPLE, True, Grain.ARTICLE)},
    )
    assert (found.briefing.extractive, found.briefing.problems) == (True, ())
    assert [(one.via, one.outcome, one.kept) for one in found.fetches] == [(Via.SAMPLE, PollOutcome.NEW, 6)]
    cited = [one.found for row in found.briefing.briefing.key_findings for e in row.evidence for one in e.citations]
    assert len(cited) >= 5
    assert set(cited) == {Found.FOUND}
    assert len(found.briefing.briefing.item_readings) == 6
    assert found.scorecard is not None
    assert found.scorecard.card.shown not in {Rating.EXCELLENT, Rating.GOOD}, "extracts are no analysis"
    assert await owner.fetchval("select sum(cost) from calls") == 0
    assert await sample.load(sv) == tenant
    assert await owner.fetchval("select count(*) from runs") == 1


async def test_nobody_is_subscribed_to_the_sample_outlet(sv: Services, owner: Owner) -> None:
    await sample.load(sv)
    assert "saltfold" not in " ".join(source.url for source in await _sources(owner))


async def test_items_arrive_over_ten_seconds_and_then_the_feed_rests(
    sv: Services, owner: Owner, clock: FrozenClock
) -> None:
    await sample.load(sv)
    reader = sv.outside.sources[SourceKind.SAMPLE]
    source = next(source for source in await _sources(owner) if source.url == "sample:quay-courier")
    clock.at = source.created_at
    empty = await reader.poll(source)
    assert (empty.outcome, empty.retry_after_s) == (PollOutcome.EMPTY, None)
    clock.advance(timedelta(seconds=2))
    first = await reader.poll(source)
    assert (first.outcome, len(first.entries), first.retry_after_s) == (PollOutcome.NEW, 1, None)
    again = await reader.poll(replace(source, body_sha=first.body_sha))
    assert again.outcome is PollOutcome.NOT_MODIFIED
    clock.advance(timedelta(seconds=8))
    all_of_it = await reader.poll(replace(source, body_sha=first.body_sha))
    assert (all_of_it.outcome, len(all_of_it.entries)) == (PollOutcome.NEW, 2)
    assert all_of_it.retry_after_s
    gone = await reader.poll(replace(source, url="sample:nobody"))
    assert gone.outcome is PollOutcome.GONE


def test_headlines_of_a_story_share_their_words_and_those_of_others_do_not() -> None:
    items = SampleReader(funnel.CONFIG / "sample", FrozenClock()).newsroom.items
    stories: dict[str, list[Any]] = {"grant": [], "tariff": [], "quota": []}
    rest: list[set[str]] = []
    for item in items:
        story = next((story for story in stories if story in item.title.casefold()), None)
        (stories[story] if story else rest).append(significant(item.title))
    assert {story: len(titles) for story, titles in stories.items()} == {"grant": 5, "tariff": 5, "quota": 2}
    for titles in stories.values():
        assert all(len(one & other) >= 0.6 * min(len(one), len(other)) for one in titles for other in titles)
    everything = [*stories.values(), *([title] for title in rest)]
    for number, titles in enumerate(everything):
        others = [title for more in everything[number + 1 :] for title in more]
        assert all(len(one & other) <= max(1, 0.4 * min(len(one), len(other))) for one in titles for other in others)


async def test_a_desk_without_the_folder_says_so(db: AppDb, platform: WorkerDb) -> None:
    with pytest.raises(Misconfigured, match="no sample newsroom"):
        await sample.load(make.services(db, platform))
