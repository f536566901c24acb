"""The platform's figures for machines. In platform transactions; no figure is a tenant's."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from cid.pg.rows import each, into
from cid.pg.sql import query
from cid.ports import Tx

READY = query("metrics.ready")
RUNNING = query("metrics.running")
SCHEDULED = query("metrics.scheduled")
DEAD = query("metrics.dead")
SOURCES = query("metrics.sources")
ITEMS = query("metrics.items")
VERDICTS = query("metrics.verdicts")
CALLS = query("metrics.calls")
PUBLICATIONS = query("metrics.publications")
MAILS = query("metrics.mails")
PROCESSES = query("metrics.processes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    kind: str
    jobs: int
    oldest_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    desk: str
    gate: str
    outcome: str
    reason: str
    verdicts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    provider: str
    stage: str
    state: str
    calls: int
    dollars: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Processes:
    alive: int
    silent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """As they stood at one moment. `…_by` are counts by word."""

    ready: list[Ready]
    running_by: dict[str, int]
    scheduled_by: dict[str, int]
    dead_by: dict[str, int]
    sources_by: dict[str, int]
    items: int
    verdicts: list[Verdicts]
    calls: list[Calls]
    publications_by: dict[str, int]
    mails_by: dict[str, int]
    processes: Processes


SHAPES = {READY: Ready, VERDICTS: Verdicts, CALLS: Calls, PROCESSES: Processes}


async def figures(tx: Tx, kinds: Collection[str], since: UUID) -> Figures:
    """`since`: the id that something made an hour ago would have at least."""
    row = await tx.fetchrow(PROCESSES)
    assert row
    return Figures(
        ready=each(Ready, await tx.fetch(READY, list(kinds))),
        running_by=await _by(tx, RUNNING, "kind", "jobs"),
        scheduled_by=await _by(tx, SCHEDULED, "kind", "jobs"),
        dead_by=await _by(tx, DEAD, "kind", "jobs"),
        sources_by=await _by(tx, SOURCES, "outcome", "sources"),
        items=int(await tx.fetchval(ITEMS)),
        verdicts=each(Verdicts, await tx.fetch(VERDICTS, since)),
        calls=each(Calls, await tx.fetch(CALLS, since)),
        publications_by=await _by(tx, PUBLICATIONS, "state", "publications"),
        mails_by=await _by(tx, MAILS, "state", "mails"),
        processes=into(Processes, row),
    )


async def _by(tx: Tx, sql: Any, word: str, number: str) -> dict[str, int]:
    return {str(row[word]): int(row[number]) for row in await tx.fetch(sql)}
