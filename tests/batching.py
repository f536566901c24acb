"""A desk that asks in batches: a real Postgres, doubles of the batch API and of the interactive one, and the sums."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeAlias

import asyncpg

from cid.domain.ids import TenantId
from cid.domain.llm import Ask, Subject, Tier, cost
from cid.llm.anthropic import Anthropic
from cid.llm.batch_anthropic import AnthropicBatches
from cid.llm.models import Choice, Models
from cid.llm.router import Router
from cid.llm.waiting_room import WaitingRoom
from cid.pg.pool import AppDb, WorkerDb
from cid.ports import Tx
from tests import funnel
from tests.batch_claude import batch_claude
from tests.batch_vendor import Vendor
from tests.conftest import DatabaseTime
from tests.fakes import FrozenClock
from tests.providers import VENDORS
from tests.vendor import Double

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
HAIKU = Choice("anthropic", "claude-haiku-5-5")
SCHEMA = {
    "type": "object",
    "properties": {"score": {"type": "integer"}},
    "required": ["score"],
    "additionalProperties": False,
}
BUDGETS = """
    select sum(spent) as spent, sum(reserved) as reserved from budgets
    group by period, scope, tenant_id = '00000000-0000-0000-0000-000000000000'"""


def ask(tenant: TenantId, *keys: str, **over: Any) -> Ask:
    values: dict[str, Any] = {
        "tenant": tenant,
        "stage": "relevance",
        "tier": Tier.CHEAP,
        "prompt": "relevance",
        "shared": {"profile": {"language": "en"}},
        "subjects": tuple(Subject(key=key, input={"title": f"title of {key}"}) for key in keys),
        "schema": SCHEMA,
        "max_tokens": 100,
    }
    return Ask(**{**values, **over})


class Killed(BaseException):
    """The process is gone: nobody catches it."""


class Mortal:
    """The tenants' database for a process that dies at its n-th transaction: before it begins, or once it committed."""

    def __init__(self, db: AppDb, at: int, *, after: bool) -> None:
        self.db, self.left, self.after = db, at, after

    @asynccontextmanager
    async def tx(self, tenant: TenantId) -> AsyncIterator[Tx]:
        self.left -= 1
        if self.left == 0 and not self.after:
            raise Killed
        async with self.db.tx(tenant) as tx:
            yield tx
        if self.left == 0:
            raise Killed

    def read(self, tenant: TenantId) -> Any:
        return self.db.read(tenant)


@dataclass
class Desk:
    db: AppDb
    platform: WorkerDb
    owner: Owner
    time: DatabaseTime
    clock: FrozenClock
    vendor: Vendor
    alone: Double
    router: Router
    room: WaitingRoom
    make: Callable[..., tuple[Router, WaitingRoom]]

    async def later(self, by: timedelta) -> None:
        self.clock.advance(by)
        self.vendor.now += by
        await self.time.advance(by)

    async def tend(self, times: int = 1) -> list[tuple[TenantId, str]]:
        over = []
        for _ in range(times):
            await self.later(timedelta(minutes=16))
            over += await self.room.tend()
        return over

    async def states(self) -> list[str]:
        return [row["state"] for row in await self.owner.fetch("select state from batches order by planned_at, id")]

    async def calls(self) -> list[tuple[str, bool]]:
        rows = await self.owner.fetch("select state, batch_id from calls order by sent_at, id")
        return [(row["state"], row["batch_id"] is not None) for row in rows]

    async def adds_up(self) -> Decimal:
        """What was spent: the calls', all four budgets' and the vendor's own count, to the last digit."""
        price = funnel.prices().at(HAIKU, self.clock.now().date(), 1)
        billed = sum((cost(price.in_batch(), usage) for _, usage in self.vendor.used()), Decimal(0))
        billed += sum((cost(price, usage) for _, usage in self.alone.answered), Decimal(0))
        assert await self.owner.fetchval("select coalesce(sum(cost), 0) from calls") == billed
        for row in await self.owner.fetch(BUDGETS):
            assert (row["spent"], row["reserved"]) == (billed, 0)
        return billed


@asynccontextmanager
async def batching(db: AppDb, platform: WorkerDb, owner: Owner, database_time: DatabaseTime) -> AsyncIterator[Desk]:
    clock = FrozenClock(await owner.fetchval("select cid_now()"))
    anthropic = VENDORS["anthropic"]
    async with batch_claude() as vendor, anthropic.double() as alone:
        vendor.now = clock.now()
        provider, batched = anthropic.provider(alone.url), anthropic.provider(vendor.url)
        assert isinstance(batched, Anthropic)

        def made(over: Any = None, models: Models | None = None, *, keyed: bool = True) -> tuple[Router, WaitingRoom]:
            models = models or replace(funnel.models(), batched=frozenset({"relevance"}), paces={})
            batches = [AnthropicBatches(batched)] if keyed else []
            room = WaitingRoom(over or db, platform, clock, models=models, prices=funnel.prices(), batches=batches)
            return funnel.router(over or db, clock, provider, models=models, room=room), room

        yield Desk(db, platform, owner, database_time, clock, vendor, alone, *made(), made)
        await provider.close()
        await batched.close()
        assert (vendor.wrong, alone.wrong) == ([], [])
