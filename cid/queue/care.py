"""Statements that keep the queue moving; any number of processes may run them at once."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from cid.pg.sql import query

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import timedelta
    from uuid import UUID

    from cid.domain.jobs import JobKind
    from cid.ports import Tx

MOVE_DUE = query("workers.move_due")
RESCUE = query("workers.rescue")
ON_THIS_MACHINE = query("workers.on_this_machine")
BURIED = query("workers.buried")
SET_MARKS = query("workers.set_marks")
BATCH = 1000


async def move_due(tx: Tx) -> dict[str, int]:
    """Scheduled jobs that are due become ready, at most BATCH; answers how many of each kind."""
    return {row["kind"]: row["moved"] for row in await tx.fetch(MOVE_DUE, BATCH)}


async def rescue(
    tx: Tx, silent: timedelta, tries: Mapping[JobKind, int], *, deep: bool = True
) -> dict[str, dict[str, int]]:
    """Jobs of silent processes become ready, or dead without tries left; answers outcome → kind → how many.

    `deep`: also those of processes that nobody knows (any more), and those whose deadline passed long ago.
    """
    rows = await tx.fetch(RESCUE, silent, list(tries), list(tries.values()), BATCH, deep)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        counts[row["outcome"]][row["kind"]] += 1
    return {outcome: dict(kinds) for outcome, kinds in counts.items()}


async def bury(tx: Tx, machine: str, runs: Callable[[int], bool], *, but: UUID) -> int:
    """Take away the rows of processes of this machine that do not run: nobody need wait for their silence.

    A row with our own pid that is not ours is a process of before, too.
    """
    rows = await tx.fetch(ON_THIS_MACHINE, machine)
    gone = [row["id"] for row in rows if row["id"] != but and (row["pid"] == os.getpid() or not runs(row["pid"]))]
    if gone:
        await tx.execute(BURIED, gone)
    return len(gone)


async def set_marks(tx: Tx, marks: Mapping[str, int]) -> None:
    await tx.execute(SET_MARKS, list(marks), list(marks.values()))
