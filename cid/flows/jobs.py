"""What people do to the queue. Every change leaves a line in the platform's audit log."""

from __future__ import annotations

from collections.abc import Sequence

from cid.domain.errors import NotFound
from cid.domain.ids import PLATFORM, JobId, TenantId, UserId, uuid7
from cid.ports import Tx
from cid.queue import control, wakeups
from cid.services import Services
from cid.store import operations


async def retry(sv: Services, actor: UserId | None, job: JobId) -> None:
    """A dead job gets all its tries again. Raises NotFound."""
    async with sv.platform.tx() as tx:
        if not await control.retry(tx, job):
            raise NotFound(f"There is no dead job {job}.")
        await _note(sv, tx, actor, "job.retry", str(job))
        tx.after_commit(lambda: wakeups.ready({wakeups.EVERY_KIND}))


async def retry_all(
    sv: Services, actor: UserId | None, *, kinds: Sequence[str], tenant: TenantId | None, error: str
) -> int:
    """Dead jobs by filter, each in a transaction of its own; answers how many came back."""
    async with sv.platform.read() as tx:
        ids = await control.dead_ids(tx, kinds=kinds, tenant=tenant, error=error)
    retried = 0
    for job in ids:
        async with sv.platform.tx() as tx:
            retried += await control.retry(tx, job)
    async with sv.platform.tx() as tx:
        await _note(sv, tx, actor, "job.retry_all", ",".join(kinds) or "*")
        tx.after_commit(lambda: wakeups.ready({wakeups.EVERY_KIND}))
    return retried


async def cancel(sv: Services, actor: UserId | None, job: JobId) -> str:
    """Answers "cancelled", or "asked" where it runs: its process hears of it at its next beat. Raises NotFound."""
    async with sv.platform.tx() as tx:
        said = await control.cancel(tx, job)
        if said is None:
            raise NotFound(f"There is no job {job} that waits or runs.")
        await _note(sv, tx, actor, "job.cancel", str(job))
        return said


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
