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

    from cid.ports import Tx

DUE = query("periodic.due")
FORGET = query("periodic.forget")
TOLERANCE = timedelta(seconds=30)
"""A slot of a job that skips what was missed may be taken so much late."""


async def enqueue_due(tx: Tx, schedule: Sequence[Periodic]) -> list[str]:
    """Take the slots that are due and enqueue their jobs, in one platform transaction; answers the names."""
    rows = await tx.fetch(
        DUE,
        [entry.name for entry in schedule],
        [entry.every for entry in schedule],
        [entry.missed is Missed.SKIP for entry in schedule],
        TOLERANCE,
    )
    names = [row["name"] for row in rows]
    # One that still waits from an earlier slot does the work of this one too.
    await jobs.enqueue(tx, *(NewJob(kind=JobKind(name), tenant=PLATFORM, dedupe="periodic") for name in names))
    return names


async def forget(tx: Tx, keep: timedelta) -> None:
    await tx.execute(FORGET, keep)
