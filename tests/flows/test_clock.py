"""What the clock starts: waits that are over, sources that fell out of their chain, housekeeping."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from cid.domain.ids import PLATFORM, TenantId
from cid.domain.jobs import Job, JobKind, NewJob
from cid.flows.tidy import tidy
from cid.flows.wake import wake
from cid.queue import jobs
from cid.store.wake import FORGOTTEN_SOURCES
from cid.text.stories.keys import bucket, first_key
from tests import make
from tests.fakes import FrozenClock

if TYPE_CHECKING:
    from cid.pg.pool import AppDb, WorkerDb
    from tests.conftest import DatabaseTime


async def job_of(platform: WorkerDb, owner: Any, kind: JobKind) -> list[Job]:
    async with platform.tx() as tx:
        await jobs.enqueue(tx, NewJob(kind=kind, tenant=PLATFORM))
    return await make.claimed(owner, kind, PLATFORM)


async def waiting_screening(platform: WorkerDb, db: AppDb, tenant: TenantId, until: str) -> str:
    async with platform.tx() as tx:
        item = await make.item(tx)
    async with db.tx(tenant) as tx:
        return str(
            await tx.fetchval(
                f"""insert into screenings (tenant_id, id, story_id, item_id, state, stage, waiting_for, until)
                    select $1, $2, story_id, id, 'waiting', 'assess', 'signal', cid_now() + interval '{until}'
                    from items where id = $3 returning id""",
                tenant,
                uuid4(),
                item,
            )
        )


async def test_a_screening_whose_wait_is_over_is_assessed_once(db: AppDb, platform: WorkerDb, owner: Any) -> None:
    tenant = await make.tenant(platform)
    over = await waiting_screening(platform, db, tenant, "-1 second")
    await waiting_screening(platform, db, tenant, "1 hour")
    for _ in range(2):
        await wake(make.services(db, platform), await job_of(platform, owner, JobKind.WAKE))
    rows = await owner.fetch("select tenant_id, payload ->> 'screening' as screening from jobs where kind = 'assess'")
    assert [tuple(row) for row in rows] == [(tenant, over)]
    assert await owner.fetchval("select count(*) from jobs_done where kind = 'wake'") == 2


async def test_a_screening_that_is_being_judged_gets_no_second_job_beside_it(
    db: AppDb, platform: WorkerDb, owner: Any
) -> None:
    tenant = await make.tenant(platform)
    over = await waiting_screening(platform, db, tenant, "-1 second")
    sv = make.services(db, platform)
    await wake(sv, await job_of(platform, owner, JobKind.WAKE))
    assert len(await make.claimed(owner, JobKind.ASSESS, tenant)) == 1
    await wake(sv, await job_of(platform, owner, JobKind.WAKE))
    assert await owner.fetchval("select count(*) from jobs where payload ->> 'screening' = $1", over) == 1


async def test_a_screening_whose_job_died_is_woken_again_after_an_hour_and_not_each_minute(
    db: AppDb, platform: WorkerDb, owner: Any, database_time: DatabaseTime
) -> None:
    tenant = await make.tenant(platform)
    await waiting_screening(platform, db, tenant, "-1 second")
    sv = make.services(db, platform)
    await wake(sv, await job_of(platform, owner, JobKind.WAKE))
    (job,) = await make.claimed(owner, JobKind.ASSESS, tenant)
    async with db.tx(tenant) as tx:
        await jobs.dead(tx, job, "it takes the process down")
    for minutes, expected in ((1, 0), (60, 1)):
        await database_time.advance(timedelta(minutes=minutes))
        await wake(sv, await job_of(platform, owner, JobKind.WAKE))
        assert await owner.fetchval("select count(*) from jobs where kind = 'assess'") == expected


async def test_only_followed_sources_without_a_job_are_polled(db: AppDb, platform: WorkerDb, owner: Any) -> None:
    tenant = await make.tenant(platform)
    async with platform.tx() as tx:
        forgotten, has_job, unfollowed, fresh = [
            await make.source(tx, f"https://news.test/{name}") for name in ("forgotten", "has-job", "alone", "fresh")
        ]
        for source in (forgotten, has_job, fresh):
            await tx.execute(
                "insert into subscriptions (tenant_id, id, source_id) values ($1, gen_random_uuid(), $2)",
                tenant,
                source,
            )
        await tx.execute("update sources set next_poll_at = cid_now() - interval '1 minute' where id <> $1", fresh)
        await jobs.enqueue(
            tx,
            NewJob(kind=JobKind.POLL, tenant=PLATFORM, payload={"source": str(has_job)}, dedupe=str(has_job)),
        )
    await wake(make.services(db, platform), await job_of(platform, owner, JobKind.WAKE))
    rows = await owner.fetch("select payload ->> 'source' as source from jobs where kind = 'poll'")
    assert {row["source"] for row in rows} == {str(forgotten), str(has_job)}
    assert str(unfollowed) not in {row["source"] for row in rows}


async def test_a_source_whose_poll_died_is_polled_again_after_an_hour_and_not_each_minute(
    db: AppDb, platform: WorkerDb, owner: Any
) -> None:
    tenant = await make.tenant(platform)
    async with platform.tx() as tx:
        source = await make.source(tx, "https://news.test/feed")
        await tx.execute(
            "insert into subscriptions (tenant_id, id, source_id) values ($1, gen_random_uuid(), $2)", tenant, source
        )
        await tx.execute("update sources set next_poll_at = cid_now() - interval '1 minute'")
        poll = NewJob(kind=JobKind.POLL, tenant=PLATFORM, payload={"source": str(source)}, dedupe=str(source))
        await jobs.enqueue(tx, poll)
    (job,) = await make.claimed(owner, JobKind.POLL, PLATFORM)
    async with platform.tx() as tx:
        await jobs.dead(tx, job, "a fault of ours")
    counts = []
    for _ in range(2):
        await wake(make.services(db, platform), await job_of(platform, owner, JobKind.WAKE))
        counts.append(await owner.fetchval("select count(*) from jobs where kind = 'poll'"))
        await owner.execute("update jobs_dead set died_at = died_at - interval '61 minutes'")
    assert counts == [0, 1]


async def test_after_a_standstill_each_source_looks_up_its_own_job(platform: WorkerDb, owner: Any) -> None:
    tenant = await make.tenant(platform)
    await owner.execute(
        """insert into sources (id, kind, url, title, publisher, interval_s, next_poll_at)
           select gen_random_uuid(), 'rss', 'https://h' || n || '.test/feed', '', '', 900, cid_now() - interval '1 hour'
           from generate_series(1, 3000) n"""
    )
    await owner.execute(
        "insert into subscriptions (tenant_id, id, source_id) select $1, gen_random_uuid(), id from sources", tenant
    )
    await owner.execute(
        """insert into jobs (tenant_id, kind, dedupe_key, payload)
           select $1, 'poll', id::text, jsonb_build_object('source', id) from sources""",
        PLATFORM,
    )
    await owner.execute(
        """update jobs set state = 'running', worker = gen_random_uuid(), lease = 1, deadline = cid_now()
           where id in (select id from jobs limit 20)"""
    )
    for counted in (False, True):
        if counted:
            await owner.execute("analyze jobs, sources, subscriptions")
        plan = await owner.fetch(f"explain (analyze, format text) {FORGOTTEN_SOURCES.replace('$1', '5000')}")
        said = "\n".join(row[0] for row in plan)
        assert "Seq Scan on jobs" not in said
        assert "jobs_dedupe" in said
        assert await owner.fetch(FORGOTTEN_SOURCES, 5000) == []


async def test_housekeeping_makes_the_days_ahead_and_drops_the_old(
    db: AppDb, platform: WorkerDb, owner: Any, database_time: DatabaseTime
) -> None:
    def days() -> Any:
        return owner.fetch(
            "select inhrelid::regclass::text as name from pg_inherits where inhparent = 'jobs_done'::regclass"
        )

    before = {row["name"] for row in await days()}
    await owner.execute("""
        insert into once_links (id_hash, purpose, expires_at) values ('\\x01', 'setup', cid_now() - interval '1 hour')
    """)
    await database_time.advance(timedelta(days=40))
    (job,) = await job_of(platform, owner, JobKind.TIDY)
    await tidy(make.services(db, platform), [job])
    after = {row["name"] for row in await days()}
    assert before.isdisjoint(after)
    assert len(after) >= 3
    assert await owner.fetchval("select count(*) from once_links") == 0
    assert await owner.fetchval("select count(*) from jobs_done where id = $1", job.id) == 1


async def test_housekeeping_forgets_where_old_stories_were_looked_up(db: AppDb, platform: WorkerDb, owner: Any) -> None:
    clock = FrozenClock()
    now = bucket(clock.now())
    async with platform.tx() as tx:
        await make.item(tx)
    for window in (now - 3, now):
        await owner.execute("insert into story_keys (key, story_id) select $1, id from stories", first_key(window) + 7)
    (job,) = await job_of(platform, owner, JobKind.TIDY)
    await tidy(make.services(db, platform, clock=clock), [job])
    assert [row["key"] for row in await owner.fetch("select key from story_keys")] == [first_key(now) + 7]


async def test_model_calls_that_nobody_waits_for_are_given_up(db: AppDb, platform: WorkerDb, owner: Any) -> None:
    tenant = await make.tenant(platform)
    for late in ("-1 second", "1 minute"):
        await owner.execute(
            f"""insert into calls (id, tenant_id, stage, tier, provider, model, prompt, prompt_version, prompt_hash,
                  input_hash, reserved, deadline)
                values ($1, $2, 'draft', 'quality', 'p', 'm', 'draft', 'v1', '', '', 0.5,
                  cid_now() + interval '{late}')""",
            make.uuid7_now(),
            tenant,
        )
    await owner.execute(
        """insert into budgets (tenant_id, period, starts, scope, reserved)
           select tenant_id, period, starts, scope, 1 from budgets_of($1, 'draft', cid_now())""",
        tenant,
    )
    await wake(make.services(db, platform), await job_of(platform, owner, JobKind.WAKE))
    assert await owner.fetchval("select array_agg(state order by state) from calls") == ["ambiguous", "sent"]
    rows = await owner.fetch("select reserved, spent from budgets")
    assert [(float(row["reserved"]), float(row["spent"])) for row in rows] == [(0.5, 0.5)] * 4
