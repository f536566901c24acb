"""A large change at a watched outlet: those who want it hear at once, each of them once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from cid.domain.digest import Reader
from cid.domain.ids import ChangeId
from cid.domain.jobs import Job
from cid.domain.mail import MailKind
from cid.domain.monitor import VEILED, StoredChange
from cid.domain.run import Run
from cid.domain.tenants import GRANTS, Permission
from cid.flows.digest.compose import URGENT_FOR, posted
from cid.ports import Tx
from cid.queue import jobs as queue
from cid.render import changes as rendering
from cid.services import Services
from cid.store import digests, mails, monitors, runs

HOUR = timedelta(hours=1)
AN_HOUR = 6
"""Mails about changes that one person gets of one tenant in an hour, at most: the rest stand in the digest."""


async def changed(sv: Services, jobs: Sequence[Job]) -> None:
    """Job kind `changed`, payload {"change"}."""
    for job in jobs:
        await _one(sv, job, ChangeId(UUID(job.payload["change"])))


async def _one(sv: Services, job: Job, change_id: ChangeId) -> None:
    async with sv.db.read(job.tenant) as tx:
        found = await monitors.change_by_id(tx, job.tenant, change_id)
    analysts = [role for role, granted in GRANTS.items() if Permission.ANALYSE in granted]
    async with sv.platform.read() as tx:
        wanting = await digests.wants_changes(tx, job.tenant, analysts) if found and sv.vault else []
        readers = [await digests.reader(tx, job.tenant, user) for user in wanting]
        readers = [one for one in readers if one and not one.paused and not await mails.marked(tx, one.email)]
    async with sv.db.tx(job.tenant) as tx:
        run = await runs.by_id(tx, job.tenant, found.run_id) if found else None
        for reader in filter(None, readers):
            got = await mails.since(tx, job.tenant, reader.user_id, MailKind.CHANGE, sv.clock.now() - HOUR)
            if found and run and got < AN_HOUR:
                await _told(sv, tx, reader, found, run)
        await queue.done(tx, job)


async def _told(sv: Services, tx: Tx, reader: Reader, found: StoredChange, run: Run) -> None:
    """As the run is marked now, which may have changed since it ended."""
    home = f"{sv.base_url}/t/{reader.slug}"
    letter = rendering.letter(
        reader.email,
        tenant=reader.tenant,
        outlet=run.outlet,
        tlp=run.tlp,
        change=found.change,
        url=f"{home}/monitors/{found.monitor_id}",
        settings=f"{home}/mail",
    )
    until = sv.clock.now() + URGENT_FOR
    tells = {} if run.tlp in VEILED else {run.id: run.tlp}
    await posted(sv, tx, reader, letter, kind=MailKind.CHANGE, key=str(found.id), until=until, tells=tells)
