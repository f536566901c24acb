"""The last step of a run: what the briefing scores, and which known narratives are in it. Neither may lose it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from cid.briefing.score import scorecard
from cid.domain.briefing import StoredBriefing
from cid.domain.dossier import lacks
from cid.domain.errors import CidError
from cid.domain.jobs import Job
from cid.domain.run import Run, RunItem, RunState, Shortfall
from cid.flows.analyse import ends
from cid.queue import jobs as queue
from cid.services import Services
from cid.store import runs

log = structlog.get_logger("analyse")


async def scoring(sv: Services, job: Job, run: Run) -> bool:
    async with sv.db.read(job.tenant) as tx:
        briefing = await runs.briefing(tx, job.tenant, run.id)
        items = await runs.items(tx, job.tenant, run.id)
        fetches, replies = await runs.fetches(tx, job.tenant, run.id), await runs.replies(tx, run)
    agreed = briefing is not None and any(one.answer is not None and one.id == briefing.call_id for one in replies)
    shortfalls = lacks(briefing, fetches, agreed=agreed)
    if not await _guarded(sv, run, Shortfall.SCORER, lambda: _score(sv, run, briefing, items)):
        shortfalls.add(Shortfall.SCORER)
    new = RunState.PARTIAL if shortfalls else RunState.COMPLETED
    async with sv.db.tx(job.tenant) as tx:
        await runs.move(tx, run, new, shortfalls=shortfalls)
        await queue.done(tx, job)
    return False


async def _guarded(sv: Services, run: Run, part: Shortfall, work: Callable[[], Awaitable[None]]) -> bool:
    """False: it failed, and a step of the run says how. What is no defect (the database is away, the job is somebody
    else's) is raised: the queue tries it again."""
    try:
        await work()
    except CidError:
        raise
    except Exception as error:
        log.exception("analyse.part_failed", run=str(run.id), part=str(part))
        await ends.told(sv, run, f"the {part} failed: {type(error).__name__}: {error}")
        return False
    return True


async def _score(sv: Services, run: Run, briefing: StoredBriefing | None, items: Sequence[RunItem]) -> None:
    card = await asyncio.to_thread(scorecard, briefing.briefing if briefing else None, items)
    async with sv.db.tx(run.tenant_id) as tx:
        if await runs.lock(tx, run.id) is RunState.SCORING:
            await runs.add_scorecard(tx, run.id, card)
