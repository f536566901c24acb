"""Handing out jobs: one kind per statement, tenants in turn."""

from __future__ import annotations

import secrets
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from cid.domain.ids import JobId, TenantId
from cid.domain.jobs import Job, JobKind
from cid.pg.sql import query

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from cid.ports import Row
    from cid.queue.link import Link

SINGLES = query("claims.singles")
GROUP = query("claims.group")
WAITING = query("claims.waiting")
FIRST = UUID(int=0)
LAST = UUID(int=(1 << 128) - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On which terms a kind is handed out; `workers/table.py` says them."""

    kind: JobKind
    deadline: timedelta
    group: int
    linger: timedelta
    handouts: int


class Claimer:
    """One per process. Remembers for every kind whose turn is next."""

    def __init__(self, link: Link, worker: UUID) -> None:
        self._link = link
        self._worker = worker
        self._next: dict[JobKind, UUID] = defaultdict(lambda: FIRST)

    async def claim(self, terms: Terms, free: int) -> list[list[Job]]:
        """Up to `free` hand-outs; none means that nothing waits that may run. Raises Upstream."""
        start = self._next[terms.kind]
        handouts = await self._look(terms, free)
        if not handouts and start != FIRST and terms.group == 1:
            self._next[terms.kind] = FIRST  # nobody from this tenant on: begin with the first again
            handouts = await self._look(terms, free)
        return handouts

    async def _look(self, terms: Terms, free: int) -> list[list[Job]]:
        lease = secrets.randbits(63)
        start = self._next[terms.kind]
        if terms.group == 1:
            sql, args = SINGLES, (terms.kind, start, free, self._worker, lease, terms.deadline)
            rows = await self._link.fetch(sql, *args)
            handouts = [[_job(row, terms.kind, lease)] for row in rows]
        else:
            rows = await self._link.fetch(
                GROUP,
                terms.kind,
                start,
                terms.group,
                terms.linger,
                self._worker,
                lease,
                terms.deadline,
                terms.handouts,
            )
            jobs = sorted((_job(row, terms.kind, lease) for row in rows), key=lambda job: job.id)
            handouts = [jobs] if jobs else []
        if handouts:
            self._next[terms.kind] = _after(max(job.tenant for jobs in handouts for job in jobs))
        return handouts

    async def waiting(self, kinds: Sequence[JobKind]) -> bool:
        """Whether jobs of these kinds could be claimed now or after their linger."""
        return bool((await self._link.fetch(WAITING, list(kinds)))[0][0])


def _after(tenant: TenantId) -> UUID:
    return UUID(int=tenant.int + 1) if tenant != LAST else FIRST


def _job(row: Row, kind: JobKind, lease: int) -> Job:
    payload: Mapping[str, str] = row["payload"]
    return Job(
        id=JobId(row["id"]),
        tenant=TenantId(row["tenant_id"]),
        kind=kind,
        payload=payload,
        attempt=row["attempt"],
        lease=lease,
        deadline=row["deadline"],
        last_error=row["error"],
    )
