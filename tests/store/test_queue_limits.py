"""Groups, turns and limits that hold for all processes together."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from cid.domain.ids import TenantId
from cid.domain.jobs import Job, Rate
from cid.queue import control, jobs
from cid.queue.claims import Claimer, Terms
from cid.queue.endings import Ending, Endings, Outcome
from tests.queues import Queue, a_job, flat, terms

if TYPE_CHECKING:
    from cid.pg.pool import AppDb, WorkerDb
    from tests.conftest import Database

A, B, C = (TenantId(UUID(int=n << 64)) for n in (1, 2, 3))
HOUR = timedelta(hours=1)


@pytest.fixture
async def queue(database: Database, platform: WorkerDb, owner: Any) -> AsyncIterator[Queue]:
    made = Queue(database, platform, owner)
    yield made
    await made.close()


async def done(queue: Queue, *ended: Job) -> None:
    await Endings(queue.link()).flush([Ending(job, Outcome.DONE) for job in ended])


async def keyed(queue: Queue, count: int, *keys: str, tenant: TenantId = A) -> None:
    await queue.add(*(a_job(tenant, key=key, payload={"n": str(n)}) for n in range(count) for key in keys))


async def at_most(queue: Queue, limited: Terms, claimers: int, expected: int) -> Counter[tuple[TenantId, str]]:
    """Work everything off with many claimers at once; answers the most that ran at once, of each tenant and key."""
    out: Counter[tuple[TenantId, str]] = Counter()
    most: Counter[tuple[TenantId, str]] = Counter()
    seen: list[int] = []

    async def work() -> None:
        claimer, link = queue.claimer(), queue.link()
        while len(seen) < expected:
            for handout in (await claimer.claim(limited, 3)).handouts:
                entry = (handout[0].tenant, handout[0].key)
                out[entry] += 1
                most[entry] = max(most[entry], out[entry])
                most[A, "all"] = max(most[A, "all"], out.total())
                seen.extend(job.id for job in handout)
                await asyncio.sleep(0)
                out[entry] -= 1
                await Endings(link).flush([Ending(job, Outcome.DONE) for job in handout])

    await asyncio.gather(*(work() for _ in range(claimers)))
    assert sorted(seen) == sorted(set(seen))
    assert len(seen) == expected
    return most


# ---- keys


async def test_a_group_holds_jobs_of_one_key(queue: Queue) -> None:
    await keyed(queue, 5, "x", "y")
    handouts = (await queue.claimer().claim(terms(group=8, most_per_key=None), 4)).handouts
    assert [[job.key for job in handout] for handout in handouts] == [["x"] * 5, ["y"] * 5]


async def test_a_group_that_is_too_large_for_one_hand_out_makes_more_of_them_in_order(queue: Queue) -> None:
    await queue.many(A, 10)
    handouts = (await queue.claimer().claim(terms(group=4, most_per_key=None), 3)).handouts
    assert [[int(job.payload["item"]) for job in handout] for handout in handouts] == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
        [8, 9],
    ]


async def test_what_is_left_of_a_full_group_lingers_on(queue: Queue) -> None:
    await queue.many(A, 10)
    handouts = (await queue.claimer().claim(terms(group=4, most_per_key=None, linger=HOUR), 3)).handouts
    assert [len(handout) for handout in handouts] == [4, 4]


async def test_keys_of_a_tenant_take_turns(queue: Queue) -> None:
    await keyed(queue, 100, "x")
    await keyed(queue, 2, "y", "z")
    claimer = queue.claimer()
    assert [flat(await claimer.claim(terms(), 1))[0].key for _ in range(6)] == ["x", "y", "z"] * 2


async def test_a_key_that_is_held_up_holds_up_no_other(queue: Queue) -> None:
    await keyed(queue, 300, "x")
    await keyed(queue, 1, "y")
    one = terms(most_per_key=1)
    first = flat(await queue.claimer().claim(one, 5))
    assert sorted(job.key for job in first) == ["x", "y"]
    assert flat(await queue.claimer().claim(one, 5)) == []


# ---- at once


async def test_jobs_of_a_key_never_overlap_more_than_allowed(queue: Queue) -> None:
    await keyed(queue, 20, "x", "y")
    await keyed(queue, 20, "x", tenant=B)
    most = await at_most(queue, terms(most_per_key=1), claimers=4, expected=60)
    assert {entry: n for entry, n in most.items() if entry != (A, "all")} == {(A, "x"): 1, (A, "y"): 1, (B, "x"): 1}


async def test_jobs_of_a_kind_never_overlap_more_than_allowed(queue: Queue) -> None:
    for tenant in (A, B, C):
        await queue.many(tenant, 20)
    most = await at_most(queue, terms(most=2), claimers=5, expected=60)
    assert most[A, "all"] <= 2


async def test_a_limit_counts_hand_outs_not_jobs(queue: Queue) -> None:
    await queue.many(A, 30)
    claimed = await queue.claimer().claim(terms(group=10, most=2, most_per_key=None), 5)
    assert [len(handout) for handout in claimed.handouts] == [10, 10]


async def test_the_job_of_a_dead_process_stops_counting_when_it_is_rescued(queue: Queue) -> None:
    await keyed(queue, 2, "x")
    one = terms(most_per_key=1)
    assert len(flat(await queue.claimer(await queue.worker(silent=True)).claim(one, 5))) == 1
    assert flat(await queue.claimer().claim(one, 5)) == []
    await queue.rescue()
    assert len(flat(await queue.claimer().claim(one, 5))) == 1


@pytest.mark.parametrize("outcome", [Outcome.DONE, Outcome.RETRY, Outcome.SNOOZE, Outcome.HAND_BACK, Outcome.DEAD])
async def test_however_a_job_ends_it_stops_counting(queue: Queue, outcome: Outcome) -> None:
    await keyed(queue, 2, "x")
    one = terms(most_per_key=1, most=1)
    (first,) = flat(await queue.claimer().claim(one, 5))
    at = (
        await queue.owner.fetchval("select cid_now() + interval '1 hour'") if outcome is not Outcome.HAND_BACK else None
    )
    await Endings(queue.link()).flush([Ending(first, outcome, at)])
    assert len(flat(await queue.claimer().claim(one, 5))) == 1


# ---- how often


async def test_starts_are_as_far_apart_as_the_rate_says_and_the_wait_is_told(queue: Queue) -> None:
    await queue.many(A, 5)
    rated = terms(rate=Rate(timedelta(hours=1), burst=2))
    assert len(flat(await queue.claimer().claim(rated, 10))) == 2
    handouts, wait_s = await queue.claimer().claim(rated, 10)
    assert not handouts
    assert wait_s is not None
    assert 3590 < wait_s <= 3600
    await queue.owner.execute("update limits set tat = tat - interval '3601 seconds'")
    assert len(flat(await queue.claimer().claim(rated, 10))) == 1


async def test_a_rate_per_key_holds_for_each(queue: Queue) -> None:
    await keyed(queue, 5, "x", "y")
    rated = terms(rate_per_key=Rate(timedelta(hours=1)))
    assert sorted(job.key for job in flat(await queue.claimer().claim(rated, 10))) == ["x", "y"]
    handouts, wait_s = await queue.claimer().claim(rated, 10)
    assert not handouts
    assert wait_s is not None
    assert 3590 < wait_s <= 3600


async def test_a_rate_holds_for_many_claimers_at_once(queue: Queue) -> None:
    await queue.many(A, 50)
    rated = terms(rate=Rate(timedelta(hours=1), burst=7))
    found = await asyncio.gather(*(queue.claimer().claim(rated, 5) for _ in range(6)))
    assert sum(len(claimed.handouts) for claimed in found) == 7


# ---- what a process remembers


class Ticks:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_somebody_new_is_found_within_a_quarter_of_a_second_while_others_keep_us_busy(queue: Queue) -> None:
    clock = Ticks()
    claimer = Claimer(queue.link(), UUID(int=1), clock)
    await queue.many(A, 50)
    assert {job.tenant for job in flat(await claimer.claim(terms(), 2))} == {A}
    await queue.many(B, 1)
    clock.now = 0.25
    assert {job.tenant for job in flat(await claimer.claim(terms(), 2))} == {A, B}


async def test_after_a_quiet_while_the_next_job_of_the_last_tenant_takes_one_statement(queue: Queue) -> None:
    link, statements = queue.link(), list[str]()
    fetch = link.fetch

    async def counted(sql: str, *args: object) -> Any:
        statements.append(sql)
        return await fetch(sql, *args)

    link.fetch = counted  # type: ignore[method-assign]
    claimer = Claimer(link, UUID(int=1))
    await queue.many(A, 1)
    while flat(await claimer.claim(terms(), 5)):
        pass
    await queue.many(A, 1)
    statements.clear()
    assert len(flat(await claimer.claim(terms(), 5))) == 1
    assert len(statements) == 1
    await queue.many(B, 1)
    assert {job.tenant for job in flat(await claimer.claim(terms(), 5))} == {B}


async def test_a_trickle_of_one_tenant_hides_no_other(queue: Queue) -> None:
    claimer = queue.claimer()
    assert not flat(await claimer.claim(terms(), 5))
    for _ in range(3):
        await queue.many(A, 1)
        assert flat(await claimer.claim(terms(), 5))
    await queue.many(A, 1)
    await queue.many(B, 1)
    assert {job.tenant for job in flat(await claimer.claim(terms(), 5))} == {A, B}


async def test_a_more_urgent_or_older_job_is_found_at_the_next_listing(queue: Queue) -> None:
    clock = Ticks()
    claimer = Claimer(queue.link(), UUID(int=1), clock)
    await queue.many(A, 50)
    (first,) = flat(await claimer.claim(terms(), 1))
    await queue.add(a_job(A, priority=-1, payload={"n": "urgent"}))
    await Endings(queue.link()).flush([Ending(first, Outcome.HAND_BACK)])
    clock.now = 0.25
    assert [job.payload.get("n", job.id) for job in flat(await claimer.claim(terms(), 2))] == ["urgent", first.id]


async def test_a_pause_holds_at_once_for_those_who_remember_waiting_jobs(queue: Queue) -> None:
    clock = Ticks()
    for limited in (terms(), terms(most_per_key=5)):
        claimer = Claimer(queue.link(), UUID(int=1), clock)
        await queue.many(A, 10)
        assert len(flat(await claimer.claim(limited, 1))) == 1
        async with queue.platform.tx() as tx:
            await control.pause(tx, "rules", A)
        assert flat(await claimer.claim(limited, 1)) == []
        async with queue.platform.tx() as tx:
            await control.resume(tx, "rules", A)


async def test_more_waiting_tenants_than_one_listing_holds_are_all_served(queue: Queue) -> None:
    tenants = [TenantId(UUID(int=n << 64)) for n in range(1, 1102)]
    await queue.add(*(a_job(tenant) for tenant in tenants))
    claimer, served = queue.claimer(), set[TenantId]()
    while found := flat(await claimer.claim(terms(), 200)):
        served |= {job.tenant for job in found}
    assert served == set(tenants)


async def test_between_two_listings_a_claim_looks_at_nothing_that_it_went_past(queue: Queue) -> None:
    """While a snapshot is held, ended jobs stay in the index: a claim from its front would meet them all."""
    await queue.many(A, 20)
    clock = Ticks()
    claimer = Claimer(queue.link(), UUID(int=1), clock)
    first, *_ = flat(await claimer.claim(terms(), 10))
    claimer._known[terms().kind].list_at = 0.25
    await Endings(queue.link()).flush([Ending(first, Outcome.HAND_BACK)])
    assert min(job.id for job in flat(await claimer.claim(terms(), 2))) > first.id
    clock.now = 0.25
    assert min(job.id for job in flat(await claimer.claim(terms(), 2))) == first.id


# ---- what enqueueing answers


async def test_every_new_job_is_answered_in_order(queue: Queue, db: AppDb) -> None:
    async with db.tx(A) as tx:
        (waiting,) = await jobs.enqueue(tx, a_job(A, dedupe="b", payload={"n": "first"}))
    async with db.tx(A) as tx:
        answers = await jobs.enqueue(
            tx, *(a_job(A, dedupe=key, payload={"n": str(n)}) for n, key in enumerate(("c", "b", None, "a", "a")))
        )
    assert [answer.added for answer in answers] == [True, False, True, True, False]
    assert answers[1].id == waiting.id
    assert answers[4].id == answers[3].id
    stored = {row["id"]: row["payload"] for row in await queue.owner.fetch("select id, payload::text from jobs")}
    assert [stored[answers[n].id] for n in (0, 2, 3)] == ['{"n": "0"}', '{"n": "2"}', '{"n": "3"}']


async def test_jobs_without_dedupe_keys_are_answered_in_order_too(queue: Queue) -> None:
    async with queue.platform.tx() as tx:
        answers = await jobs.enqueue(tx, *(a_job((A, B)[n % 2], payload={"n": str(n)}) for n in range(20)))
    rows = await queue.owner.fetch("select payload ->> 'n' as n from jobs order by id")
    assert [row["n"] for row in rows] == [str(n) for n in range(20)]
    assert [answer.id for answer in answers] == sorted(answer.id or 0 for answer in answers)


# ---- what a job keeps


async def test_a_dead_job_comes_back_as_what_it_was(queue: Queue) -> None:
    await queue.add(a_job(A, key="k", priority=-2, dedupe="d", payload={"n": "1"}))
    (job,) = flat(await queue.claimer().claim(terms(), 1))
    await Endings(queue.link()).flush([Ending(job, Outcome.DEAD, why="no")])
    async with queue.platform.tx() as tx:
        assert await control.retry(tx, job.id)
    row = await queue.owner.fetchrow("select id, key, priority, dedupe_key, attempt, error, payload::text from jobs")
    assert tuple(row) == (job.id, "k", -2, "d", 0, "no", '{"n": "1"}')


async def test_a_dead_job_whose_work_waits_already_stays_dead(queue: Queue) -> None:
    await queue.add(a_job(A, dedupe="d"))
    (job,) = flat(await queue.claimer().claim(terms(), 1))
    await Endings(queue.link()).flush([Ending(job, Outcome.DEAD, why="no")])
    await queue.add(a_job(A, dedupe="d"))
    async with queue.platform.tx() as tx:
        assert not await control.retry(tx, job.id)
    assert await queue.state(job.id) == "dead"


async def test_a_snoozed_job_keeps_its_id_and_its_key(queue: Queue, db: AppDb) -> None:
    await keyed(queue, 1, "x")
    (job,) = flat(await queue.claimer().claim(terms(), 1))
    until = await queue.owner.fetchval("select cid_now() + interval '1 hour'")
    async with db.tx(A) as tx:
        await jobs.snooze(tx, job, until, "later")
    assert tuple(await queue.owner.fetchrow("select id, key, state from jobs")) == (job.id, "x", "scheduled")
