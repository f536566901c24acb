"""How a source is polled over its life: its first poll, its turns, its moves, its interval, our own outage."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cid import settings
from cid.domain.errors import Deferred, LostLease, NotFound, Refused
from cid.domain.ids import PLATFORM
from cid.domain.jobs import JobKind
from cid.domain.news import Cause, Entry, Hints, Polled, PollOutcome, Source, SourceKind
from cid.domain.policy import Polling
from cid.flows import sources as people
from cid.flows.poll import poll
from cid.pg.pool import AppDb, WorkerDb
from cid.services import Polls
from cid.store import items
from tests import make
from tests.flows.test_ingestion import FERRY, Desk

NEW, SAME = PollOutcome.NEW, Polled(outcome=PollOutcome.NOT_MODIFIED, cause=Cause.NOT_MODIFIED, etag='"1"')


@pytest.fixture
async def desk(db: AppDb, platform: WorkerDb, owner: Any) -> Desk:
    desk = Desk(db, platform, owner)
    await desk.open()
    return desk


def spaced(desk: Desk, spacing: timedelta, **over: Any) -> None:
    desk.sv = replace(desk.sv, policy=replace(desk.sv.policy, polling=Polling(spacing=spacing, **over)))


async def together(desk: Desk) -> None:
    """All ready polls at once, as a process runs them."""
    jobs = await make.claimed(desk.owner, JobKind.POLL, PLATFORM)
    await asyncio.gather(*(poll(desk.sv, [job]) for job in jobs))


async def waits(desk: Desk) -> list[float]:
    """Seconds until the waiting polls run, by the database's clock."""
    rows = await desk.owner.fetch(
        """select extract(epoch from run_at - cid_now())::float8 as s from jobs
           where kind = 'poll' and state <> 'running' order by run_at"""
    )
    return [row["s"] for row in rows]


async def test_a_first_poll_screens_the_newest_and_stores_the_rest_as_seen(desk: Desk) -> None:
    spaced(desk, timedelta(0), first=2)
    source = await desk.subscribe()
    at = desk.clock.now()
    shown = tuple(
        replace(desk.entry(f"Harbour report number {n}"), published_at=at - timedelta(minutes=n)) for n in (3, 1, 4, 2)
    )
    desk.answers(Polled(outcome=NEW, entries=shown, etag='"1"'))
    await desk.all_the_way()
    assert (await desk.count("items"), await desk.count("sightings")) == (4, 4)
    judged = await desk.owner.fetch("select i.title from verdicts v join items i on i.id = v.item_id order by 1")
    assert [row["title"] for row in judged] == ["Harbour report number 1", "Harbour report number 2"]
    async with desk.db.read(desk.tenant) as tx:
        old = await items.by_url(tx, desk.entry("Harbour report number 4").url)
        assert old
        assert [seen.backlog for seen in await items.sightings(tx, desk.tenant, old.id)] == [True]
    # what comes later is all screened, however much it is
    desk.reports("Harbour bridge closes", "Harbour fair opens", "Harbour master retires", "Harbour lights fail")
    await desk.all_the_way()
    assert await desk.count("verdicts") == 6
    assert (await desk.source(source))["gap_s"] > 0


async def test_what_is_behind_a_first_poll_is_screened_for_whoever_has_it_from_elsewhere(desk: Desk) -> None:
    spaced(desk, timedelta(0), first=1)
    await desk.subscribe()
    desk.reports(FERRY, "Harbour bridge closes for the winter")
    await desk.all_the_way()
    assert await desk.count("verdicts") == 1
    other = await make.tenant(desk.platform, "other")
    await desk.subscribe("https://herald.test/feed", other)
    desk.answers(Polled(outcome=NEW, entries=(desk.entry("Harbour bridge closes for the winter"),)), "herald.test")
    await desk.poll_again()
    await desk.run(JobKind.GROUP)
    await desk.run(JobKind.RULES, other)
    await desk.run(JobKind.RULES, desk.tenant)
    judged = await desk.owner.fetch("select tenant_id from verdicts")
    assert sorted(row["tenant_id"] for row in judged) == sorted([desk.tenant, other])


async def test_polls_of_one_domain_take_turns_and_those_of_others_do_not_wait(desk: Desk) -> None:
    spaced(desk, timedelta(seconds=30), at_once=1)
    for n in range(4):
        await desk.subscribe(f"https://www{n}.post.test/feed")
    await desk.subscribe("https://herald.test/feed")
    await together(desk)
    polled = await desk.owner.fetch("select url from sources where polled_at is not null order by url")
    assert polled[0]["url"] == "https://herald.test/feed"
    assert len(polled) == 2
    turns = [wait for wait in await waits(desk) if wait < 100]
    assert [round(turn / 30) for turn in turns] == [1, 2, 3]
    # a turn that was taken ahead is not taken again
    await desk.poll_again()
    assert await desk.owner.fetchval("select count(*) from sources where polled_at is null") == 0


async def test_hosts_on_the_local_list_take_no_turns(desk: Desk) -> None:
    spaced(desk, timedelta(seconds=30), local=frozenset({"127.0.0.1:8901"}))
    for n in range(4):
        await desk.subscribe(f"http://127.0.0.1:8901/feed/{n}")
    await together(desk)
    assert await desk.owner.fetchval("select count(*) from sources where polled_at is null") == 0


async def test_what_one_source_is_told_to_wait_holds_for_its_domain(desk: Desk) -> None:
    first = await desk.subscribe("https://www.post.test/feed")
    desk.answers(Polled(outcome=PollOutcome.RATE_LIMITED, retry_after_s=7200), "post.test")
    await desk.run(JobKind.POLL)
    other = await desk.subscribe("https://sport.post.test/feed")
    stranger = await desk.subscribe("https://herald.test/feed")
    await desk.run(JobKind.POLL)
    assert (await desk.source(other))["polled_at"] is None
    assert (await desk.source(stranger))["polled_at"] is not None
    assert all(wait >= 7190 for wait in await waits(desk) if wait > 5000)
    assert (await desk.source(other))["next_poll_at"] >= desk.clock.now() + timedelta(seconds=7190)
    assert (await desk.source(first))["outcome"] == "rate_limited"


async def test_what_the_end_of_a_redirect_asks_for_holds_for_nobody_else_where_it_began(desk: Desk) -> None:
    await desk.subscribe("https://post.test/away?to=elsewhere")
    stranger = await make.tenant(desk.platform, "stranger")
    theirs = await desk.subscribe("https://www.post.test/feed", stranger)
    told = Polled(outcome=PollOutcome.RATE_LIMITED, cause=Cause.RATE_LIMITED, retry_after_s=80_000, elsewhere=True)
    desk.answers(told, "post.test")
    await desk.run(JobKind.POLL)
    desk.answers(SAME, "post.test")
    await desk.owner.execute("update jobs set state = 'ready' where payload ->> 'source' = $1", str(theirs))
    await desk.run(JobKind.POLL)
    assert (await desk.source(theirs))["outcome"] == "not_modified"


class Sends:
    """A reader whose turn has not come."""

    def __init__(self, until: Any) -> None:
        self.until = until

    async def poll(self, _source: Source) -> Polled:
        raise Deferred("it is asked by others first", until=self.until)


async def test_a_poll_whose_readers_turn_has_not_come_waits_where_the_page_can_tell(desk: Desk) -> None:
    until = desk.clock.now() + timedelta(minutes=40)
    outside = replace(desk.sv.outside, sources={SourceKind.RSS: Sends(until)})
    desk.sv = replace(desk.sv, outside=outside)
    source = await desk.subscribe()
    await desk.run(JobKind.POLL)
    row = await desk.source(source)
    assert (row["next_poll_at"], row["outcome"], row["failures"]) == (until, None, 0)
    jobs = await desk.owner.fetch("select run_at, payload from jobs where kind = 'poll'")
    assert [(job["run_at"], "turn" in job["payload"]) for job in jobs] == [(until, True)]


async def test_sources_that_share_gdelts_files_do_not_wait_as_for_its_search(desk: Desk) -> None:
    desk.sv = replace(desk.sv, outside=replace(desk.sv.outside, sources={SourceKind.GDELT: desk.reader}))
    polling = settings.read({}).gates.polling
    desk.sv = replace(desk.sv, policy=replace(desk.sv.policy, polling=polling))
    for n in range(40):
        await desk.subscribe("", kind=SourceKind.GDELT, config={"query": f"harbour{n}"})
    await together(desk)
    # behind the sources that are asked again in their interval; of a search they would wait 260 s
    turns = [wait for wait in await waits(desk) if wait < 300]
    assert max(turns, default=0) < 10


async def test_a_source_that_moved_is_asked_at_its_new_address_once_that_is_proved(desk: Desk) -> None:
    source = await desk.subscribe()
    await _moves(desk, "https://new.test/feed")
    row = await desk.source(source)
    assert (row["url"], row["former_url"], row["state"]) == (
        "https://new.test/feed",
        "https://post.test/feed",
        "active",
    )
    assert (row["moved_to"], row["etag"]) == ("", "")
    assert len(await waits(desk)) == 1


async def test_a_source_that_moved_to_one_we_have_hands_its_subscribers_over_and_retires(desk: Desk) -> None:
    old, new = await desk.subscribe(trust=0.9), await desk.subscribe("https://new.test/feed")
    late = await make.tenant(desk.platform, "late")
    await desk.subscribe(tenant=late, trust=0.3)
    await _moves(desk, "https://new.test/feed")
    assert (await desk.source(old))["state"] == "retired"
    rows = await desk.owner.fetch("select tenant_id, source_id, trust::float8 as trust, active from subscriptions")
    assert {(row["tenant_id"], row["source_id"], row["trust"], row["active"]) for row in rows} == {
        (desk.tenant, old, 0.9, False),
        (desk.tenant, new, 0.7, True),
        (late, new, 0.3, True),
    }
    payloads = await desk.owner.fetch("select payload ->> 'source' as s from jobs where kind = 'poll'")
    assert [row["s"] for row in payloads] == [str(new)]


async def test_whoever_had_switched_off_what_a_source_moved_to_does_not_lose_it(desk: Desk) -> None:
    old, new = await desk.subscribe(trust=0.9), await desk.subscribe("https://new.test/feed")
    await people.set_active(desk.sv, desk.tenant, new, wanted=False, actor=None)
    stranger = await make.tenant(desk.platform, "stranger")
    await desk.subscribe("https://new.test/feed", stranger, trust=0.2)
    await _moves(desk, "https://new.test/feed")
    rows = await desk.owner.fetch("select tenant_id, source_id, trust::float8 as trust, active from subscriptions")
    assert {(row["tenant_id"], row["source_id"], row["trust"], row["active"]) for row in rows} == {
        (desk.tenant, old, 0.9, False),
        (desk.tenant, new, 0.9, True),
        (stranger, new, 0.2, True),
    }
    told = await desk.owner.fetch("select tenant_id, user_id, detail from audit where action = 'source.moved'")
    assert [(row["tenant_id"], row["user_id"]) for row in told] == [(desk.tenant, None)]
    assert str(new) in str(told[0]["detail"])


async def test_a_second_poll_under_way_while_a_source_settles_at_its_new_address_takes_it_from_nobody(
    desk: Desk,
) -> None:
    source = await desk.subscribe()
    for n in range(2):
        desk.answers(Polled(outcome=NEW, entries=(desk.entry(f"Report {n}"),), moved_to="https://new.test/feed"))
        await desk.poll_again()
        desk.clock.advance(timedelta(hours=25))
    # a person asks for another poll while one is under way: both saw the source at its old address
    reader = Together(2, Polled(outcome=NEW, entries=(desk.entry("Report 9"),), moved_to="https://new.test/feed"))
    desk.sv = replace(desk.sv, outside=replace(desk.sv.outside, sources={SourceKind.RSS: reader}))
    await desk.owner.execute("update jobs set state = 'ready' where kind = 'poll' and state = 'scheduled'")
    first = await make.claimed(desk.owner, JobKind.POLL, PLATFORM)
    await people.set_interval(desk.sv, desk.tenant, source, timedelta(minutes=10), None)
    await desk.owner.execute("update jobs set state = 'ready' where kind = 'poll' and state = 'scheduled'")
    second = await make.claimed(desk.owner, JobKind.POLL, PLATFORM)
    twin = replace(desk.sv, polls=Polls())  # another process writes apart
    await asyncio.gather(*(poll(sv, [job]) for sv, job in zip((desk.sv, twin), [*first, *second], strict=True)))
    row = await desk.source(source)
    assert (len(first), len(second), row["url"], row["state"]) == (1, 1, "https://new.test/feed", "active")
    assert await desk.owner.fetchval("select active from subscriptions where source_id = $1", source)
    assert len(await waits(desk)) == 1


class Together:
    """A reader that answers `count` polls at one moment."""

    def __init__(self, count: int, polled: Polled) -> None:
        self.barrier = asyncio.Barrier(count)
        self.polled = polled

    async def poll(self, _source: Source) -> Polled:
        await self.barrier.wait()
        return self.polled


async def test_an_address_that_is_a_secret_is_never_followed_elsewhere(desk: Desk) -> None:
    source = await desk.subscribe("https://post.test/feed?token=abc")
    await _moves(desk, "https://new.test/feed")
    assert (await desk.source(source))["url"] == "https://post.test/feed?token=abc"


async def _moves(desk: Desk, to: str) -> None:
    for n in range(3):
        entries = (desk.entry(f"Harbour report of day {n}"),)
        desk.answers(Polled(outcome=NEW, entries=entries, etag='"1"', moved_to=to))
        await desk.poll_again()
        desk.clock.advance(timedelta(hours=25))


async def test_a_source_that_says_410_twice_rests_for_a_week_while_a_successor_is_looked_for(desk: Desk) -> None:
    source = await desk.subscribe()
    desk.answers(Polled(outcome=PollOutcome.GONE, cause=Cause.GONE, detail="gone"))
    await desk.run(JobKind.POLL)
    assert (await desk.source(source))["state"] == "active"
    desk.clock.advance(timedelta(hours=2))
    await desk.poll_again()
    row = await desk.source(source)
    assert (row["state"], row["cause"]) == ("quarantined", "gone")
    assert row["quarantined_until"] - desk.clock.now() == timedelta(days=7)
    assert await desk.owner.fetchval("select count(*) from jobs where kind = 'heal' and state = 'ready'") == 1


class Watching:
    """Remembers what the reader was given."""

    def __init__(self, polled: Polled) -> None:
        self.polled, self.asked = polled, list[Source]()

    async def poll(self, source: Source) -> Polled:
        self.asked.append(source)
        return self.polled


async def test_once_a_day_and_where_validators_lied_nothing_is_asked_conditionally(desk: Desk) -> None:
    source = await desk.subscribe()
    whole = Polled(outcome=NEW, entries=(desk.entry(FERRY),), etag='"1"', body_sha=b"a", same_sha=b"a")
    reader = Watching(whole)
    desk.sv = replace(desk.sv, outside=replace(desk.sv.outside, sources={SourceKind.RSS: reader}))
    await desk.poll_again()
    reader.polled = replace(SAME, body_sha=b"a", same_sha=b"a")
    await desk.poll_again()
    # the day between a whole body and the next is by the database's clock, as the polls are
    await desk.owner.execute("update sources set whole_at = cid_now() - interval '28 hours'")
    reader.polled = replace(whole, body_sha=b"b", same_sha=b"b")
    await desk.poll_again()
    assert (await desk.source(source))["validators_lie"]
    await desk.poll_again()
    assert [asked.etag for asked in reader.asked] == ["", '"1"', "", ""]


async def test_the_interval_and_its_reason_are_stored_and_a_304_keeps_what_the_feed_asked_for(desk: Desk) -> None:
    source = await desk.subscribe()
    polled = Polled(outcome=NEW, entries=(desk.entry(FERRY),), hints=Hints(ttl_s=7200))
    desk.answers(polled)
    await desk.poll_again()
    desk.answers(SAME)
    await desk.poll_again()
    row = await desk.source(source)
    assert (row["interval_s"], row["interval_why"]) == (7200, "every 2 hours, because the feed (ttl) asks for it")


async def test_the_shortest_interval_that_a_subscriber_set_holds(desk: Desk) -> None:
    source = await desk.subscribe()
    other = await make.tenant(desk.platform, "other")
    await desk.subscribe(tenant=other)
    await desk.poll_again()
    await people.set_interval(desk.sv, desk.tenant, source, timedelta(hours=1), None)
    await people.set_interval(desk.sv, other, source, timedelta(minutes=10), None)
    assert max(await waits(desk)) <= 1
    await desk.poll_again()
    assert (await desk.source(source))["interval_why"] == "every 10 minutes, set by a subscriber"
    await people.set_active(desk.sv, other, source, wanted=False, actor=None)
    await desk.poll_again()
    assert (await desk.source(source))["interval_s"] == 3600
    await people.set_interval(desk.sv, desk.tenant, source, None, None)
    await desk.poll_again()
    assert "set by" not in (await desk.source(source))["interval_why"]


async def test_an_interval_that_cannot_be_and_a_source_of_others_are_refused(desk: Desk) -> None:
    source = await desk.subscribe()
    stranger = await make.tenant(desk.platform, "stranger")
    with pytest.raises(Refused):
        await people.set_interval(desk.sv, desk.tenant, source, timedelta(seconds=5), None)
    with pytest.raises(NotFound):
        await people.set_interval(desk.sv, stranger, source, timedelta(hours=1), None)


async def test_our_own_outage_is_blamed_on_no_source_and_said(desk: Desk) -> None:
    for n in range(25):
        await desk.subscribe(f"https://paper-{n}.test/feed")
    await desk.run(JobKind.POLL)
    desk.clock.advance(timedelta(minutes=15))
    for n in range(15, 25):
        answer = Polled(outcome=PollOutcome.UNREACHABLE, cause=Cause.DNS, detail="no such name")
        desk.answers(answer, f"paper-{n}.test")
    await desk.poll_again()
    shown = desk.sv.polls.line.shown()["network"]
    assert shown["state"] == "down"
    # those before it was known are counted, those after it come again soon
    assert await desk.owner.fetchval("select count(*) from sources where failures > 0") <= 10
    desk.answers(Polled(outcome=PollOutcome.UNREACHABLE, cause=Cause.DNS), "late.test")
    late = await desk.subscribe("https://late.test/feed")
    await desk.poll_again()
    row = await desk.source(late)
    assert (row["failures"], row["outcome"]) == (0, None)
    assert timedelta(minutes=2) <= row["next_poll_at"] - desk.clock.now() <= timedelta(minutes=4)
    assert len(await waits(desk)) == 26


async def test_an_old_list_of_which_much_is_dead_is_not_taken_for_our_own_outage(desk: Desk) -> None:
    for n in range(60):
        await desk.subscribe(f"https://paper-{n}.test/feed")
        if n % 2:
            desk.answers(Polled(outcome=PollOutcome.UNREACHABLE, cause=Cause.DNS), f"paper-{n}.test")
    for _ in range(3):
        await desk.poll_again()
    assert desk.sv.polls.line.shown() == {}
    states = await desk.owner.fetch("select state, count(*) as n from sources group by 1 order by 1")
    assert [tuple(row) for row in states] == [("active", 30), ("quarantined", 30)]


async def test_polls_written_together_do_not_share_their_fates(desk: Desk) -> None:
    for n in range(6):
        await desk.subscribe(f"https://paper-{n}.test/feed")
        desk.reports(f"Harbour report of paper {n}", host=f"paper-{n}.test")
    bad = Entry(key="k", url="javascript:alert(1)", title="No address at all")
    desk.answers(Polled(outcome=NEW, entries=(bad, desk.entry(FERRY))), "paper-0.test")
    jobs = await make.claimed(desk.owner, JobKind.POLL, PLATFORM)
    lost = replace(jobs[-1], lease=jobs[-1].lease + 1)
    ends = await asyncio.gather(*(poll(desk.sv, [job]) for job in [*jobs[:-1], lost]), return_exceptions=True)
    assert [type(end) for end in ends] == [*[type(None)] * 5, LostLease]
    assert (await desk.count("items"), await desk.count("sightings")) == (5, 5)
    detail = await desk.owner.fetchval("select outcome_detail from sources where outcome_detail <> ''")
    assert detail == "1 without a usable address (“No address at all”)"


@pytest.mark.parametrize("bad", ["a\0b", "a\ud800b", "x" * 100_000])
async def test_whatever_a_source_says_of_itself_its_entries_are_stored(desk: Desk, bad: str) -> None:
    source = await desk.subscribe()
    said: Any = dict.fromkeys(("title", "publisher", "site", "detail", "etag", "last_modified"), bad)
    entry = replace(desk.entry(FERRY), facts={"tags": [bad], bad[:3]: 1})
    desk.answers(Polled(outcome=NEW, entries=(entry,), moved_to=f"https://post.test/{bad}", cursor=bad, **said))
    await desk.run(JobKind.POLL)
    row = await desk.source(source)
    assert (row["outcome"], await desk.count("sightings"), row["moved_to"]) == ("new", 1, "")
    assert len(row["title"]) <= 2000


async def test_one_article_that_two_sources_bring_in_one_lot_is_one_item_with_two_sightings(desk: Desk) -> None:
    for host in ("post.test", "herald.test"):
        await desk.subscribe(f"https://{host}/feed")
        twice = (desk.entry(FERRY), replace(desk.entry(FERRY), key="another key"))
        desk.answers(Polled(outcome=NEW, entries=twice), host)
    await together(desk)
    assert (await desk.count("items"), await desk.count("sightings")) == (1, 2)
    assert len(await make.claimed(desk.owner, JobKind.GROUP, PLATFORM)) == 1


async def test_a_source_that_somebody_wants_again_begins_without_its_past(desk: Desk) -> None:
    source = await desk.subscribe()
    await desk.owner.execute(
        """update sources set state = 'retired', failures = 4, strikes = 4, quarantines = 5,
             gone_since = cid_now() - interval '9 days'"""
    )
    late = await make.tenant(desk.platform, "late")
    await desk.subscribe(tenant=late)
    desk.answers(Polled(outcome=PollOutcome.GONE, cause=Cause.GONE))
    await desk.poll_again()
    row = await desk.source(source)
    assert (row["state"], row["failures"]) == ("active", 1)
