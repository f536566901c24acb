"""Sources that cost money, from wish to items: whose money it is, what waits when it is gone, and what goes on."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cid.domain.choices import Limits
from cid.domain.ids import PLATFORM, TenantId
from cid.domain.jobs import JobKind
from cid.domain.news import SourceKind
from cid.flows import sources as people
from cid.flows.poll import poll
from cid.flows.sources import Wish
from cid.llm.reads import Purse, load_read_prices
from cid.outside.http import GuardedHttp
from cid.pg.pool import AppDb, WorkerDb
from cid.services import Outside, Services
from cid.sources.x import XReader
from cid.store import items, money
from tests import make
from tests.fakes import FrozenClock, InlineChildren
from tests.xapi import TOKEN, XApi, post, x_api

PRICES = load_read_prices(Path(__file__).resolve().parents[2] / "config" / "prices.toml")
FOLLOWED = Wish(kind=SourceKind.X, config={"account": "harbour"})


class Desk:
    def __init__(self, sv: Services, api: XApi, owner: Any, tenant: TenantId) -> None:
        self.sv, self.api, self.owner, self.tenant = sv, api, owner, tenant

    async def follow(self, tenant: TenantId | None = None) -> Any:
        return (await people.add(self.sv, tenant or self.tenant, FOLLOWED, None)).source_id

    async def poll(self, *, again: bool = True) -> None:
        """Whatever is ready; `again`: what is scheduled as well."""
        if again:
            await self.owner.execute("update jobs set state = 'ready' where kind = 'poll' and state = 'scheduled'")
        for job in await make.claimed(self.owner, JobKind.POLL, PLATFORM):
            await poll(self.sv, [job])

    async def cap(self, dollars: str) -> None:
        async with self.sv.platform.tx() as tx:
            await money.cap(tx, self.tenant, Limits(per_stage={"poll": Decimal(dollars)}), None)

    async def source(self) -> Any:
        return await self.owner.fetchrow("select * from sources where tenant_id = $1", self.tenant)


@pytest.fixture
async def desk(db: AppDb, platform: WorkerDb, owner: Any) -> AsyncIterator[Desk]:
    clock = FrozenClock()
    async with x_api() as api, GuardedHttp(allow_local=[f"127.0.0.1:{api.port}"]) as http:
        caps = make.catalogue(db).caps
        reader = XReader(http, clock, Purse(db, clock, caps=caps, prices=PRICES), token=TOKEN, api=api.url)
        outside = Outside(http=http, children=InlineChildren({}), sources={SourceKind.X: reader}, channels={})
        sv = make.services(db, platform, outside=outside, clock=clock)
        yield Desk(sv, api, owner, await make.tenant(platform))


async def test_posts_become_items_of_the_tenant_that_paid_for_them(desk: Desk) -> None:
    desk.api.posts = [post(2, "Look at what they say about the ferry", refers=("quoted", 1)), post(1, author="22")]
    await desk.follow()
    await desk.poll()
    row = await desk.owner.fetchrow(
        "select i.url, i.title, i.public, s.facts from items i join sightings s on s.item_id = i.id"
    )
    assert (row["url"], row["public"]) == ("https://x.com/harbour/status/1900000000000000002", False)
    facts = json.loads(row["facts"])
    assert facts["amplifies"] == [
        {"how": "quote", "who": "@rival", "url": "https://x.com/rival/status/1900000000000000001"}
    ]
    assert facts["engagement"]["likes"] == 3
    stranger = await make.tenant(desk.sv.platform, slug="stranger")  # type: ignore[arg-type]  # the pool of the test
    async with desk.sv.db.read(stranger) as tx:
        assert await items.listed(tx, stranger) == []
        assert await tx.fetchval("select count(*) from sources") == 0


async def test_two_tenants_that_follow_one_account_pay_each_for_itself(desk: Desk) -> None:
    other = await make.tenant(desk.sv.platform, slug="other")  # type: ignore[arg-type]  # the pool of the test
    desk.api.posts = [post(1)]
    await desk.follow()
    await desk.follow(other)
    await desk.poll()
    rows = await desk.owner.fetch("select tenant_id, cost from calls")
    assert {row["tenant_id"] for row in rows} == {desk.tenant, other}
    assert sum(row["cost"] for row in rows) == desk.api.bill


async def test_a_source_without_money_says_so_waits_and_goes_on_when_there_is_some(desk: Desk) -> None:
    await desk.cap("0.10")
    desk.api.posts = [post(1)]
    await desk.follow()
    await desk.poll()
    row = await desk.source()
    assert (row["cause"], row["state"], row["failures"]) == ("budget", "active", 0)
    assert "is used up" in row["outcome_detail"]
    assert row["next_poll_at"] > desk.sv.clock.now()
    async with desk.sv.db.read(desk.tenant) as tx:
        (held,) = await money.held(tx, desk.tenant)
    assert (held.why, held.jobs) == (row["outcome_detail"], 1)
    await desk.poll(again=False)
    assert desk.api.asked == []

    await desk.cap("5")
    async with desk.sv.platform.tx() as tx:
        assert await money.go_on(tx, desk.tenant) == {"poll": 1}
    await desk.poll(again=False)
    row = await desk.source()
    assert (row["outcome"], row["cause"]) == ("new", "ok_new")
    async with desk.sv.db.read(desk.tenant) as tx:
        assert await money.held(tx, desk.tenant) == []


async def test_an_empty_purse_holds_nobody_else_back(desk: Desk) -> None:
    other = await make.tenant(desk.sv.platform, slug="other")  # type: ignore[arg-type]  # the pool of the test
    await desk.cap("0.10")
    desk.api.posts = [post(1)]
    await desk.follow()
    await desk.poll()
    await desk.follow(other)
    await desk.poll(again=False)
    assert await desk.owner.fetchval("select outcome from sources where tenant_id = $1", other) == "new"
    async with desk.sv.db.read(other) as tx:
        assert await money.held(tx, other) == []


async def test_what_was_stored_moves_the_cursor_in_the_same_transaction(desk: Desk) -> None:
    desk.api.posts = [post(1)]
    await desk.follow()
    await desk.poll()
    before = await desk.source()
    desk.api.posts.insert(0, post(2))
    await desk.owner.execute("alter table sightings add constraint broken check (seen_at < '2000-01-01') not valid")
    with pytest.raises(Exception, match="broken"):
        await desk.poll()
    assert (await desk.source())["cursor"] == before["cursor"]
    bill = desk.api.bill
    await desk.owner.execute("alter table sightings drop constraint broken")
    await desk.owner.execute(
        "update jobs set state = 'ready', worker = null, lease = null, deadline = null where kind = 'poll'"
    )
    await desk.poll()
    assert await desk.owner.fetchval("select count(*) from sightings") == 2
    assert desk.api.bill == bill, "what was paid for is taken from the ledger"
