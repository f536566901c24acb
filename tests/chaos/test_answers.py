"""Answers that never arrive, one at a time and on purpose: what was done counts as done, and nothing stays behind."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from cid.domain.errors import Upstream
from cid.domain.ids import TenantId
from cid.domain.jobs import Job, JobKind
from cid.outside.clock import SystemClock
from cid.pg.embedded import WORKER
from cid.queue.link import Link
from cid.services import Services
from cid.workers.main import Crew, Process
from cid.workers.table import Handler
from tests.make import services
from tests.queues import Queue
from tests.workers.test_process import QUICK

if TYPE_CHECKING:
    from cid.pg.pool import AppDb, WorkerDb
    from tests.conftest import Database

A = TenantId(UUID(int=1 << 64))
SOON_S = 15
"""Much sooner than a job's deadline, and than the silence after which others would come."""


async def test_jobs_of_a_claim_whose_answer_was_lost_run_soon(
    database: Database, db: AppDb, platform: WorkerDb, owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are ours, by a lease that we drew, and we live and beat: nobody else will ever give them back."""
    queue = Queue(database, platform, owner)
    ran, lost = asyncio.Event(), 0
    fetch = Link.fetch

    async def forgetful(self: Link, sql: str, *args: object) -> Any:
        nonlocal lost
        rows = await fetch(self, sql, *args)
        if "'running'" in sql and "returning" in sql and rows and not lost:
            lost = len(rows)
            self.drop()
            raise Upstream("database: ConnectionResetError()")
        return rows

    async def flow(_sv: Services, _jobs: Sequence[Job]) -> None:
        ran.set()

    monkeypatch.setattr(Link, "fetch", forgetful)
    await queue.many(A, 1)
    handler = Handler(flow=flow, tries=3, deadline=timedelta(minutes=5), slots=4)
    sv = replace(services(db, platform), clock=SystemClock())
    process = Process(Crew(services=sv, dsn=database.dsn(WORKER), tuning=QUICK, table={JobKind.RULES: handler}))
    stop, hurry = asyncio.Event(), asyncio.Event()
    serving = asyncio.ensure_future(process.serve(stop, hurry))
    try:
        async with asyncio.timeout(SOON_S):
            await ran.wait()
    finally:
        stop.set()
        hurry.set()
        await serving
    assert lost == 1
