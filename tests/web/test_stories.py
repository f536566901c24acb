"""What pages and `cid items why` say of a story: who told it, what it follows, and where it merged."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from cid.cli import frame, main
from cid.domain.ids import ItemId, SourceId, VerdictId, uuid7
from cid.domain.jobs import JobKind, NewJob
from cid.domain.tenants import Desk as Desks
from cid.domain.tenants import Profile
from cid.domain.verdicts import Gate, Pass, Reason
from cid.flows.review import review
from cid.gates import angles
from cid.queue import jobs as queue
from cid.store import competition, screenings, stories, telling, verdicts
from cid.store.verdicts import NewVerdict
from cid.text.spread import spread
from cid.text.urls import url_hash
from tests import make
from tests.newsroom import ITEMS

if TYPE_CHECKING:
    import asyncpg

    from cid.services import Services
    from tests.newsroom import Newsroom
    from tests.web.conftest import Desk, Person

    Owner = asyncpg.Connection[asyncpg.Record]


async def merge(desk: Desk, room: Newsroom, gone: str, stays: str) -> None:
    async with desk.sv.platform.tx() as tx:
        await stories.alone(tx)
        assert await stories.merge(tx, [(room.stories[gone], room.stories[stays])]) == {room.stories[stays]}


async def retell(owner: Owner, room: Newsroom, item: str, source: str, title: str, minutes: int) -> ItemId:
    """One more report of the item's story, so many minutes after it."""
    one = ItemId(uuid7(room.now))
    await owner.execute(
        """insert into items (id, url, url_hash, title, published_at, first_seen_at, story_id, public, band)
           select $1, $2, sha256($2::text::bytea), $3, published_at + $5, first_seen_at + $5, story_id, true, 'similar'
           from items where id = $4""",
        one,
        f"https://retold.test/{one}",
        title,
        room.items[item],
        timedelta(minutes=minutes),
    )
    await owner.execute(
        "insert into sightings (id, item_id, source_id) values ($1, $2, $3)",
        uuid7(room.now),
        one,
        room.sources[source],
    )
    return one


async def test_an_item_tells_who_was_first_who_repeats_and_how_far_it_spread(
    boss: Person, stranger: Person, room: Newsroom, owner: Owner
) -> None:
    title = "Harbour board is said to weigh a night closure of the north basin"
    await retell(owner, room, "waiting", "Freight & Quay", f"{title}, sources say", 30)
    await retell(owner, room, "waiting", "Gravel Weekly", "Night sailings may end", 300)
    text = await boss.text(f"/t/acme/items/{room.items['waiting']}")
    assert "3 publishers that count here reported it, 2 of them within 2 hours" in text
    assert "in words of its own" in text
    told = text[text.index("Who told it") :]
    order = [told.index(name) for name in ("Harbour Gazette", "repeated by", "Freight &amp; Quay", "Gravel Weekly")]
    assert order == sorted(order)
    theirs = await stranger.text(f"/t/other/items/{room.items['waiting']}")
    assert "count here" not in theirs, "who takes none of the sources counts none of them"
    assert "Who told it" not in theirs


async def test_a_follow_up_and_what_it_follows_lead_to_each_other_for_whom_they_are_visible(
    boss: Person, stranger: Person, room: Newsroom, desk: Desk
) -> None:
    async with desk.sv.platform.tx() as tx:
        pairs = [("waiting", "lonely"), ("held", "hidden"), ("drafted", "waiting")]
        await stories.follow(tx, [(room.stories[after], room.stories[before]) for after, before in pairs])
    later = await boss.text(f"/t/acme/items/{room.items['waiting']}")
    assert "Follows:" in later
    assert f"/t/acme/items/{room.items['lonely']}" in later
    assert "Followed by:" in later
    assert f"/t/acme/items/{room.items['drafted']}" in later
    assert "Followed by:" in await boss.text(f"/t/acme/items/{room.items['lonely']}")
    path = f"items/{room.items['held']}"
    assert "Only the other house" not in await boss.text(f"/t/acme/{path}"), "a private story is nowhere for others"
    assert "Only the other house" in await stranger.text(f"/t/other/{path}")
    await merge(desk, room, "lonely", "irrelevant")
    assert f"/t/acme/items/{room.items['irrelevant']}" in await boss.text(f"/t/acme/items/{room.items['waiting']}")


async def test_an_item_whose_story_merged_shows_what_became_of_the_merged_one(
    boss: Person, room: Newsroom, desk: Desk
) -> None:
    await merge(desk, room, "waiting", "drafted")
    text = await boss.text(f"/t/acme/items/{room.items['waiting']}")
    assert "became a draft" in text
    assert f"/t/acme/drafts/{room.drafts['drafted']}" in text
    assert "its story became part of one that had gone further" in text
    assert f"/t/acme/items/{room.items['drafted']}" in text
    listed = await boss.text("/t/acme/items?reason=merged")
    assert str(room.items["waiting"]) in listed
    assert str(room.items["waiting"]) not in await boss.text("/t/acme/items?state=waiting")


async def test_two_drafts_of_one_story_name_each_other_and_nobody_elses(
    boss: Person, room: Newsroom, desk: Desk
) -> None:
    before = await boss.text(f"/t/acme/drafts/{room.drafts['held']}")
    assert "another draft" not in before
    await merge(desk, room, "held", "drafted")
    led_on = await boss.text(f"/t/acme/drafts/{room.drafts['held']}")
    assert "The story merged into one that has another draft:" in led_on
    assert f"/t/acme/drafts/{room.drafts['drafted']}" in led_on
    assert "The same story has another draft:" in await boss.text(f"/t/acme/drafts/{room.drafts['drafted']}")
    listed = await boss.text("/t/acme/drafts")
    assert str(room.drafts["held"]) in listed, "it stays where people decide"


async def test_a_draft_of_a_story_that_another_draft_speaks_for_is_held_without_asking_a_model(
    boss: Person, room: Newsroom, desk: Desk, owner: Owner
) -> None:
    draft, version = room.drafts["held"], room.versions["held"]
    await owner.execute("update drafts set state = 'written' where id = $1", draft)
    await merge(desk, room, "held", "drafted")
    async with desk.sv.db.tx(room.tenant) as tx:
        payload = {"draft": str(draft), "version": str(version)}
        await queue.enqueue(tx, NewJob(kind=JobKind.REVIEW, tenant=room.tenant, payload=payload))
    calls = await owner.fetchval("select count(*) from calls")
    await review(desk.sv, await make.claimed(owner, JobKind.REVIEW, room.tenant))
    assert await owner.fetchval("select state from drafts where id = $1", draft) == "held"
    assert await owner.fetchval("select count(*) from calls") == calls
    assert "Another draft tells the same story" in await boss.text(f"/t/acme/drafts/{draft}")


async def test_items_why_tells_the_same_and_follows_a_merge(
    room: Newsroom, desk: Desk, owner: Owner, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    title = "Harbour board is said to weigh a night closure of the north basin"
    await retell(owner, room, "waiting", "Freight & Quay", title, 30)
    async with desk.sv.platform.tx() as tx:
        await stories.follow(tx, [(room.stories["waiting"], room.stories["lonely"])])
    await merge(desk, room, "waiting", "drafted")
    loop = asyncio.get_running_loop()

    def with_services(_options: frame.Options, body: Callable[[Services], Coroutine[Any, Any, Any]]) -> Any:
        return asyncio.run_coroutine_threadsafe(body(desk.sv), loop).result()

    monkeypatch.setattr(frame, "with_services", with_services)
    url = "https://www.feed0.test/waiting"
    await owner.execute("update items set url_hash = $2 where id = $1", room.items["waiting"], url_hash(url))
    typed = ["items", "why", url, "--tenant", "acme"]
    assert await asyncio.to_thread(frame.run, main, typed) == 0
    said = capsys.readouterr().out
    for line in (
        "its story has 3 article(s)",
        "3 publisher(s) that count here, 3 of them within 2 hours; first Harbour Gazette",
        "Harbour Gazette, repeated by Freight & Quay",
        "follows: A crane at the harbour squeaks, says one reader",
        "merged",
        "a draft was written",
    ):
        assert line in said
    assert await asyncio.to_thread(frame.run, main, [*typed, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["spread"]["publishers"], told["spread"]["within"]) == (3, 3)
    assert told["spread"]["first"]["publisher"] == "Harbour Gazette"
    assert [len(chain["copies"]) for chain in told["spread"]["chains"]].count(1) >= 1
    assert [(kin["earlier"], kin["title"]) for kin in told["kin"]] == [(True, ITEMS["lonely"])]
    assert told["screening"]["state"] == "passed"


async def test_what_gate_1_said_for_the_tracker_is_told_apart(
    room: Newsroom,
    desk: Desk,
    boss: Person,
    owner: Owner,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    loop = asyncio.get_running_loop()

    def with_services(_options: frame.Options, body: Callable[[Services], Coroutine[Any, Any, Any]]) -> Any:
        return asyncio.run_coroutine_threadsafe(body(desk.sv), loop).result()

    monkeypatch.setattr(frame, "with_services", with_services)
    url = "https://www.feed0.test/drafted"
    await owner.execute("update items set url_hash = $2 where id = $1", room.items["drafted"], url_hash(url))
    before = (await boss.text(f"/t/acme/drafts/{room.drafts['drafted']}")).count("names a keyword")
    async with desk.sv.db.tx(room.tenant) as tx:
        said = NewVerdict(
            id=VerdictId(room.id()),
            item_id=room.items["drafted"],
            story_id=room.stories["drafted"],
            screening_id=None,
            verdict=Pass(Reason.KEYWORD, "harbour"),
        )
        await verdicts.add_many(tx, Gate.RULES, [said], desk=Desks.TRACKER)
    assert await asyncio.to_thread(frame.run, main, ["items", "why", url, "--tenant", "acme"]) == 0
    assert capsys.readouterr().out.count("gate 1 rules (tracker)") == 1
    after = (await boss.text(f"/t/acme/drafts/{room.drafts['drafted']}")).count("names a keyword")
    assert after == before, "the tracker's verdicts are no reason for a draft"


async def test_what_is_read_by_the_story_that_went_is_told_of_the_one_that_stays(room: Newsroom, desk: Desk) -> None:
    """As `cid items why` reads it."""
    await merge(desk, room, "waiting", "drafted")
    async with desk.sv.db.read(room.tenant) as tx:
        old, new = [
            spread(await telling.reports(tx, room.tenant, room.stories[name])) for name in ("waiting", "drafted")
        ]
        found = await screenings.of_story(tx, room.tenant, room.stories["waiting"])
    assert old == new
    assert {one.first.item_id for one in old.chains} == {room.items["waiting"], room.items["drafted"]}
    assert found
    assert found.state == "passed"


async def test_an_items_page_tells_which_competitor_took_which_side_and_which_nobody_took(
    boss: Person, stranger: Person, room: Newsroom, owner: Owner, desk: Desk
) -> None:
    page = f"items/{room.items['drafted']}"
    before = await boss.text(f"/t/acme/{page}")
    assert "You follow no competitor" in before
    source = SourceId(uuid7(room.now))
    await owner.execute(
        """insert into sources (id, kind, url, publisher, polled_at)
           values ($1, 'rss', 'https://rival.test/feed', 'rival.test', cid_now())""",
        source,
    )
    await owner.execute(
        "insert into subscriptions (tenant_id, id, source_id, role) values ($1, $2, $3, 'competitor')",
        room.tenant,
        uuid7(room.now),
        source,
    )
    assert "The competitor that you follow has nothing on it" in await boss.text(f"/t/acme/{page}")
    room.sources["rival"] = source
    await retell(owner, room, "drafted", "rival", "What <it> means for ports", 5)
    text = await boss.text(f"/t/acme/{page}")
    assert "since the story was judged" in text
    async with desk.sv.db.tx(room.tenant) as tx:
        screening = await screenings.of_story(tx, room.tenant, room.stories["drafted"])
        assert screening
        wrote = await competition.articles(tx, room.tenant, room.stories["drafted"])
        found = angles.compared(wrote, Profile(), desk.sv.angles, followed=1)
        await competition.note(tx, screening.id, found)
    text = await boss.text(f"/t/acme/{page}")
    assert "What &lt;it&gt; means for ports" in text
    assert "local impact" in text
    assert "Nobody took: list of actions, contrarian view" in " ".join(text.split())
    assert "since the story was judged" not in text
    theirs = await stranger.text(f"/t/other/{page}")
    assert "You follow no competitor" in theirs, "whom one follows is no other's business"
    assert "local impact" not in theirs
