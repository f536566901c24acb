"""While a tenant rests nothing is done for it, and afterwards all of it is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from cid.domain.errors import Conflict, Deferred, Refused
from cid.domain.ids import PLATFORM, TenantId
from cid.domain.jobs import JobKind, NewJob
from cid.domain.publication import PublicationState
from cid.domain.tenants import Tenant
from cid.flows import decide, publish, wake
from cid.flows import tenant as flow
from cid.llm import ledger
from cid.queue import control
from cid.services import Services
from cid.store import sources, tenants
from cid.store import wake as wakes
from cid.workers.table import TABLE
from tests import make
from tests.press import press
from tests.queues import Queue, flat, terms

if TYPE_CHECKING:
    from cid.pg.pool import AppDb, WorkerDb
    from tests.conftest import Database


@pytest.fixture
async def queue(database: Database, platform: WorkerDb, owner: Any) -> AsyncIterator[Queue]:
    made = Queue(database, platform, owner)
    yield made
    await made.close()


@pytest.fixture
def sv(db: AppDb, platform: WorkerDb) -> Services:
    return make.services(db, platform)


async def known(sv: Services, slug: str) -> Tenant:
    await make.tenant(sv.platform, slug)  # type: ignore[arg-type]  # the real one
    async with sv.platform.read() as tx:
        found = await tenants.by_slug(tx, slug)
    assert found
    return found


@pytest.mark.parametrize("kind", JobKind)
async def test_no_kind_of_job_is_handed_out_and_each_is_afterwards(sv: Services, queue: Queue, kind: JobKind) -> None:
    """Alone, in groups and under limits: as the table of kinds has it."""
    rests, other = await known(sv, "rests"), await known(sv, "other")
    handler = TABLE[kind]
    how = terms(kind, group=handler.group, most=handler.most, most_per_key=handler.most_per_key)
    await queue.many(rests.id, 2, kind)
    await flow.pause(sv, rests, None, "Holidays.")
    await queue.many(rests.id, 1, kind)
    await queue.many(other.id, 1, kind)
    claimer = queue.claimer(await queue.worker())
    claimed = [job.tenant for _ in range(3) for job in flat(await claimer.claim(how, 10))]
    assert claimed == [other.id]
    await queue.owner.execute("delete from jobs where tenant_id = $1", other.id)
    await flow.resume(sv, rests, None)
    back = [job.tenant for _ in range(4) for job in flat(await claimer.claim(how, 10))]
    assert back
    assert set(back) == {rests.id}
    waiting = await queue.owner.fetchval("select count(*) from jobs where state = 'ready'")
    assert waiting + len(back) == 3  # nothing was lost


async def test_no_model_is_asked_not_even_by_what_was_in_hand_or_on_a_page(sv: Services, db: AppDb, owner: Any) -> None:
    rests = await known(sv, "rests")
    await flow.pause(sv, rests, None, "Holidays.")
    before = await owner.fetchval("select count(*) from calls")
    row = await _reserve(db, rests.id)
    assert (row["outcome"], row["why"]) == (ledger.Granted.STOPPED, "this newsroom is paused")
    assert await owner.fetchval("select count(*) from calls") == before
    assert await owner.fetchval("select coalesce(sum(reserved), 0) from budgets") == 0
    await flow.resume(sv, rests, None)
    assert (await _reserve(db, rests.id))["outcome"] == ledger.Granted.GRANTED


async def _reserve(db: AppDb, tenant: TenantId) -> Any:
    async with db.tx(tenant) as tx:
        return await tx.fetchrow(
            """select * from reserve_call($1, 'relevance', 'offline', 'm', 0.01, 10, 5, 50, null, 100, 0.8, null, null,
                 interval '1 minute')""",
            tenant,
        )


async def test_what_was_refused_its_question_comes_back_at_once_when_the_tenant_goes_on(
    sv: Services, queue: Queue, owner: Any
) -> None:
    rests = await known(sv, "rests")
    await flow.pause(sv, rests, None, "Holidays.")
    later = sv.clock.now() + timedelta(hours=1)
    await queue.add(NewJob(kind=JobKind.DRAFT, tenant=rests.id, run_at=later))
    why = str(Deferred("models are switched off: this newsroom is paused", until=later))
    await owner.execute("update jobs set error = $1, state = 'scheduled', run_at = $2", why, later)
    await flow.resume(sv, rests, None)
    assert await owner.fetchval("select state from jobs") == "ready"


async def test_its_private_sources_rest_and_public_ones_are_polled_for_the_others(
    sv: Services, platform: WorkerDb, owner: Any
) -> None:
    rests = await known(sv, "rests")
    async with platform.tx() as tx:
        private = await make.source(tx, "https://private.test/feed", tenant=rests.id)
        public = await make.source(tx, "https://public.test/feed")
        for source in (private, public):
            await tx.execute(
                "insert into subscriptions (tenant_id, id, source_id) values ($1, $2, $3)", rests.id, uuid4(), source
            )
        await tx.execute("update sources set next_poll_at = cid_now() - interval '1 hour'")

    async def wanted() -> dict[Any, bool]:
        async with platform.read() as tx:
            return {key: one.wanted for key, one in (await sources.standings(tx, [private, public])).items()}

    await flow.pause(sv, rests, None, "Holidays.")
    assert await wanted() == {private: False, public: True}
    async with platform.read() as tx:
        assert await wakes.forgotten_sources(tx, 10) == [public]
    await flow.resume(sv, rests, None)
    assert await wanted() == {private: True, public: True}
    await wake.wake(sv, [])
    polls = await owner.fetch(
        "select payload ->> 'source' as source from jobs where kind = 'poll' and tenant_id = $1", PLATFORM
    )
    assert {row["source"] for row in polls} == {str(private), str(public)}


async def test_what_was_approved_goes_out_after_the_rest_and_what_was_under_way_ends(
    db: AppDb, platform: WorkerDb, owner: Any, queue: Queue
) -> None:
    desk = await press(db, platform, owner)
    await desk.channel("site", canonical=True)
    sent, waits = await desk.draft(), await desk.draft()
    await decide.approve(desk.sv, desk.actor, *await desk.shown(sent), via="page")
    in_hand = await desk.jobs()
    await flow.pause(desk.sv, desk.actor.tenant, desk.actor.user.id, "Holidays.")
    await publish.publish(desk.sv, in_hand)
    assert (await desk.posted(sent))["site"].state is PublicationState.LIVE
    await decide.approve(desk.sv, desk.actor, *await desk.shown(waits), via="page")
    claimer = queue.claimer(await queue.worker())
    await owner.execute("update jobs set state = 'ready', run_at = cid_now() where state = 'scheduled'")
    assert flat(await claimer.claim(terms(JobKind.PUBLISH), 10)) == []
    assert (await desk.posted(waits))["site"].state is PublicationState.PLANNED
    await flow.resume(desk.sv, desk.actor.tenant, desk.actor.user.id)
    assert len(flat(await claimer.claim(terms(JobKind.PUBLISH), 10))) == 1


async def test_a_rest_is_asked_for_with_a_reason_once_and_is_on_record(sv: Services, owner: Any) -> None:
    rests = await known(sv, "rests")
    for none in ("", "   ", "x" * 301):
        with pytest.raises(Refused, match="Say why"):
            await flow.pause(sv, rests, None, none)
    with pytest.raises(Conflict):
        await flow.resume(sv, rests, None)
    await flow.pause(sv, rests, None, "Holidays.")
    with pytest.raises(Conflict):
        await flow.pause(sv, rests, None, "Twice.")
    await flow.resume(sv, rests, None)
    lines = await owner.fetch("select action, detail from audit where tenant_id = $1 order by id", rests.id)
    assert sorted(row["action"] for row in lines) == ["tenant.paused", "tenant.resumed"]


async def test_the_queues_own_command_does_not_lift_the_rest_of_a_tenant(sv: Services, platform: WorkerDb) -> None:
    """Its pages would go on saying that it rests."""
    rests = await known(sv, "rests")
    await flow.pause(sv, rests, None, "Holidays.")
    async with platform.tx() as tx:
        assert not await control.resume(tx, "*", rests.id)
        assert [pause.kind for pause in await control.pauses(tx)] == ["*"]
    await flow.resume(sv, rests, None)
    async with platform.tx() as tx:
        assert await control.pauses(tx) == []
