"""What is changed on a page while the desk runs counts from the next call on: nothing is started again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias
from uuid import uuid4

import asyncpg
from aiohttp.test_utils import TestServer

from cid.domain.ids import StoryId, TenantId
from cid.domain.jobs import JobKind
from cid.domain.tenants import Profile
from cid.llm.anthropic import Anthropic
from cid.llm.catalogue import Catalogue
from cid.services import Services
from cid.store import tenants
from tests import funnel, make, newsroom
from tests.claude import claude
from tests.compiled import make_app
from tests.fakes import FrozenClock
from tests.web.conftest import Desk, Person

if TYPE_CHECKING:
    from cid.pg.pool import AppDb, WorkerDb
    from tests.vendor import Double

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
HAIKU, SONNET = "anthropic/claude-haiku-5-5", "anthropic/claude-sonnet-5-5"


@asynccontextmanager
async def running(db: AppDb, platform: WorkerDb) -> AsyncIterator[tuple[Desk, Double, TenantId]]:
    """Pages and flows over one router and a model on loopback."""
    clock = FrozenClock(datetime.now(UTC))
    async with claude() as double:
        provider = Anthropic("key", traits=funnel.models().of_provider("anthropic"), base_url=double.url)
        router = funnel.router(db, clock, provider)
        sv = make.services(db, platform, llm=router, outside=funnel.outside(), clock=clock)
        object.__setattr__(sv, "catalogue", Catalogue.of(router))
        room = await newsroom.furnish(sv)
        async with platform.tx() as tx:
            await tenants.set_profile(tx, room.tenant, Profile(keywords=("harbour",)))
        server = TestServer(make_app(sv))
        await server.start_server()
        yield Desk(sv, server, None, clock, room), double, room.tenant  # type: ignore[arg-type]  # nothing is polled
        await server.close()
        await provider.close()


async def reported(sv: Services, owner: Owner, tenant: TenantId, title: str) -> None:
    """One more story, judged for relevance if the money allows it."""
    story = StoryId(uuid4())
    async with sv.platform.tx() as tx:
        summary = "The harbour gets three cranes, which lift 40 tons each, and the quay stays closed on Sundays."
        item = await funnel.report(tx, story, publisher="P", title=title, summary=summary, at=sv.clock.now())
    async with sv.db.tx(tenant) as tx:
        await funnel.screening(tx, story, item)
    await funnel.run(sv, owner, tenant, JobKind.RELATE)


def asked(double: Double) -> list[str]:
    return [body["model"] for body in double.asked]


async def test_a_model_switched_on_the_page_answers_the_next_call(db: AppDb, platform: WorkerDb, owner: Owner) -> None:
    async with running(db, platform) as (desk, double, tenant), desk.person(newsroom.ADMIN) as admin:
        before = await owner.fetchval("select array_agg(id) from calls")
        await reported(desk.sv, owner, tenant, "Harbour cranes")
        assert asked(double) == ["claude-haiku-5-5"]
        await admin.post("/platform/models/chain", tier="cheap", first=SONNET)
        await reported(desk.sv, owner, tenant, "Harbour bridges")
        assert asked(double)[1:] == ["claude-sonnet-5-5"]
        async with desk.person("owner@acme.test") as boss:
            await boss.post("/t/acme/models/chain", tier="cheap", first=HAIKU)
        await reported(desk.sv, owner, tenant, "Harbour quays")
        assert asked(double)[2:] == ["claude-haiku-5-5"], "a tenant's own choice comes first"
        await admin.post("/platform/models/chain", tier="cheap")
        made = await owner.fetch("select model from calls where id <> all($1) order by sent_at, id", before)
        assert [row["model"] for row in made] == asked(double)


async def waiting(owner: Owner) -> int:
    return int(await owner.fetchval("select count(*) from jobs where kind = 'relate' and state = 'scheduled'"))


async def test_what_met_a_cap_is_visible_and_goes_on_when_it_is_raised(
    db: AppDb, platform: WorkerDb, owner: Owner
) -> None:
    async with running(db, platform) as (desk, double, tenant), desk.person(newsroom.ADMIN) as admin:
        for form in ({"per_day": "0"}, {"per_month": "0"}, {"all_per_day": "0"}, {"relevance": "0"}):
            await _raised(desk, admin, owner, tenant, form)
        assert len(asked(double)) == 4
        await admin.post("/platform/models/stop", why="A bill came.")
        await reported(desk.sv, owner, tenant, "Harbour stopped")
        assert await waiting(owner) == 1
        await admin.post("/platform/models/start")
        assert await waiting(owner) == 0
        await funnel.run(desk.sv, owner, tenant, JobKind.RELATE)
        assert len(asked(double)) == 5


async def _raised(desk: Desk, admin: Person, owner: Owner, tenant: TenantId, form: dict[str, str]) -> None:
    await admin.post("/platform/models/caps", **form)
    await reported(desk.sv, owner, tenant, f"Harbour without {next(iter(form))}")
    assert await waiting(owner) == 1
    async with desk.person("viewer@acme.test") as viewer:
        text = await viewer.text("/t/acme/")
        assert "1 piece of work waits:" in text
        assert "is used up" in text
    await admin.post("/platform/models/caps")
    assert await waiting(owner) == 0, "it waited on"
    await funnel.run(desk.sv, owner, tenant, JobKind.RELATE)
