"""What people do to the queue. Every change leaves a line in the platform's audit log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cid.domain.errors import NotFound
from cid.domain.ids import PLATFORM, JobId, TenantId, UserId, uuid7
from cid.ports import Tx
from cid.queue import control, wakeups
from cid.services import Services
from cid.store import operations


@dataclass(frozen=True, slots=True)
class Retried:
    """How many dead jobs came back, and how many stayed because a waiting job does their work."""

    back: int
    stayed: int


async def retry(sv: Services, actor: UserId | None, job: JobId) -> bool:
    """A dead job gets all its tries again; False where it stays, because a waiting job does its work. Raises
    NotFound."""
    async with sv.platform.tx() as tx:
        found = await control.show(tx, job)
        back = await control.retry(tx, job)
        if not back and (found is None or found.state != "dead"):
            raise NotFound(f"There is no dead job {job}.")
        if back:
            await _note(sv, tx, actor, "job.retry", str(job))
            tx.after_commit(lambda: wakeups.ready({wakeups.EVERY_KIND}))
        return back


async def dead(sv: Services, which: control.Dead) -> int:
    """How many there are."""
    async with sv.platform.read() as tx:
        return await control.count_dead(tx, which)


async def retry_dead(sv: Services, actor: UserId | None, which: control.Dead) -> Retried:
    """All of them or, where that fails, none."""
    async with sv.platform.tx() as tx:
        done = Retried(*await control.retry_dead(tx, which))
        if done.back:
            await _note(sv, tx, actor, "job.retry_all", ",".join(which.kinds) or "*")
            tx.after_commit(lambda: wakeups.ready({wakeups.EVERY_KIND}))
        return done


async def cancel(sv: Services, actor: UserId | None, job: JobId) -> str:
    """Answers "cancelled", or "asked" where it runs: its process hears of it at its next beat. Raises NotFound."""
    async with sv.platform.tx() as tx:
        said = await control.cancel(tx, job)
        if said is None:
            raise NotFound(f"There is no job {job} that waits or runs.")
        await _note(sv, tx, actor, "job.cancel", str(job))
        return said


async def waiting(sv: Services, kinds: Sequence[str], tenant: TenantId | None, key: str | None) -> int:
    """How many there are."""
    async with sv.platform.read() as tx:
        return await control.count_waiting(tx, kinds, tenant, key)


async def cancel_waiting(
    sv: Services, actor: UserId | None, kinds: Sequence[str], tenant: TenantId | None, key: str | None
) -> int:
    """All that wait; running ones go on. Answers how many."""
    async with sv.platform.tx() as tx:
        count = await control.cancel_waiting(tx, kinds, tenant, key)
        if count:
            await _note(sv, tx, actor, "job.cancel_all", ",".join(kinds))
        return count


async def pause(sv: Services, actor: UserId | None, kind: str, tenant: TenantId | None) -> bool:
    """Nothing of `kind` is handed out until it is resumed; jobs in hand go on. False where it was paused already."""
    async with sv.platform.tx() as tx:
        changed = await control.pause(tx, kind, tenant or PLATFORM)
        if changed:
            await _note(sv, tx, actor, "jobs.pause", kind)
        return changed


async def resume(sv: Services, actor: UserId | None, kind: str, tenant: TenantId | None) -> bool:
    """False where it was not paused."""
    async with sv.platform.tx() as tx:
        changed = await control.resume(tx, kind, tenant or PLATFORM)
        if changed:
            await _note(sv, tx, actor, "jobs.resume", kind)
            tx.after_commit(lambda: wakeups.ready({wakeups.EVERY_KIND}))
        return changed


async def _note(sv: Services, tx: Tx, actor: UserId | None, action: str, target: str) -> None:
    await operations.note(tx, uuid7(sv.clock.now()), actor, action, target)
