"""A source that dies and moves: it rests; its successor is found, proposed and taken. On sockets of this machine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web

from cid.domain.errors import Conflict, NotFound
from cid.domain.health import Industry, ListedFeed
from cid.domain.ids import PLATFORM, SourceId, TenantId
from cid.domain.jobs import JobKind
from cid.domain.news import SourceKind
from cid.domain.tenants import Profile
from cid.flows import heal
from cid.flows import sources as people
from cid.flows.poll import poll
from cid.flows.sources import Wish
from cid.outside.children import ChildPool
from cid.outside.http import GuardedHttp
from cid.pg.pool import AppDb, WorkerDb
from cid.services import Outside, Services
from cid.sources.rss import RssReader
from cid.store import health, tidy
from tests import make
from tests.fakes import FrozenClock
from tests.sites import Site, feed, page, search_results, sites

FEED = "/news/feed.rss"
HARBOUR = Profile(keywords=("harbour",), industry="Mortgage lending in ports")


class Desk:
    """One tenant with one feed at `post`; `gazette` is another publisher, `search` the news search."""

    def __init__(self, db: AppDb, platform: WorkerDb, owner: Any, net: list[Site], http: GuardedHttp) -> None:
        self.owner, self.platform = owner, platform
        self.post, self.gazette, self.search = net
        self.clock = FrozenClock()
        self.children = ChildPool(size=1)
        reader = RssReader(http, self.children, self.clock)
        outside = Outside(http=http, children=self.children, sources={SourceKind.RSS: reader}, channels={})
        sv = make.services(db, platform, outside=outside, clock=self.clock)
        healing = replace(sv.policy.healing, news=self.search.url("/rss/search"))
        self.sv: Services = replace(sv, policy=replace(sv.policy, healing=healing))
        self.tenant: TenantId = PLATFORM
        self.source: SourceId = SourceId(UUID(int=0))

    async def open(self) -> None:
        self.tenant = await make.tenant(self.platform, profile=HARBOUR)
        self.post.answers[FEED] = feed("Harbour Post", home=self.post.url("/"))
        self.source = await self.subscribe(self.tenant)
        await self.poll()

    async def subscribe(self, tenant: TenantId, **over: Any) -> SourceId:
        added = await people.add(self.sv, tenant, Wish(url=self.post.url(FEED), **over), None)
        assert added.source_id
        return added.source_id

    async def poll(self) -> None:
        await self.owner.execute("update jobs set state = 'ready' where kind = 'poll' and state = 'scheduled'")
        for job in await make.claimed(self.owner, JobKind.POLL, PLATFORM):
            await poll(self.sv, [job])

    async def dies(self) -> None:
        """Its address is empty from now on, and it is polled until it rests."""
        del self.post.answers[FEED]
        for _ in range(3):
            await self.poll()

    async def heal(self, tenant: TenantId = PLATFORM) -> int:
        jobs = await make.claimed(self.owner, JobKind.HEAL, tenant)
        for job in jobs:
            await heal.heal(self.sv, [job])
        return len(jobs)

    async def row(self, source: SourceId | None = None) -> Any:
        return await self.owner.fetchrow("select * from sources where id = $1", source or self.source)

    async def proposals(self, tenant: TenantId | None = None) -> list[Any]:
        found = await self.owner.fetch(
            "select * from proposals where tenant_id = $1 order by state, place", tenant or self.tenant
        )
        return list(found)

    async def tried(self) -> dict[str, str]:
        row = await self.owner.fetchval("select tried from searches where tenant_id = $1", self.tenant)
        import json

        return {entry["url"]: entry["why"] for entry in (json.loads(row) if isinstance(row, str) else row)}


@pytest.fixture
async def desk(db: AppDb, platform: WorkerDb, owner: Any) -> AsyncIterator[Desk]:
    async with sites(3) as net, GuardedHttp(allow_local=[site.pair for site in net]) as http:
        desk = Desk(db, platform, owner, net, http)
        await desk.open()
        yield desk
        await desk.children.close()


async def test_three_failures_in_a_row_are_a_quarantine_and_the_search_begins_at_once(desk: Desk) -> None:
    await desk.dies()
    row = await desk.row()
    assert (row["state"], row["failures"], row["quarantines"]) == ("quarantined", 3, 1)
    assert row["quarantined_until"] == row["next_poll_at"] == desk.clock.now() + timedelta(hours=6)
    assert await desk.owner.fetchval("select run_at from jobs where kind = 'poll'") == row["next_poll_at"]
    assert await desk.owner.fetchval("select count(*) from jobs where kind = 'heal' and state = 'ready'") == 1


async def test_each_further_failure_rests_it_longer_and_it_is_never_forgotten(desk: Desk) -> None:
    await desk.dies()
    rests = []
    for _ in range(8):
        row = await desk.row()
        rests.append((row["quarantined_until"] - desk.clock.now()) / timedelta(hours=1))
        assert row["quarantined_since"] <= desk.clock.now()
        desk.clock.at = row["quarantined_until"]
        await desk.poll()
    assert rests == [6, 12, 24, 48, 96, 168, 168, 168]
    desk.post.answers[FEED] = feed("Harbour Post")
    desk.clock.at = (await desk.row())["quarantined_until"]
    await desk.poll()
    row = await desk.row()
    assert (row["state"], row["failures"], row["quarantines"], row["quarantined_since"]) == ("active", 0, 0, None)


async def test_its_new_address_is_found_on_its_own_pages(desk: Desk) -> None:
    desk.post.answers["/"] = page(("/comments/feed/", "Comments"), ("/journal/atom.xml", "Harbour Post"))
    desk.post.answers["/comments/feed/"] = feed("Comments on Harbour Post")
    desk.post.answers["/journal/atom.xml"] = feed("Harbour Post", home=desk.post.url("/"))
    await desk.dies()
    assert await desk.heal() == 1
    (found,) = await desk.proposals()
    assert (found["tier"], found["url"]) == ("site", desk.post.url("/journal/atom.xml"))
    assert (found["state"], found["kinship"], found["entries"], found["title"]) == (
        "proposed",
        "host",
        2,
        "Harbour Post",
    )
    assert found["via"] == "named by 127.0.0.1"
    assert desk.search.asked == desk.gazette.asked == []


async def test_its_new_address_is_found_where_feeds_lie_and_redirects_are_named(desk: Desk) -> None:
    desk.post.answers["/feed/"] = web.Response(status=301, headers={"Location": "/v2/rss"})
    desk.post.answers["/v2/rss"] = feed("Harbour Post")
    await desk.dies()
    await desk.heal()
    (found,) = await desk.proposals()
    assert (found["tier"], found["url"]) == ("site", desk.post.url("/v2/rss"))
    assert found["via"] == f"found at /feed/, redirected from {desk.post.url('/feed/')}"


async def test_another_publisher_is_found_by_a_news_search_for_name_and_industry(desk: Desk) -> None:
    desk.search.answers["/rss/search"] = search_results(
        [("Harbour Post", desk.post.url()), ("Gazette", desk.gazette.url())]
    )
    desk.gazette.answers["/"] = page(("/all.xml", "Gazette"))
    desk.gazette.answers["/all.xml"] = feed("The Gazette")
    await desk.dies()
    await desk.heal()
    (found,) = await desk.proposals()
    assert (found["tier"], found["url"], found["kinship"]) == ("news", desk.gazette.url("/all.xml"), "none")
    (asked,) = desk.search.asked
    assert asked.startswith("/rss/search?q=Harbour+Post+Mortgage+lending+in+ports&hl=en-US&gl=US&ceid=US")


async def test_at_last_the_list_for_its_industry_is_gone_through(desk: Desk) -> None:
    entry = ListedFeed(
        url=desk.gazette.url("/dead.xml"), title="Dead", site="http://x.test/", language="en", country=""
    )
    alive = replace(entry, url=desk.gazette.url("/rates.xml"), title="Rates")
    desk.sv = replace(desk.sv, industries={"mortgage": Industry(words=("home loans",), feeds=(entry, alive))})
    desk.gazette.answers["/rates.xml"] = feed("Rates today")
    desk.search.answers["/rss/search"] = search_results([])
    await desk.dies()
    await desk.heal()
    (found,) = await desk.proposals()
    assert (found["tier"], found["url"], found["title"]) == ("defaults", alive.url, "Rates today")
    assert (await desk.tried())[entry.url] == "The server answers 404."


async def test_what_is_hostile_or_dead_is_never_proposed_and_each_says_why(desk: Desk) -> None:
    post, old = desk.post, desk.clock.now() - timedelta(days=90)
    named = {
        "/page": "web page",
        "/huge": "larger than",
        "/loop": "redirects more than",
        "/inside": "private network",
        "/old": "newest entry",
        "/empty": "no entries",
    }
    post.answers |= {
        "/": page(*((path, "Feed") for path in named)),
        "/page": page(),
        "/huge": b"<rss>" + b" " * 6_000_000,
        "/loop": web.Response(status=302, headers={"Location": "/loop"}),
        "/inside": web.Response(status=302, headers={"Location": "http://169.254.169.254/latest"}),
        "/old": feed("Old", old),
        "/empty": feed("Empty", entries=0),
    }
    await desk.dies()
    await desk.heal()
    assert await desk.proposals() == []
    tried = await desk.tried()
    assert {path: said in tried[post.url(path)] for path, said in named.items()} == dict.fromkeys(named, True)


async def test_a_page_that_names_what_lies_in_our_network_reaches_nothing(desk: Desk) -> None:
    inside = "http://127.0.0.9:8000/feed"
    desk.post.answers["/"] = page((inside, "Feed"), ("file:///etc/passwd", "Feed"), ("http://a:b@127.0.0.1/", "Feed"))
    await desk.dies()
    await desk.heal()
    assert await desk.proposals() == []
    assert "private network" in (await desk.tried())[inside]


async def test_a_search_is_bounded(desk: Desk) -> None:
    healing = replace(desk.sv.policy.healing, requests=4)
    desk.sv = replace(desk.sv, policy=replace(desk.sv.policy, healing=healing))
    await desk.dies()
    before = len(desk.post.asked)
    await desk.heal()
    assert len(desk.post.asked) - before == 4
    assert "The search had asked enough." in (await desk.tried()).values()


async def test_a_search_that_runs_twice_changes_nothing(desk: Desk) -> None:
    desk.post.answers["/feed/"] = feed("Harbour Post")
    await desk.dies()
    await desk.heal()
    before = await desk.proposals()
    payload = f'{{"source": "{desk.source}"}}'
    for _ in range(2):
        await desk.owner.execute(
            "insert into jobs (tenant_id, kind, payload) values ($1, 'heal', $2::jsonb)", PLATFORM, payload
        )
        await desk.heal()
    keep = ("id", "state", "url", "changed_at", "created_at")
    assert [[row[k] for k in keep] for row in await desk.proposals()] == [[row[k] for k in keep] for row in before]


async def test_taking_moves_the_tenants_subscription_with_its_settings_and_nobody_elses(desk: Desk) -> None:
    other = await make.tenant(desk.platform, "other")
    await desk.subscribe(other)
    desk.post.answers["/feed/"] = feed("Harbour Post")
    await people.set_trust(desk.sv, desk.tenant, desk.source, 0.35, None)
    await desk.owner.execute(
        "update subscriptions set role = 'competitor', interval_s = 300, full_text = false where tenant_id = $1",
        desk.tenant,
    )
    await desk.dies()
    await desk.heal()
    (mine,) = await desk.proposals()
    (theirs,) = await desk.proposals(other)
    with pytest.raises(NotFound):
        await heal.take(desk.sv, desk.tenant, theirs["id"], None)
    taken = await heal.take(desk.sv, desk.tenant, mine["id"], None)
    moved = await desk.owner.fetchrow("select * from subscriptions where tenant_id = $1", desk.tenant)
    assert (moved["source_id"], float(moved["trust"])) == (taken.new, 0.35)
    assert (moved["role"], moved["interval_s"], moved["full_text"]) == ("competitor", 300, False)
    assert await desk.owner.fetchval("select source_id from subscriptions where tenant_id = $1", other) == desk.source
    assert (taken.retired, (await desk.row())["state"]) == (False, "quarantined")
    with pytest.raises(Conflict):
        await heal.take(desk.sv, desk.tenant, mine["id"], None)
    # the last who had it leaves, and it retires
    assert (await heal.take(desk.sv, other, theirs["id"], None)).retired
    assert (await desk.row())["state"] == "retired"
    assert await desk.owner.fetchval("select count(*) from audit where action = 'source.replaced'") == 2
    await desk.poll()
    assert (await desk.row(taken.new))["outcome"] == "new"


async def test_what_was_retired_comes_back_with_the_first_who_wants_it(desk: Desk) -> None:
    desk.post.answers["/feed/"] = feed("Harbour Post")
    await desk.dies()
    await desk.heal()
    await heal.take(desk.sv, desk.tenant, (await desk.proposals())[0]["id"], None)
    assert await desk.subscribe(desk.tenant) == desk.source
    assert (await desk.row())["state"] == "active"


async def test_a_rejected_feed_is_not_proposed_again(desk: Desk) -> None:
    desk.post.answers["/feed/"] = feed("Harbour Post")
    await desk.dies()
    await desk.heal()
    await heal.reject(desk.sv, desk.tenant, (await desk.proposals())[0]["id"], None)
    desk.clock.at = (await desk.row())["quarantined_until"]
    await desk.poll()
    assert await desk.heal() == 1
    assert [row["state"] for row in await desk.proposals()] == ["rejected"]


async def test_a_feed_that_the_tenant_has_however_spelled_is_not_proposed(desk: Desk) -> None:
    desk.post.answers["/feed/"] = desk.post.answers["/feed"] = feed("Harbour Post")
    await people.add(desk.sv, desk.tenant, Wish(url=desk.post.url("/feed")), None)
    await desk.dies()
    assert await desk.heal() == 1
    assert await desk.proposals() == []


@pytest.mark.parametrize("everywhere", [True, False])
async def test_it_replaces_itself_only_where_the_tenant_says_so(desk: Desk, everywhere: bool) -> None:
    other = await make.tenant(desk.platform, "other")
    await desk.subscribe(other)
    desk.post.answers["/feed/"] = feed("Harbour Post")
    await heal.set_itself(desk.sv, desk.tenant, None if everywhere else desk.source, None, wanted=True)
    await desk.dies()
    await desk.heal()
    assert await desk.heal(other) == 0
    assert await desk.heal(desk.tenant) == 1
    (mine,) = await desk.proposals()
    assert (mine["state"], mine["by_itself"]) == ("taken", True)
    assert [row["state"] for row in await desk.proposals(other)] == ["proposed"]


async def test_what_is_proposed_already_is_taken_when_the_tenant_lets_it(desk: Desk) -> None:
    desk.post.answers["/feed/"] = feed("Harbour Post")
    await desk.dies()
    await desk.heal()
    await heal.set_itself(desk.sv, desk.tenant, None, None, wanted=True)
    assert await desk.heal(desk.tenant) == 1
    assert [row["state"] for row in await desk.proposals()] == ["taken"]


async def test_proposals_end_when_the_source_answers_again(desk: Desk) -> None:
    desk.post.answers["/feed/"] = feed("Harbour Post")
    await desk.dies()
    await desk.heal()
    desk.post.answers[FEED] = feed("Harbour Post")
    desk.clock.at = (await desk.row())["quarantined_until"]
    await desk.poll()
    assert [row["state"] for row in await desk.proposals()] == ["expired"]


async def test_what_expired_is_forgotten_some_day_and_what_was_rejected_is_not(desk: Desk) -> None:
    desk.post.answers["/"] = page(("/a.xml", "A"), ("/b.xml", "B"))
    desk.post.answers |= {"/a.xml": feed("A"), "/b.xml": feed("B")}
    await desk.dies()
    await desk.heal()
    first, _second = await desk.proposals()
    await heal.reject(desk.sv, desk.tenant, first["id"], None)
    async with desk.platform.tx() as tx:
        await health.expire(tx, desk.source)
        await tidy.forget_proposals(tx, timedelta(days=1))
    assert {row["state"] for row in await desk.proposals()} == {"rejected", "expired"}
    await desk.owner.execute("update proposals set changed_at = changed_at - interval '2 days'")
    async with desk.platform.tx() as tx:
        await tidy.forget_proposals(tx, timedelta(days=1))
    assert [row["state"] for row in await desk.proposals()] == ["rejected"]


async def test_a_person_restores_it_and_it_is_polled_at_once(desk: Desk) -> None:
    await desk.dies()
    stranger = await make.tenant(desk.platform, "stranger")
    with pytest.raises(NotFound):
        await heal.restore(desk.sv, stranger, desk.source, None)
    await heal.restore(desk.sv, desk.tenant, desk.source, None)
    row = await desk.row()
    assert (row["state"], row["failures"], row["quarantined_until"], row["quarantines"]) == ("active", 0, None, 1)
    assert await desk.owner.fetchval("select run_at <= cid_now() from jobs where kind = 'poll'")
    with pytest.raises(Conflict):
        await heal.restore(desk.sv, desk.tenant, desk.source, None)
    for _ in range(3):
        await desk.poll()
    row = await desk.row()
    assert row["quarantined_until"] == desk.clock.now() + timedelta(hours=12)


async def test_a_restored_source_that_answers_starts_anew(desk: Desk) -> None:
    await desk.dies()
    await heal.restore(desk.sv, desk.tenant, desk.source, None)
    desk.post.answers[FEED] = feed("Harbour Post")
    await desk.poll()
    row = await desk.row()
    assert (row["strikes"], row["quarantines"]) == (0, 0)


async def test_nothing_is_looked_for_once_it_answers_again(desk: Desk) -> None:
    await desk.dies()
    await heal.restore(desk.sv, desk.tenant, desk.source, None)
    before = len(desk.post.asked)
    await desk.heal()
    assert len(desk.post.asked) == before


async def test_what_replaces_a_private_feed_is_as_private(desk: Desk) -> None:
    desk.post.answers["/inside.rss"] = feed("Board minutes")
    added = await people.add(desk.sv, desk.tenant, Wish(url=desk.post.url("/inside.rss"), private=True), None)
    await desk.poll()
    del desk.post.answers["/inside.rss"]
    desk.post.answers["/feed.xml"] = feed("Board minutes")
    for _ in range(3):
        await desk.poll()
    await desk.heal()
    (offered,) = await desk.proposals()
    taken = await heal.take(desk.sv, desk.tenant, offered["id"], None)
    assert taken.old == added.source_id
    assert (await desk.row(taken.new))["tenant_id"] == desk.tenant
    await desk.poll()
    public = await desk.owner.fetch(
        "select i.public from items i join sightings g on g.item_id = i.id where g.source_id = $1", taken.new
    )
    assert {row["public"] for row in public} == {False}
    # somebody else who adds that address gets a source of his own
    stranger = await make.tenant(desk.platform, "stranger")
    theirs = await people.add(desk.sv, stranger, Wish(url=desk.post.url("/feed.xml")), None)
    assert theirs.source_id != taken.new


async def test_a_private_feeds_name_is_told_to_no_search(desk: Desk) -> None:
    secret = "/inside.rss"
    desk.post.answers[secret] = feed("Board minutes")
    await people.add(desk.sv, desk.tenant, Wish(url=desk.post.url(secret + "?token=abc")), None)
    await desk.poll()
    del desk.post.answers[secret]
    for _ in range(3):
        await desk.poll()
    assert await desk.heal() == 1
    assert desk.search.asked == []
    assert "abc" not in str(await desk.tried())
