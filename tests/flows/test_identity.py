"""What makes two reports of a feed one article, and what is stored of reports that are partly unfit."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from cid.domain.ids import PLATFORM, SourceId, TenantId
from cid.domain.jobs import JobKind
from cid.domain.news import Entry, Polled, PollOutcome, Source, SourceKind
from cid.flows import sources as people
from cid.flows.poll import poll
from cid.pg.pool import AppDb, WorkerDb
from cid.services import Outside, Services
from cid.sources.feed.read import parse_feed
from cid.sources.rss import read_feed
from cid.store import items
from tests import make
from tests.fakes import FakeHttp, FrozenClock, InlineChildren

CHILDREN = InlineChildren({"parse_feed": parse_feed})
TITLES = tuple(f"Harbour report number {word} is out" for word in ("one", "two", "three", "four", "five"))


@dataclass
class Reader:
    """Reads whatever stands in `body` with what the source remembers."""

    body: str = ""
    polled: Polled | None = None

    async def poll(self, source: Source) -> Polled:
        self.polled = await read_feed(
            CHILDREN,
            self.body.encode("utf-8", "surrogatepass"),
            content_type="",
            url=source.url,
            known_by=(source.memory, source.by_title),
        )
        return self.polled


class Desk:
    def __init__(self, sv: Services, owner: Any, reader: Reader, clock: FrozenClock) -> None:
        self.sv, self.owner, self.reader, self.clock = sv, owner, reader, clock
        self.tenant: TenantId = PLATFORM
        self.id: SourceId

    async def open(self, platform: WorkerDb) -> None:
        self.tenant = await make.tenant(platform)
        self.id = await self.subscribe("https://post.test/feed")

    async def subscribe(self, url: str) -> SourceId:
        added = await people.add(self.sv, self.tenant, people.Wish(url=url), None)
        assert added.source_id
        return added.source_id

    async def polls(self, *entries: str) -> Polled:
        return await self.reads(f"<rss><channel><title>Post</title>{''.join(entries)}</channel></rss>")

    async def reads(self, body: str) -> Polled:
        self.reader.body = body
        await self.owner.execute("update jobs set state = 'ready' where kind = 'poll' and state = 'scheduled'")
        for job in await make.claimed(self.owner, JobKind.POLL, PLATFORM):
            await poll(self.sv, [job])
        assert self.reader.polled
        return self.reader.polled

    async def titles(self) -> list[str]:
        return [row["title"] for row in await self.owner.fetch("select title from items order by title")]

    async def one(self, sql: str) -> Any:
        return await self.owner.fetchval(sql)


def item(title: str, *, guid: str = "", link: str = "", at: datetime | None = None) -> str:
    when = f"<pubDate>{format_datetime(at)}</pubDate>" if at else ""
    name = f'<guid isPermaLink="false">{guid}</guid>' if guid else ""
    return f"<item><title>{title}</title><link>{link or 'https://post.test/' + guid}</link>{name}{when}</item>"


@pytest.fixture
async def desk(db: AppDb, platform: WorkerDb, owner: Any) -> Desk:
    clock, reader = FrozenClock(), Reader()
    outside = Outside(http=FakeHttp(), children=CHILDREN, sources={SourceKind.RSS: reader}, channels={})
    made = Desk(make.services(db, platform, outside=outside, clock=clock), owner, reader, clock)
    await made.open(platform)
    return made


async def test_entries_that_share_a_guid_are_told_apart_and_stay_known(desk: Desk) -> None:
    old = [item(title, guid="same", link=f"https://post.test/{n}") for n, title in enumerate(TITLES[:3])]
    await desk.polls(*old)
    await desk.polls(item(TITLES[3], guid="same", link="https://post.test/new"), *old)
    assert await desk.titles() == sorted(TITLES[:4])
    assert await desk.one("select count(*) from sightings") == 4


async def test_a_headline_that_was_edited_with_its_address_is_the_article_it_was(desk: Desk) -> None:
    at = desk.clock.now()
    await desk.polls(item("Ferry stops for repairs", guid="1", link="https://post.test/ferry-stops", at=at))
    await desk.polls(item("Ferry stops for two weeks", guid="1", link="https://post.test/ferry-two-weeks", at=at))
    assert await desk.titles() == ["Ferry stops for repairs"]


async def test_an_article_that_comes_back_under_another_guid_and_address_is_a_second_sighting(desk: Desk) -> None:
    await desk.polls(item("Ferry stops for repairs", guid="1"))
    await desk.polls(item("Ferry stops for “repairs”", guid="2"))
    await desk.polls(item("Ferry stops for “repairs”", guid="2"))
    assert await desk.titles() == ["Ferry stops for repairs"]
    rows = await desk.owner.fetch("select entry_key, link, again from sightings order by again")
    assert [tuple(row) for row in rows] == [("1", "", False), ("2", "https://post.test/2", True)]
    assert await desk.one("select count(*) from jobs where kind = 'group'") == 1


async def test_an_article_is_looked_up_by_any_spelling_and_its_second_sighting_is_not_listed(desk: Desk) -> None:
    await desk.polls(item("Ferry stops for repairs", guid="1", link="https://www.post.test/a?utm_source=x&amp;id=1"))
    await desk.polls(item("Ferry stops for repairs", guid="2", link="https://post.test/b"))
    async with desk.sv.db.read(desk.tenant) as tx:
        found = await items.by_url(tx, "http://post.test/a/?id=1#top")
        assert found and found.url == "https://www.post.test/a?id=1"
        assert len(await items.sightings(tx, desk.tenant, found.id)) == 1


async def test_a_column_that_repeats_its_title_every_day_is_a_new_article_every_day(desk: Desk) -> None:
    at = desk.clock.now()
    await desk.polls(item("The morning briefing from the harbour", guid="1", at=at - timedelta(days=1)))
    await desk.polls(item("The morning briefing from the harbour", guid="2", at=at))
    assert await desk.one("select count(*) from items") == 2


async def test_a_title_that_the_document_itself_repeats_names_no_article(desk: Desk) -> None:
    old = item("Comments on the harbour plan", guid="1")
    await desk.polls(old)
    await desk.polls(item("Comments on the harbour plan", guid="2"), old)
    assert await desk.one("select count(*) from items") == 2


async def test_a_guid_that_numbers_a_place_and_not_an_article_loses_nothing(desk: Desk) -> None:
    at = desk.clock.now()
    await desk.polls(item(TITLES[0], guid="1", link="https://post.test/a", at=at - timedelta(days=1)))
    await desk.polls(item(TITLES[1], guid="1", link="https://post.test/b", at=at))
    assert await desk.titles() == sorted(TITLES[:2])


async def test_two_sources_may_give_different_articles_one_guid(desk: Desk) -> None:
    await desk.polls(item(TITLES[0], guid="1", link="https://post.test/a"))
    await desk.owner.execute("delete from jobs")
    await desk.subscribe("https://herald.test/feed")
    await desk.polls(item(TITLES[1], guid="1", link="https://herald.test/a"))
    assert await desk.titles() == sorted(TITLES[:2])


async def test_a_source_that_names_its_entries_anew_at_each_poll_goes_by_title_and_date(desk: Desk) -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)

    def listed(token: str, *titles: str) -> list[str]:
        return [item(title, link=f"https://post.test/a?n={n}&amp;t={token}", at=at) for n, title in enumerate(titles)]

    await desk.polls(*listed("x", *TITLES))
    await desk.polls(*listed("y", *TITLES))
    assert not await desk.one("select by_title from sources")
    await desk.polls(*listed("z", *TITLES))
    assert await desk.one("select by_title from sources")
    await desk.polls(*listed("v", *TITLES))
    sightings = await desk.one("select count(*) from sightings")
    polled = await desk.polls(*listed("w", "Harbour report number six is out", *TITLES))
    assert (polled.known, [entry.title for entry in polled.entries]) == (5, ["Harbour report number six is out"])
    assert await desk.titles() == sorted([*TITLES, "Harbour report number six is out"])
    assert await desk.one("select count(*) from sightings") == sightings + 1


async def test_a_source_whose_list_merely_moves_on_keeps_its_own_identities(desk: Desk) -> None:
    for first in range(3):
        await desk.polls(*(item(title, guid=str(first + n)) for n, title in enumerate(TITLES[first:])))
    assert await desk.one("select volatile_polls = 0 and not by_title from sources")


async def test_what_was_there_before_is_neither_cleaned_nor_stored_again(desk: Desk) -> None:
    first = [item(title, guid=str(n)) for n, title in enumerate(TITLES)]
    await desk.polls(*first)
    polled = await desk.polls(item("Something else altogether happened", guid="9"), *first)
    assert (polled.known, len(polled.entries)) == (5, 1)
    polled = await desk.polls(*first)
    assert (polled.outcome, polled.entries) == (PollOutcome.NEW, ())
    assert await desk.one("select outcome from sources") == "not_modified"


async def test_one_address_twice_in_one_cycle_is_one_item_and_the_other_is_named(desk: Desk) -> None:
    links = ("https://www.post.test/a?b=1&amp;a=2", "http://post.test/a?a=2&amp;b=1#x", "https://post.test/c")
    await desk.polls(*(item(title, guid=title, link=link) for title, link in zip(TITLES, links, strict=False)))
    assert await desk.titles() == [TITLES[0], TITLES[2]]
    assert await desk.one("select outcome_detail from sources") == f"1 at the address of another (“{TITLES[0]}”)"


async def test_of_ten_thousand_entries_the_newest_are_stored_and_the_rest_is_named(desk: Desk) -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    many = [item(f"Report {n} of the harbour", guid=str(n), at=at + timedelta(seconds=n)) for n in range(10_000)]
    await desk.polls(*many)
    assert await desk.one("select count(*), min(url) from items") == 2000
    assert await desk.one("select outcome_detail from sources") == "only the newest 2000 of 10000 entries were read"
    assert await desk.one("select min(published_at) from items") == at + timedelta(seconds=8000)


async def test_good_entries_are_stored_beside_unfit_ones_and_each_of_these_is_named(desk: Desk) -> None:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "language": "azerbaijani",
        "items": [
            {"id": "1", "url": "https://post.test/1", "title": "NUL \0 and half \ud800 a pair"},
            {"id": "2", "url": "https://post.test/2", "title": "Year one", "date_published": "0001-01-01T00:00:00Z"},
            {"id": "3", "url": "https://post.test/3", "title": "Year 9999", "date_published": "9999-12-31T23:59:59Z"},
            {"id": "4", "title": "No address"},
            {"id": "5", "url": "https://post.test/5"},
            {"id": "6", "url": "https://post.test/6", "title": "Good", "date_published": "2026-03-01T00:00:00Z"},
        ],
    }
    await desk.reads(json.dumps(feed))
    assert await desk.titles() == ["Good", "NUL and half a pair", "Year 9999", "Year one"]
    assert await desk.one("select count(*) from items where published_at is not null or language <> ''") == 1
    assert await desk.one("select outcome_detail from sources") == (
        "characters that no text may hold were left out; 2 whose date cannot be read; "
        "its language is no language tag: azerbaijani; 1 without a usable address (“No address”); "
        "1 without a title (“https://post.test/5”)"
    )


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"title": "a\0b\udc80"}, "1 that held what no text may hold"),
        ({"summary": "\ud800"}, "1 that held what no text may hold"),
        ({"key": "\0"}, "1 that held what no text may hold"),
        ({"language": "azerbaijani"}, "1 whose language is no language tag"),
        ({"published_at": datetime(1, 1, 1, tzinfo=UTC)}, "1 whose date cannot be"),
        ({"published_at": datetime.max.replace(tzinfo=UTC)}, "1 whose date cannot be"),
        ({"url": "javascript:alert(1)"}, "1 without a usable address"),
        ({"url": "https://post.test/\0"}, ""),
        ({"title": " "}, "1 without a title"),
        ({"facts": {"links": ["a\0b"]}}, "1 that held what no text may hold"),
        ({"facts": {"\udc80": 1}}, "1 that held what no text may hold"),
        ({"facts": {"engagement": {"likes": float("nan")}}}, "1 whose facts no column holds"),
        ({"facts": {"id": "a\\u0000b"}}, ""),
        ({"title": "t" * 100_000, "summary": "s " * 100_000, "author": "a" * 9000, "key": "k" * 9000}, ""),
    ],
    ids=range(14),
)
async def test_no_reader_of_any_kind_can_spoil_the_others_rows(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, wrong: dict[str, Any], named: str
) -> None:
    good = [Entry(key=str(n), url=f"https://post.test/good/{n}", title=f"Good {n}") for n in range(20)]
    bad = replace(Entry(key="bad", url="https://post.test/bad", title="Bad"), **wrong)
    reported = Polled(outcome=PollOutcome.NEW, entries=(*good[:10], bad, *good[10:]))

    async def told(_: Source) -> Polled:
        return reported

    monkeypatch.setattr(desk.reader, "poll", told)
    for job in await make.claimed(desk.owner, JobKind.POLL, PLATFORM):
        await poll(desk.sv, [job])
    kept = await desk.one("select count(*) from items where title not like 'Good%'")
    assert await desk.one("select count(*) from items") == 20 + kept
    assert kept == (0 if named.endswith(("address", "title")) else 1)
    assert (await desk.one("select outcome_detail from sources")).partition(" (“")[0] == named
