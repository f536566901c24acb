"""What the queue promises, on a real Postgres."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from cid.domain.errors import LostLease
from cid.domain.ids import PLATFORM, JobId, TenantId
from cid.domain.jobs import Job, JobKind
from cid.domain.tuning import Missed, Periodic
from cid.queue import care, control, jobs, periodic
from cid.queue.claims import LONGEST_S, Claimed
from cid.queue.endings import Ending, Endings, Outcome
from cid.queue.hand import CURRENT, Hand
from cid.queue.pressure import pressure
from tests.queues import Queue, a_job, flat, terms

if TYPE_CHECKING:
    from cid.pg.pool import AppDb, WorkerDb
    from cid.ports import Tx
    from tests.conftest import Database

NOW = datetime.now(UTC)
A, B, C = (TenantId(UUID(int=n << 64)) for n in (1, 2, 3))


@pytest.fixture
async def queue(database: Database, platform: WorkerDb, owner: Any) -> AsyncIterator[Queue]:
    made = Queue(database, platform, owner)
    yield made
    await made.close()


async def claim_one(queue: Queue, **given: Any) -> Job:
    """A job of tenant A, in the hands of a process that lives."""
    await queue.add(a_job(**{"tenant": A, **given}))
    (job,) = flat(await queue.claimer(await queue.worker()).claim(terms(), 1))
    return job


async def end(queue: Queue, *endings: Ending) -> None:
    await Endings(queue.link()).flush(list(endings))


async def work_and_end(db: AppDb, job: Job, ending: Callable[[Tx, Job], Awaitable[None]]) -> None:
    """As a flow does: the state it writes, the next job and the end of this one in one transaction."""
    async with db.tx(job.tenant) as tx:
        await jobs.enqueue(tx, a_job(job.tenant, kind=JobKind.DRAFT))
        await ending(tx, job)


ENDINGS: tuple[Callable[[Tx, Job], Awaitable[None]], ...] = (
    jobs.done,
    lambda tx, job: jobs.dead(tx, job, "x"),
    lambda tx, job: jobs.snooze(tx, job, NOW, "x"),
)


# ---- handing out


async def test_two_claimers_never_share_a_job(queue: Queue) -> None:
    for tenant in (A, B, C):
        await queue.many(tenant, 100)
    claimers = [queue.claimer() for _ in range(4)]
    seen: list[JobId] = []

    async def take(number: int) -> None:
        while found := flat(await claimers[number].claim(terms(), 7)):
            seen.extend(job.id for job in found)

    await asyncio.gather(*(take(number) for number in range(4)))
    assert len(seen) == len(set(seen)) == 300


async def test_a_group_is_never_handed_out_twice_at_once(queue: Queue) -> None:
    for tenant in (A, B, PLATFORM):
        await queue.many(tenant, 60)
    out: Counter[TenantId] = Counter()
    seen: list[JobId] = []

    async def take() -> None:
        claimer, link = queue.claimer(), queue.link()
        while len(seen) < 180:
            handouts = (await claimer.claim(terms(group=8), 1)).handouts
            for handout in handouts:
                tenant = handout[0].tenant
                assert {job.tenant for job in handout} == {tenant}
                out[tenant] += 1
                assert out[tenant] == 1
                seen.extend(job.id for job in handout)
                await asyncio.sleep(0)  # let the others try while this one is out
                out[tenant] -= 1
                await Endings(link).flush([Ending(job=job, outcome=Outcome.DONE) for job in handout])
            if not handouts:
                await asyncio.sleep(0)

    await asyncio.gather(*(take() for _ in range(4)))
    assert sorted(seen) == sorted(set(seen))


async def test_a_group_may_have_as_many_hand_outs_as_its_terms_say(queue: Queue) -> None:
    await queue.many(A, 30)
    claimer = queue.claimer()
    sizes = [len(flat(await claimer.claim(terms(group=8, most_per_key=2), 1))) for _ in range(3)]
    assert sizes == [8, 8, 0]


async def test_a_group_waits_for_its_linger_unless_it_is_full(queue: Queue) -> None:
    claimer, lingering = queue.claimer(), terms(group=8, linger=timedelta(hours=1))
    await queue.many(A, 7)
    claimed = await claimer.claim(lingering, 1)
    assert not claimed.handouts
    assert claimed.wait_s and 3590 < claimed.wait_s <= 3600
    await queue.many(A, 1)
    assert len(flat(await claimer.claim(lingering, 1))) == 8
    await queue.many(B, 2)
    await queue.owner.execute("update jobs set run_at = run_at - interval '61 minutes' where tenant_id = $1", B)
    assert len(flat(await claimer.claim(lingering, 1))) == 2


async def test_an_urgent_job_does_not_linger_and_takes_along_whoever_waits(queue: Queue) -> None:
    claimer, lingering = queue.claimer(), terms(group=8, linger=timedelta(hours=1))
    await queue.many(A, 2)
    assert not (await claimer.claim(lingering, 1)).handouts
    await queue.add(a_job(A, payload={"item": "breaking"}, priority=-1))
    claimed = flat(await claimer.claim(lingering, 1))
    assert [job.payload["item"] for job in claimed] == ["breaking", "0", "1"]


async def test_an_urgent_group_that_a_limit_holds_back_is_no_reason_to_look_at_once(queue: Queue) -> None:
    claimer, lingering = queue.claimer(), terms(group=8, linger=timedelta(hours=1), most_per_key=1)
    await queue.add(a_job(A, priority=-1))
    assert len(flat(await claimer.claim(lingering, 1))) == 1
    await queue.add(a_job(A, priority=-1))
    claimed = await claimer.claim(lingering, 1)
    assert (claimed.handouts, claimed.wait_s) == ([], LONGEST_S)


async def test_the_work_of_the_platform_is_found_from_any_turn(queue: Queue) -> None:
    """Its tenant is the zero uuid, which no other comes before."""
    claimer = queue.claimer()
    for group in (1, 8):
        await queue.many(B, 1)
        assert len(flat(await claimer.claim(terms(group=group), 1))) == 1
        await queue.many(PLATFORM, 1)
        assert [job.tenant for job in flat(await claimer.claim(terms(group=group), 1))] == [PLATFORM]
        await queue.owner.execute("delete from jobs")


async def test_tenants_take_turns_however_long_one_queue_is(queue: Queue) -> None:
    await queue.many(A, 500)
    await queue.many(B, 3)
    await queue.many(C, 3)
    claimer = queue.claimer()
    first = [flat(await claimer.claim(terms(), 1))[0].tenant for _ in range(9)]
    assert first == [A, B, C] * 3
    await queue.many(B, 10)
    shares = Counter(job.tenant for job in flat(await claimer.claim(terms(), 10)))
    shares.update(job.tenant for job in flat(await claimer.claim(terms(), 10 - shares.total())))
    assert shares.total() == 10
    assert shares[B] >= 4


async def test_slots_that_a_short_queue_leaves_are_filled_by_the_next_claim(queue: Queue) -> None:
    await queue.many(A, 50)
    await queue.many(B, 1)
    claimer = queue.claimer()
    got = len(flat(await claimer.claim(terms(), 20)))
    got += len(flat(await claimer.claim(terms(), 20 - got)))
    assert got == 20


async def test_lower_priority_numbers_come_first(queue: Queue) -> None:
    await queue.add(*(a_job(A, priority=number, payload={"n": str(number)}) for number in (5, -1, 3)))
    claimer = queue.claimer()
    assert [flat(await claimer.claim(terms(), 1))[0].payload["n"] for _ in range(3)] == ["-1", "3", "5"]


async def test_every_claim_has_a_lease_of_its_own(queue: Queue) -> None:
    job = await claim_one(queue)
    await end(queue, Ending(job=job, outcome=Outcome.HAND_BACK))
    (again,) = flat(await queue.claimer().claim(terms(), 1))
    assert again.id == job.id
    assert again.lease != job.lease


# ---- ending


async def test_a_zombie_cannot_end_a_job_that_was_handed_on_and_its_work_is_rolled_back(
    queue: Queue, db: AppDb
) -> None:
    await queue.add(a_job(A))
    (lost,) = flat(await queue.claimer(await queue.worker(silent=True)).claim(terms(), 1))
    assert await queue.rescue() == {"ready": {"rules": 1}}
    (mine,) = flat(await queue.claimer(await queue.worker()).claim(terms(), 1))
    for ending in ENDINGS:
        with pytest.raises(LostLease):
            await work_and_end(db, lost, ending)
    assert await queue.owner.fetchval("select count(*) from jobs where kind = 'draft'") == 0
    await end(queue, *(Ending(job=lost, outcome=outcome, at=NOW) for outcome in Outcome))
    assert await queue.state(mine.id) == "running"
    async with db.tx(A) as tx:
        await jobs.done(tx, mine)
    assert await queue.state(mine.id) == "done"


async def test_the_end_of_a_job_and_the_next_job_commit_together(queue: Queue, db: AppDb) -> None:
    job = await claim_one(queue)

    async def fail(tx: Tx, job: Job) -> None:
        await jobs.done(tx, job)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await work_and_end(db, job, fail)
    assert await queue.state(job.id) == "running"
    assert await queue.owner.fetchval("select count(*) from jobs where kind = 'draft'") == 0


async def test_a_flow_that_ended_its_jobs_is_noticed_only_when_it_committed(queue: Queue, db: AppDb) -> None:
    job = await claim_one(queue)
    hand = Hand(jobs=[job])
    token = CURRENT.set(hand)
    async with db.tx(A) as tx:
        await jobs.done(tx, job)
        assert hand.ended == {}
    CURRENT.reset(token)
    assert hand.ended == {job.id: "done"}


async def test_a_snoozed_job_loses_no_attempt(queue: Queue, db: AppDb) -> None:
    job = await claim_one(queue)
    async with db.tx(A) as tx:
        await jobs.snooze(tx, job, NOW + timedelta(hours=1), "no budget")
    row = await queue.owner.fetchrow("select state, attempt, error, run_at from jobs")
    assert (row["state"], row["attempt"], row["error"]) == ("scheduled", 0, "no budget")
    assert row["run_at"] == NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    ("outcome", "state", "attempt"),
    [(Outcome.RETRY, "scheduled", 1), (Outcome.SNOOZE, "scheduled", 0), (Outcome.HAND_BACK, "ready", 0)],
)
async def test_only_a_retry_costs_an_attempt(queue: Queue, outcome: Outcome, state: str, attempt: int) -> None:
    job = await claim_one(queue)
    at = None if outcome is Outcome.HAND_BACK else NOW + timedelta(hours=1)
    await end(queue, Ending(job=job, outcome=outcome, at=at, why="because"))
    row = await queue.owner.fetchrow("select state, attempt, error, worker, lease, deadline from jobs")
    assert (row["state"], row["attempt"], row["error"]) == (state, attempt, "because")
    assert (row["worker"], row["lease"], row["deadline"]) == (None, None, None)


async def test_a_dead_job_keeps_its_reason_and_its_payload_until_it_is_retried(queue: Queue) -> None:
    job = await claim_one(queue, payload={"item": "i"})
    await end(queue, Ending(job=job, outcome=Outcome.DEAD, why="nobody\0 knows"))
    async with queue.platform.tx() as tx:
        (dead,) = await control.listed_dead(tx)
        assert (dead.id, dead.error, dead.payload) == (job.id, "nobody\N{REPLACEMENT CHARACTER} knows", {"item": "i"})
        assert await control.count_dead(tx, control.Dead(kinds=["rules"], reason="KNOWS")) == 1
        assert await control.count_dead(tx, control.Dead(kinds=["draft"])) == 0
        assert await control.retry(tx, job.id)
        assert not await control.retry(tx, job.id)
    (again,) = flat(await queue.claimer().claim(terms(), 1))
    assert (again.attempt, dict(again.payload)) == (1, {"item": "i"})


async def test_an_ending_that_the_server_forgot_when_it_died_is_told_again(queue: Queue) -> None:
    """Commits of endings do not wait for the disk: the newest may be lost with the server."""
    now = [0.0]
    endings = Endings(queue.link(), clock=lambda: now[0])
    lost, kept = flat(await _two(queue))
    await endings.flush([Ending(kept, Outcome.DONE)])
    now[0] = 2.0
    await endings.flush([Ending(lost, Outcome.DONE)])
    for job in (lost, kept):  # as after a crash
        await queue.owner.execute("delete from jobs_done where id = $1", job.id)
        await queue.owner.execute(
            """insert into jobs (id, tenant_id, kind, state, attempt, worker, lease, deadline)
               values ($1, $2, 'rules', 'running', 1, gen_random_uuid(), $3, cid_now())""",
            job.id,
            job.tenant,
            job.lease,
        )
    endings.link.drop()
    running = asyncio.ensure_future(endings.run())
    endings._doubt()
    endings.add(Ending(lost, Outcome.DONE))
    await endings.drained()
    running.cancel()
    assert (await queue.state(lost.id), await queue.state(kept.id)) == ("done", "running")


async def _two(queue: Queue) -> Claimed:
    await queue.many(A, 2)
    return await queue.claimer().claim(terms(), 2)


async def test_a_hundred_endings_are_one_statement_of_each_sort(queue: Queue) -> None:
    await queue.many(A, 100)
    found = flat(await queue.claimer(await queue.worker()).claim(terms(), 100))
    outcomes = list(Outcome)
    batch = [
        Ending(job=job, outcome=outcomes[number % len(outcomes)], at=NOW + timedelta(hours=1))
        for number, job in enumerate(found)
    ]
    await Endings(queue.link()).flush(batch)
    assert batch == []
    assert await queue.owner.fetchval("select count(*) from jobs where state = 'running'") == 0


# ---- dedupe


async def test_a_waiting_job_with_the_same_key_does_the_work(queue: Queue) -> None:
    assert await queue.add(a_job(A, dedupe="k"), a_job(A, dedupe="k"), a_job(B, dedupe="k")) == 2
    assert await queue.add(a_job(A, dedupe="k", run_at=NOW + timedelta(hours=1))) == 0


async def test_a_running_job_does_not_count_because_it_may_have_looked_before(queue: Queue) -> None:
    await claim_one(queue, dedupe="k")
    assert await queue.add(a_job(A, dedupe="k")) == 1


@pytest.mark.parametrize("outcome", [Outcome.RETRY, Outcome.SNOOZE, Outcome.HAND_BACK])
async def test_a_job_to_be_tried_again_merges_into_the_twin_that_waits(queue: Queue, outcome: Outcome) -> None:
    job = await claim_one(queue, dedupe="k")
    await queue.add(a_job(A, dedupe="k"))
    at = None if outcome is Outcome.HAND_BACK else NOW
    await end(queue, Ending(job=job, outcome=outcome, at=at))
    assert await queue.state(job.id) == "merged"
    assert await queue.owner.fetchval("select count(*) from jobs") == 1


async def test_a_snooze_of_a_flow_merges_too_and_leaves_a_trace(queue: Queue, db: AppDb) -> None:
    job = await claim_one(queue, dedupe="k")
    await queue.add(a_job(A, dedupe="k"))
    async with db.tx(A) as tx:
        await jobs.snooze(tx, job, NOW + timedelta(hours=1), "later")
    assert await queue.state(job.id) == "merged"


async def test_lost_twins_are_rescued_as_one(queue: Queue) -> None:
    claimer = queue.claimer(await queue.worker(silent=True))
    for _ in range(2):
        await queue.add(a_job(A, dedupe="k"))
        assert await claimer.claim(terms(), 1)
    assert await queue.rescue() == {"ready": {"rules": 1}, "merged": {"rules": 1}}


# ---- losing and rescuing


async def test_jobs_of_a_silent_process_are_rescued_and_those_of_a_living_one_are_not(queue: Queue) -> None:
    await queue.many(A, 2)
    (lost,) = flat(await queue.claimer(await queue.worker(silent=True)).claim(terms(), 1))
    (kept,) = flat(await queue.claimer(await queue.worker()).claim(terms(), 1))
    assert await queue.rescue(deep=False) == {"ready": {"rules": 1}}
    assert (await queue.state(lost.id), await queue.state(kept.id)) == ("ready", "running")
    assert await queue.owner.fetchval("select error from jobs where id = $1", lost.id) == "its process died (attempt 1)"


async def test_jobs_of_a_process_that_nobody_knows_are_rescued_by_a_deep_look(queue: Queue) -> None:
    await queue.many(A, 1)
    assert flat(await queue.claimer(uuid4()).claim(terms(), 1))
    assert await queue.rescue(deep=False) == {}
    assert await queue.rescue() == {"ready": {"rules": 1}}


async def test_a_job_whose_process_lives_but_hangs_is_rescued_a_minute_past_its_deadline(queue: Queue) -> None:
    job = await claim_one(queue)
    await queue.owner.execute("update jobs set deadline = cid_now() - interval '59 seconds'")
    assert await queue.rescue() == {}
    await queue.owner.execute("update jobs set deadline = cid_now() - interval '61 seconds'")
    assert await queue.rescue() == {"ready": {"rules": 1}}
    assert await queue.state(job.id) == "ready"


async def test_tries_used_up_by_dying_processes_end_in_a_dead_job_with_the_reason(queue: Queue) -> None:
    await queue.many(A, 1)
    for _ in range(2):
        assert flat(await queue.claimer(uuid4()).claim(terms(), 1))
        outcome = await queue.rescue(tries=2)
    assert outcome == {"dead": {"rules": 1}}
    async with queue.platform.read() as tx:
        (dead,) = await control.listed_dead(tx)
    assert dead.error == "its process died (attempt 2)"


async def test_a_rescued_group_can_be_handed_out_again(queue: Queue) -> None:
    await queue.many(A, 5)
    assert len(flat(await queue.claimer(uuid4()).claim(terms(group=8), 1))) == 5
    assert (await queue.claimer().claim(terms(group=8), 1)).handouts == []
    await queue.rescue()
    assert len(flat(await queue.claimer().claim(terms(group=8), 1))) == 5


async def test_dead_processes_of_this_machine_are_buried_at_once(queue: Queue) -> None:
    mine = uuid4()
    for worker, host, pid in ((mine, "here", 1), (uuid4(), "here", 2), (uuid4(), "here", 3), (uuid4(), "there", 3)):
        await queue.owner.execute(
            "insert into workers (id, host, pid, version) values ($1, $2, $3, '0')", worker, host, pid
        )
    async with queue.platform.tx() as tx:
        assert await care.bury(tx, "here", lambda pid: pid == 2, but=mine) == 1
    left = await queue.owner.fetch("select host, pid from workers order by host, pid")
    assert [tuple(row) for row in left] == [("here", 1), ("here", 2), ("there", 3)]


# ---- the clock


async def test_due_jobs_become_ready_and_others_stay(queue: Queue) -> None:
    await queue.add(a_job(A, run_at=NOW + timedelta(hours=1)), a_job(A, run_at=NOW + timedelta(hours=2)))
    await queue.owner.execute("update jobs set run_at = run_at - interval '61 minutes'")
    async with queue.platform.tx() as tx:
        assert await care.move_due(tx) == {"rules": 1}
        assert await care.move_due(tx) == {}


async def test_one_row_that_cannot_move_does_not_hold_up_the_rest(queue: Queue) -> None:
    await queue.add(*(a_job(A, run_at=NOW + timedelta(hours=1), payload={"n": str(n)}) for n in range(5)))
    await queue.owner.execute("update jobs set run_at = run_at - interval '2 hours'")
    await queue.owner.execute("""
        create function poison() returns trigger language plpgsql as $$
        begin
          if new.state = 'ready' and new.payload ->> 'n' = '2' then raise exception 'poisoned'; end if;
          return new;
        end $$;
        create trigger poison before update on jobs for each row execute function poison()""")
    async with queue.platform.tx() as tx:
        assert sum((await care.move_due(tx)).values()) >= 1
    rows = await queue.owner.fetch("select payload ->> 'n' as n, state, error, run_at > cid_now() as later from jobs")
    stuck = [row for row in rows if row["state"] == "scheduled"]
    assert [row["n"] for row in stuck] == ["2"]
    assert stuck[0]["later"]
    assert "poisoned" in stuck[0]["error"]


async def test_a_slot_of_a_periodic_job_is_taken_by_one_process_only(queue: Queue) -> None:
    entry = Periodic(name="tidy", every=timedelta(hours=1), missed=Missed.ONCE)

    async def take() -> list[str]:
        async with queue.platform.tx() as tx:
            return await periodic.enqueue_due(tx, [entry])

    taken = await asyncio.gather(*(take() for _ in range(4)))
    assert sorted(taken) == [[], [], [], ["tidy"]]
    assert await queue.owner.fetchval("select count(*) from jobs where kind = 'tidy'") == 1


@pytest.mark.parametrize(("missed", "runs"), [(Missed.ONCE, ["tidy"]), (Missed.SKIP, [])])
async def test_a_slot_that_nobody_took_runs_late_or_not_as_the_schedule_says(
    queue: Queue, missed: Missed, runs: list[str]
) -> None:
    # The newest slot of something that happens once in a thousand years is certainly older than the tolerance.
    entry = Periodic(name="tidy", every=timedelta(days=365_000), missed=missed)
    async with queue.platform.tx() as tx:
        assert await periodic.enqueue_due(tx, [entry]) == runs


# ---- people


async def test_a_pause_holds_for_every_claimer_until_it_is_lifted(queue: Queue) -> None:
    await queue.many(A, 2)
    await queue.many(B, 2)
    async with queue.platform.tx() as tx:
        assert await control.pause(tx, "rules", A)
        assert not await control.pause(tx, "rules", A)
    for group in (1, 8):
        assert {job.tenant for job in flat(await queue.claimer().claim(terms(group=group), 1))} == {B}
    async with queue.platform.tx() as tx:
        await control.pause(tx, "*")
        await control.resume(tx, "rules", A)
    assert (await queue.claimer().claim(terms(), 10)).handouts == []
    async with queue.platform.tx() as tx:
        assert await control.resume(tx, "*")
    assert len(flat(await queue.claimer().claim(terms(), 10))) == 2


async def test_paused_tenants_do_not_hide_the_others(queue: Queue) -> None:
    await queue.many(A, 1)
    await queue.many(B, 1)
    await queue.many(C, 1)
    async with queue.platform.tx() as tx:
        await control.pause(tx, "rules", A)
        await control.pause(tx, "rules", B)
    assert [job.tenant for job in flat(await queue.claimer().claim(terms(), 1))] == [C]


async def test_a_waiting_job_is_cancelled_at_once_and_a_running_one_is_asked(queue: Queue) -> None:
    job = await claim_one(queue)
    await queue.add(a_job(A))
    waiting = JobId(await queue.owner.fetchval("select id from jobs where state = 'ready'"))
    async with queue.platform.tx() as tx:
        assert await control.cancel(tx, waiting) == "cancelled"
        assert await control.cancel(tx, job.id) == "asked"
        assert await control.cancel(tx, JobId(10**12)) is None
    assert await queue.state(waiting) == "cancelled"
    assert await queue.state(job.id) == "running"


@pytest.mark.parametrize("outcome", [Outcome.RETRY, Outcome.HAND_BACK])
async def test_a_job_asked_to_end_never_comes_back(queue: Queue, outcome: Outcome) -> None:
    job = await claim_one(queue)
    async with queue.platform.tx() as tx:
        await control.cancel(tx, job.id)
    await end(queue, Ending(job=job, outcome=outcome, at=NOW if outcome is Outcome.RETRY else None))
    assert await queue.state(job.id) == "cancelled"


async def test_a_job_asked_to_end_is_not_rescued_from_a_dead_process(queue: Queue) -> None:
    await queue.many(A, 1)
    (job,) = flat(await queue.claimer(uuid4()).claim(terms(), 1))
    async with queue.platform.tx() as tx:
        await control.cancel(tx, job.id)
    assert await queue.rescue() == {"cancelled": {"rules": 1}}
    assert await queue.state(job.id) == "cancelled"


async def test_a_producer_is_told_when_enough_waits(queue: Queue) -> None:
    async with queue.platform.tx() as tx:
        assert not await pressure(tx, JobKind.RULES)
        await care.set_marks(tx, {"rules": 3})
    await queue.many(A, 2)
    async with queue.platform.tx() as tx:
        assert not await pressure(tx, JobKind.RULES)
    await queue.many(A, 1)
    async with queue.platform.tx() as tx:
        assert await pressure(tx, JobKind.RULES)
        assert not await pressure(tx, JobKind.DRAFT)


async def test_what_is_stuck_is_seen_with_the_reason(queue: Queue) -> None:
    await queue.many(A, 3)
    assert flat(await queue.claimer(uuid4()).claim(terms(), 1))
    await queue.owner.execute("""
        update jobs set run_at = run_at - interval '11 minutes'
        where id = (select max(id) from jobs where state = 'ready')
    """)
    async with queue.platform.read() as tx:
        rows = await tx.fetch("select why from inspect.jobs_stuck order by why")
        totals = await control.totals(tx)
    assert [row["why"] for row in rows] == ["its process is silent", "ready, and nobody claims it"]
    assert [(total.kind, total.ready, total.running) for total in totals] == [("rules", 2, 1)]


# ---- tenants


async def test_the_app_role_can_neither_claim_nor_mend_nor_forge(queue: Queue, db: AppDb) -> None:
    for statement in (
        (
            "select * from claim_limited('rules', '{}', '{}', '{}', '{}', '{}', 1, 1, '0', gen_random_uuid(), 1, '1s',"
            " null, null, null, null, null, null)"
        ),
        "select * from put_back_once('{1}', '{1}', '{null}', false, '{x}')",
        "select * from put_back('{1}', '{1}', '{null}', false, '{x}')",
        "select * from rescue('1s', '{}', '{}', 1, true)",
        "select * from move_due(1)",
        "select inspect.retry_job(1)",
        "select inspect.cancel_job(1)",
        "select inspect.pause('rules')",
        "select drop_old_history('1 day')",
        "update jobs set priority = 1",
        "insert into pauses (kind) values ('rules')",
        "insert into workers (id, host, pid, version) values (gen_random_uuid(), 'h', 1, '0')",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with db.tx(A) as tx:
                await tx.execute(statement)
    running = """insert into jobs (tenant_id, kind, state, worker, lease, deadline)
                 values ($1, 'rules', 'running', gen_random_uuid(), 1, cid_now())"""
    for sql, tenant in ((running, A), ("insert into jobs (tenant_id, kind) values ($1, 'rules')", B)):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with db.tx(A) as tx:
                await tx.execute(sql, tenant)


async def test_a_tenant_neither_sees_nor_ends_another_tenants_job(queue: Queue, db: AppDb) -> None:
    job = await claim_one(queue)
    for ending in ENDINGS:
        with pytest.raises(LostLease):
            async with db.tx(B) as tx:
                await ending(tx, job)
    async with db.read(B) as tx:
        assert await tx.fetch("select * from inspect.jobs_now") == []
        assert await control.show(tx, job.id) is None
    async with db.read(A) as tx:
        assert [row["id"] for row in await tx.fetch("select id from inspect.jobs_now")] == [job.id]
    assert await queue.state(job.id) == "running"
