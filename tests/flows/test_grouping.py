"""Placing on a real Postgres: what is measured is what runs, and what it costs does not grow."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cid.domain.ids import PLATFORM, ItemId, StoryId
from cid.domain.jobs import JobKind, NewJob
from cid.flows import grading
from cid.flows import group as flow
from cid.flows.grading import Row
from cid.pg.pool import AppDb, WorkerDb
from cid.queue import jobs as queue
from cid.services import Services
from cid.store import stories
from cid.text.stories.keys import key
from tests import make
from tests.fakes import FrozenClock

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVENTS = (
    "Ferry service across the harbour resumes after long repairs",
    "Kerala govt launches new AI policy 2026",
    "Punjab govt launches new AI policy 2026",
    "Rebel tanker Morning Glory slips past the Libyan navy",
    "Elephants tell human voices apart, study finds",
    "Mt. Gox files for bankruptcy protection in Dallas",
)
TAILS = ("", "officials say", "in pictures", "what we know", "live updates", "as it happened", "a timeline")


@pytest.fixture
def sv(db: AppDb, platform: WorkerDb) -> Services:
    return make.services(db, platform, clock=FrozenClock())


def rows(number: int, seed: int = 1) -> list[Row]:
    """Reports of a few events, each in words of its own."""
    dice = random.Random(seed)
    found = []
    for n in range(number):
        words = [*dice.choice(EVENTS).split(), *dice.choice(TAILS).split()]
        kept = [word for word in words if dice.random() > 0.25]
        publisher = f"Publisher {dice.randrange(9)}"
        found.append(
            Row(title=" ".join(kept), publisher=publisher, at=AT + timedelta(minutes=n), url=f"https://x.test/{n}")
        )
    return found


async def grouped(sv: Services, items: Sequence[ItemId]) -> list[int]:
    """Stories as the number of the item that is the first in each."""
    found = await grading.stories_of(sv, items)
    first: dict[StoryId, int] = {}
    return [first.setdefault(story, number) for number, story in enumerate(found)]


async def through_the_queue(sv: Services, owner: Any, items: Sequence[ItemId]) -> None:
    async with sv.platform.tx() as tx:
        await queue.enqueue(
            tx, *(NewJob(kind=JobKind.GROUP, tenant=PLATFORM, payload={"item": str(item)}) for item in items)
        )
    jobs = await make.claimed(owner, JobKind.GROUP, PLATFORM)
    random.Random(3).shuffle(jobs)
    await flow.group(sv, jobs)


@pytest.mark.parametrize("seed", [1, 2])
async def test_the_measurement_and_the_desk_put_items_in_the_same_stories(sv: Services, owner: Any, seed: int) -> None:
    given = rows(120, seed)
    ends: list[list[int]] = []
    for size, live in ((1, False), (50, False), (50, True), (120, True)):
        items = await grading.fill(sv, [_again(row, len(ends)) for row in given])
        for start in range(0, len(items), size):
            some = items[start : start + size]
            await (through_the_queue(sv, owner, some) if live else flow.place(sv, some))
        ends.append(await grouped(sv, items))
        await owner.execute("truncate story_keys, term_uses")
    assert ends[0] == ends[1] == ends[2] == ends[3]
    assert 2 < len(set(ends[0])) < 40


def _again(row: Row, number: int) -> Row:
    return Row(title=row.title, publisher=row.publisher, at=row.at, url=f"{row.url}/{number}")


async def test_counts_agree_with_what_is_there_after_merges_and_repeated_sightings(sv: Services, owner: Any) -> None:
    halves = ("Parliament of Tripoli ousts premier Zeidan", "Warship shadows a tanker called Evening Star")
    bridge = "Parliament of Tripoli ousts premier Zeidan as warship shadows tanker called Evening Star"
    given = rows(150)
    given[:2] = [Row(title=title, publisher="Post", at=AT, url=f"https://y.test/{title}") for title in halves]
    given.append(Row(title=bridge, publisher="Mail", at=AT + timedelta(hours=3), url="https://y.test/"))
    items = await grading.fill(sv, given)
    for start in range(0, len(items), 40):
        await flow.place(sv, items[start : start + 40])
    await flow.place(sv, items[:70])
    assert await owner.fetchval("select count(*) from stories where merged_into is not null")
    counted = "select id, items, publishers, last_new_publisher_at from stories where merged_into is null order by id"
    before = await owner.fetch(counted)
    async with sv.platform.tx() as tx:
        await stories.recount(tx, [row["id"] for row in before])
    assert await owner.fetch(counted) == before
    assert sum(row["items"] for row in before) == len(items)


async def test_bands_and_likeness_are_written_beside_the_story(sv: Services, owner: Any) -> None:
    items = await grading.fill(
        sv,
        [
            Row(title=EVENTS[0], publisher="Post", at=AT, url="https://x.test/1"),
            Row(title=EVENTS[0], publisher="Mail", at=AT + timedelta(hours=1), url="https://x.test/2"),
        ],
    )
    await flow.place(sv, items)
    said = await owner.fetch(
        "select band, round(likeness::numeric, 2)::float8 as likeness from items order by published_at"
    )
    assert [(row["band"], row["likeness"]) for row in said] == [("first", 0.0), ("certain", 1.0)]


async def test_a_later_chapter_names_what_it_follows(sv: Services, owner: Any) -> None:
    titles = ("Odisha AI policy announced", "Odisha AI policy implementation begins")
    await flow.place(
        sv,
        await grading.fill(
            sv,
            [
                Row(title=title, publisher="Post", at=AT + timedelta(hours=n), url=f"https://x.test/{n}")
                for n, title in enumerate(titles)
            ],
        ),
    )
    assert await owner.fetchval("select count(*) from stories s join stories f on f.id = s.follows") == 1


async def test_a_look_up_reads_by_the_index_and_a_handful_a_key_however_many_stories_there_are(
    sv: Services, owner: Any, platform: WorkerDb
) -> None:
    many = 20_000
    await owner.execute(
        """insert into stories (id, words) select uuid7_floor(cid_now() + n * interval '1 second'), '{}'
           from generate_series(1, $1) as n""",
        many,
    )
    hot = key(1, "harbour")
    await owner.execute("insert into story_keys (key, story_id) select $1, id from stories", hot)
    await owner.execute("analyze stories, story_keys")
    async with platform.read() as tx:
        found = await stories.near(tx, [[hot]])
        plan = await tx.fetchval(
            f"explain (analyze, buffers, format json) {stories.NEAR}", [0], [hot], 12, stories.UNDER_A_KEY
        )
    assert len(found) == stories.UNDER_A_KEY
    (read,) = json.loads(plan) if isinstance(plan, str) else plan
    assert read["Plan"]["Shared Hit Blocks"] + read["Plan"]["Shared Read Blocks"] < 100


async def test_the_biggest_stories_are_read_first_under_a_key(sv: Services, owner: Any, platform: WorkerDb) -> None:
    hot = key(1, "harbour")
    await owner.execute(
        """insert into stories (id, words) select uuid7_floor(cid_now() + n * interval '1 second'), '{}'
           from generate_series(1, 40) as n"""
    )
    await owner.execute("insert into story_keys select $1, 3, id from stories", hot)
    oldest = await owner.fetchval("select min(id::text)::uuid from stories")
    await owner.execute("update story_keys set level = 9 where story_id = $1", oldest)
    async with platform.read() as tx:
        found = await stories.near(tx, [[hot]])
    assert oldest in {story.id for story in found}


HALVES = ("Parliament of Tripoli ousts premier Zeidan", "Warship shadows a tanker called Evening Star")
BRIDGE = "Parliament of Tripoli ousts premier Zeidan as warship shadows tanker called Evening Star"


async def placed(sv: Services, owner: Any, *titles: str, private: bool = False) -> list[StoryId]:
    given = [
        Row(
            title=title,
            publisher="Post",
            at=AT + timedelta(minutes=n),
            url=f"https://{title.split()[0]}.test/{n}/{private}",
        )
        for n, title in enumerate(titles)
    ]
    items = await grading.fill(sv, given)
    if private:
        await owner.execute("update items set public = false where id = any($1::uuid[])", items)
    await flow.place(sv, items)
    return await grading.stories_of(sv, items)


async def known(owner: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await owner.fetch("select id, words, weights, faces, mass from stories order by id")]


async def test_what_one_tenant_alone_reads_joins_a_story_and_changes_nothing_about_it(sv: Services, owner: Any) -> None:
    """Or a tenant could glue the stories of all others with a feed of its own, and leave its words there."""
    one, other = await placed(sv, owner, *HALVES)
    before = await known(owner)
    assert set(await placed(sv, owner, BRIDGE, f"Codename Sparrow {BRIDGE}", private=True)) <= {one, other}
    assert await known(owner) == before
    assert await owner.fetchval("select count(*) from stories where merged_into is not null") == 0
    assert set(await placed(sv, owner, BRIDGE)) == {one}, "the same words in public do merge them"


async def test_the_words_of_a_private_report_are_forgotten_when_a_public_one_joins_it(sv: Services, owner: Any) -> None:
    (one,) = await placed(sv, owner, "Codename Sparrow: parliament of Tripoli ousts premier Zeidan", private=True)
    (again,) = await placed(sv, owner, "Codename Sparrow: Tripoli parliament ousts Zeidan", private=True)
    assert again == one, "private reports of one event are one story"
    assert await placed(sv, owner, HALVES[0]) == [one]
    ((_, words, _, faces, mass),) = await known(owner)
    assert (faces, mass) == ([HALVES[0]], 1)
    assert "sparrow" not in words


async def test_a_private_story_that_a_public_report_merges_leaves_no_words(sv: Services, owner: Any) -> None:
    (one,) = await placed(sv, owner, f"Sparrow {HALVES[0]}", private=True)
    (other,) = await placed(sv, owner, HALVES[1])
    await placed(sv, owner, BRIDGE)
    (stands,) = [row[0] for row in await owner.fetch("select id from stories where merged_into is null")]
    assert stands in {one, other}
    ((_, words, _, faces, mass),) = [row for row in await known(owner) if row[0] == stands]
    assert (set(faces), mass) == ({HALVES[1], BRIDGE}, 2)
    assert "sparrow" not in words


async def test_one_source_cannot_glue_two_stories_that_others_report(sv: Services, owner: Any) -> None:
    def told(titles: Sequence[str], name: str) -> list[Row]:
        return [
            Row(title=titles[n % len(titles)], publisher=f"P {n}", at=AT, url=f"https://{name}.test/{n}")
            for n in range(16)
        ]

    premier = [
        HALVES[0],
        "Tripoli parliament votes premier Zeidan out",
        "Premier Zeidan ousted by parliament in Tripoli",
    ]
    elephant = ["Elephants tell human voices apart, study finds", "Study: elephants know human voices apart"]
    items = await grading.fill(sv, [*told(premier, "premier"), *told(elephant, "elephant")])
    await flow.place(sv, items)
    mixed = [f"Tripoli parliament premier Zeidan elephants human voices study {n}x" for n in range(80)]
    spam = await grading.fill(
        sv, [Row(title=title, publisher="Spam", at=AT, url=f"https://spam.test/{title}") for title in mixed]
    )
    for start in range(0, len(spam), 10):
        await flow.place(sv, spam[start : start + 10])
    found = await grading.stories_of(sv, items)
    assert (len(set(found[:16])), len(set(found[16:]))) == (1, 1)
    assert found[0] != found[16]
