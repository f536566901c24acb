"""What people do to sources."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from cid.domain.errors import Conflict, NotFound, Refused
from cid.domain.ids import SourceId, TenantId, UserId
from cid.domain.news import Entry, Polled, PollOutcome, SourceKind
from cid.domain.outside import HttpFailure, HttpTrouble
from cid.domain.tenants import Actor, Role, Tenant, User
from cid.flows import sources as people
from cid.flows.sources import Change, Wish
from cid.pg.pool import AppDb, WorkerDb
from cid.ports import Response
from cid.render.opml import Outline, opml
from cid.services import Outside, Services
from cid.store import sources
from cid.workers.child import FUNCTIONS
from tests import make
from tests.fakes import FakeHttp, FakeReader, InlineChildren
from tests.hostile import FEED, PAGE

FEEDS = [("A & B", "https://a.test/feed?x=1&y=2"), ("C", "https://c.test/feed")]


@pytest.fixture
async def tenant(platform: WorkerDb) -> TenantId:
    return await make.tenant(platform)


@pytest.fixture
def sv(db: AppDb, platform: WorkerDb) -> Services:
    reader = FakeReader(Polled(outcome=PollOutcome.NEW, entries=(Entry(key="1", url="https://a.test/1", title="One"),)))
    outside = Outside(
        http=FakeHttp(), children=InlineChildren(FUNCTIONS), sources={SourceKind.RSS: reader}, channels={}
    )
    return make.services(db, platform, outside=outside)


async def person(platform: WorkerDb, tenant: TenantId, role: Role) -> Actor:
    async with platform.tx() as tx:
        user = await make.user(tx, f"{role}@acme.test")
    now = make.services(platform, platform).clock.now()  # type: ignore[arg-type]
    return Actor(
        user=User(id=UserId(user), email=f"{role}@acme.test", name="Ed", admin=False),
        tenant=Tenant(id=tenant, slug="acme", name="Acme", sample=False, created_at=now),
        role=role,
    )


async def test_a_source_is_subscribed_polled_and_logged(sv: Services, tenant: TenantId, owner: Any) -> None:
    actor = await person(sv.platform, tenant, Role.OWNER)  # type: ignore[arg-type]
    added = await people.add(sv, tenant, Wish(url="a.test/feed", trust=0.9), actor)
    async with sv.db.read(tenant) as tx:
        (mine,) = await sources.subscribed(tx, tenant)
    assert (mine.url, mine.trust, mine.active, mine.publisher) == ("https://a.test/feed", 0.9, True, "a.test")
    job = await owner.fetchrow("select kind, state, dedupe_key from jobs")
    assert tuple(job) == ("poll", "ready", str(added.source_id))
    assert await owner.fetchval("select user_id from audit where action = 'source.added'") == actor.user.id


async def test_two_tenants_share_one_public_source(sv: Services, tenant: TenantId, platform: WorkerDb) -> None:
    other = await make.tenant(platform, "other")
    one = await people.add(sv, tenant, Wish(url="https://A.test/feed"), None)
    two = await people.add(sv, other, Wish(url="https://a.test/feed#top"), None)
    assert one.source_id == two.source_id


BOT = Wish(kind=SourceKind.TELEGRAM_BOT, config={"bot": "HarbourBot"})


async def test_what_a_bot_gets_is_for_the_first_tenant_that_adds_it(
    sv: Services, tenant: TenantId, platform: WorkerDb
) -> None:
    other = await make.tenant(platform, "other")
    await people.add(sv, tenant, BOT, None)
    with pytest.raises(Conflict):
        await people.add(sv, tenant, BOT, None)
    with pytest.raises(Refused, match="only one"):
        await people.add(sv, other, BOT, None)
    with pytest.raises(Refused, match="only one"):
        await people.test(sv, BOT, other)
    (result,) = await people.add_many(sv, other, [BOT], None)
    assert result.change is Change.REFUSED


async def test_of_two_tenants_that_add_a_bot_at_once_one_has_it(
    sv: Services, tenant: TenantId, platform: WorkerDb, owner: Any
) -> None:
    other = await make.tenant(platform, "other")
    results = await asyncio.gather(
        people.add(sv, tenant, BOT, None), people.add(sv, other, BOT, None), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["Added", "Refused"]
    assert await owner.fetchval("select count(*) from sources") == 1


async def test_a_source_that_is_there_is_not_added_again(sv: Services, tenant: TenantId) -> None:
    await people.add(sv, tenant, Wish(url="https://a.test/feed", trust=0.2), None)
    with pytest.raises(Conflict):
        await people.add(sv, tenant, Wish(url="https://a.test/feed", trust=0.9), None)
    async with sv.db.read(tenant) as tx:
        assert [mine.trust for mine in await sources.subscribed(tx, tenant)] == [0.2]


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        (Wish(url="ftp://a.test/"), "http"),
        (Wish(url=""), "http"),
        (Wish(url="https://a.test/", trust=1.1), "Trust"),
        (Wish(url="https://a.test/", role="friend"), "role"),
    ],
)
async def test_what_cannot_be_is_refused_with_a_sentence(sv: Services, tenant: TenantId, wish: Wish, why: str) -> None:
    with pytest.raises(Refused, match=why):
        await people.add(sv, tenant, wish, None)


@pytest.mark.parametrize("role", [Role.EDITOR, Role.ANALYST, Role.VIEWER])
async def test_only_owners_change_sources(sv: Services, tenant: TenantId, platform: WorkerDb, role: Role) -> None:
    with pytest.raises(Refused, match="role"):
        await people.add(sv, tenant, Wish(url="https://a.test/feed"), await person(platform, tenant, role))


def exported(*feeds: tuple[str, str]) -> bytes:
    return opml("<Mine>", [Outline(title=title, url=url) for title, url in feeds]).encode()


async def test_an_import_says_what_became_of_every_row_and_spreads_the_first_polls(
    sv: Services, tenant: TenantId, owner: Any
) -> None:
    await people.add(sv, tenant, Wish(url="https://c.test/feed"), None)
    listed = await people.read_opml(sv, exported(*FEEDS, ("odd", "file:///etc/passwd")), trust=0.5)
    assert [(wish.title, wish.url) for wish in listed[:2]] == FEEDS
    many = [Wish(url=f"https://n{number}.test/feed") for number in range(50)]
    results = await people.add_many(sv, tenant, [*listed, *many], None)
    assert [result.change for result in results[:3]] == [Change.ADDED, Change.ALREADY, Change.REFUSED]
    times = [row["run_at"] for row in await owner.fetch("select run_at from jobs where kind = 'poll' order by run_at")]
    assert len(set(times)) > 45
    assert max(times) - sv.clock.now() <= timedelta(seconds=10)


async def test_an_export_can_be_imported_again(sv: Services) -> None:
    listed = await people.read_opml(sv, exported(*FEEDS))
    assert [(wish.title, wish.url) for wish in listed] == FEEDS


@pytest.mark.parametrize("body", [b"", PAGE, b"<opml/>", b"x" * 10_000_001])
async def test_a_file_that_is_no_opml_is_refused(sv: Services, body: bytes) -> None:
    with pytest.raises(Refused):
        await people.read_opml(sv, body)


async def test_trying_a_source_stores_nothing(sv: Services, owner: Any) -> None:
    polled = await people.test(sv, Wish(url="a.test/feed"), None)
    assert [entry.title for entry in polled.entries] == ["One"]
    assert await owner.fetchval("select (select count(*) from sources) + (select count(*) from items)") == 0


async def test_trying_a_file_reads_it_as_a_feed(sv: Services) -> None:
    assert [entry.title for entry in (await people.test_file(sv, FEED, "")).entries] == ["Ferry back in service"]
    assert (await people.test_file(sv, PAGE, "")).outcome is PollOutcome.BROKEN


async def test_a_file_by_its_address_is_fetched_or_refused(sv: Services) -> None:
    http: Any = sv.outside.http
    http.answers = {
        "https://a.test/x": Response(status=200, url="", headers={}, body=b"yes"),
        "https://a.test/y": Response(status=404, url="", headers={}, body=b"no"),
        "https://a.test/z": HttpFailure(HttpTrouble.DNS, "The server's name could not be found."),
    }
    assert await people.fetch(sv, "https://a.test/x") == b"yes"
    with pytest.raises(Refused, match="404"):
        await people.fetch(sv, "https://a.test/y")
    with pytest.raises(Refused, match="name"):
        await people.fetch(sv, "https://a.test/z")


async def test_trust_and_switch_are_the_tenants_own(sv: Services, tenant: TenantId, platform: WorkerDb) -> None:
    stranger = await make.tenant(platform, "stranger")
    added = await people.add(sv, tenant, Wish(url="https://a.test/feed"), None)
    assert added.source_id
    for change in (
        people.set_trust(sv, stranger, added.source_id, 0.1, None),
        people.set_active(sv, stranger, added.source_id, wanted=False, actor=None),
        people.set_active(sv, tenant, SourceId(uuid4()), wanted=False, actor=None),
    ):
        with pytest.raises(NotFound):
            await change
    await people.set_trust(sv, tenant, added.source_id, 0.1, None)
    await people.set_active(sv, tenant, added.source_id, wanted=False, actor=None)
    async with sv.db.read(tenant) as tx:
        (mine,) = await sources.subscribed(tx, tenant)
    assert (mine.trust, mine.active) == (0.1, False)
