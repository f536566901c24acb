"""Periodic jobs without a leader: every process looks, the unique (name, slot) lets one enqueue."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from cid.domain.ids import PLATFORM
from cid.domain.jobs import JobKind, NewJob
from cid.domain.tuning import Missed, Periodic
from cid.pg.sql import query
from cid.queue import jobs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cid.ports import Tx

DUE = query("periodic.due")
FORGET = query("periodic.forget")
TOLERANCE = timedelta(seconds=30)
"""A slot of a job that skips what was missed may be taken so much late."""
MOST = 100
"""Slots that are made up for at once, the newest ones, and"""
OLDEST = timedelta(days=1)
"""none from before."""


async def enqueue_due(tx: Tx, schedule: Sequence[Periodic]) -> list[str]:
    """Take the slots that are due and enqueue their jobs, in one platform transaction; answers the names, one for
    each slot. A job's payload says its slot."""
    missed = {entry.name: entry.missed for entry in schedule}
    rows = await tx.fetch(
        DUE,
        [entry.name for entry in schedule],
        [entry.every for entry in schedule],
        [entry.missed for entry in schedule],
        TOLERANCE,
        MOST,
        OLDEST,
    )
    await jobs.enqueue(tx, *(_job(row["name"], row["slot"], missed[row["name"]]) for row in rows))
    return [row["name"] for row in rows]


def _job(name: str, slot: datetime, missed: Missed) -> NewJob:
    # One that still waits from an earlier slot does the work of this one too, unless each slot is work of its own.
    dedupe = None if missed is Missed.EACH else "periodic"
    return NewJob(kind=JobKind(name), tenant=PLATFORM, payload={"slot": slot.isoformat()}, dedupe=dedupe)


async def forget(tx: Tx, keep: timedelta) -> None:
    await tx.execute(FORGET, keep)
