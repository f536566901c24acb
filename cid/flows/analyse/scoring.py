"""The last step of a run: what the briefing scores, and which known narratives are in it. Neither may lose it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import structlog

from cid.briefing.match import matches
from cid.briefing.score import scorecard
from cid.domain.briefing import StoredBriefing
from cid.domain.dossier import lacks
from cid.domain.errors import CidError
from cid.domain.ids import MatchId, uuid7
from cid.domain.jobs import Job, JobKind, NewJob
from cid.domain.narratives import Match
from cid.domain.run import Run, RunItem, RunState, Shortfall
from cid.flows.analyse import ends
from cid.queue import jobs as queue
from cid.services import Services
from cid.store import runs

T = TypeVar("T")
log = structlog.get_logger("analyse")


async def scoring(sv: Services, job: Job, run: Run) -> bool:
    async with sv.db.read(job.tenant) as tx:
        briefing = await runs.briefing(tx, job.tenant, run.id)
        items = await runs.items(tx, job.tenant, run.id)
        fetches, replies = await runs.fetches(tx, job.tenant, run.id), await runs.replies(tx, run)
    agreed = briefing is not None and any(one.answer is not None and one.id == briefing.call_id for one in replies)
    shortfalls = lacks(briefing, fetches, agreed=agreed)
    looked = Looked(sv=sv, run=run, shortfalls=shortfalls)
    await looked.guarded(Shortfall.SCORER, lambda: _score(sv, run, briefing, items))
    report = briefing.report if briefing else ""
    # Each by itself: what the catalogue found is kept where what was learned breaks.
    found = await looked.guarded(Shortfall.MATCHER, lambda: asyncio.to_thread(matches, sv.narratives, items, report))
    learned = await looked.guarded(Shortfall.MATCHER, lambda: asyncio.to_thread(_learned, sv, run, items))
    await looked.guarded(Shortfall.MATCHER, lambda: _keep(sv, run, [*(found or ()), *(learned or ())]))
    new = RunState.PARTIAL if shortfalls else RunState.COMPLETED
    async with sv.db.tx(job.tenant) as tx:
        if await runs.move(tx, run, new, shortfalls=shortfalls) and run.monitor_id:
            told = {"run": str(run.id)}
            await queue.enqueue(tx, NewJob(kind=JobKind.CHANGE, tenant=tx.tenant, payload=told, dedupe=str(run.id)))
        await queue.done(tx, job)
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What looks at a briefing that is there, and what of it failed."""

    sv: Services
    run: Run
    shortfalls: set[Shortfall]

    async def guarded(self, part: Shortfall, work: Callable[[], Awaitable[T]]) -> T | None:
        """None where it failed: a shortfall, and a step of the run says how. What is no defect (the database is away,
        the job is somebody else's) is raised: the queue tries it again."""
        try:
            return await work()
        except CidError:
            raise
        except Exception as error:  # whatever a scorer does, the briefing is not lost
            log.exception("analyse.part_failed", run=str(self.run.id), part=str(part))
            self.shortfalls.add(part)
            await ends.told(self.sv, self.run, f"the {part} failed: {type(error).__name__}: {error}")
        return None


async def _score(sv: Services, run: Run, briefing: StoredBriefing | None, items: Sequence[RunItem]) -> None:
    made, provider = (briefing.briefing, briefing.provider) if briefing else (None, "")
    card = await asyncio.to_thread(scorecard, made, items, asked=run.items, provider=provider)
    async with sv.db.tx(run.tenant_id) as tx:
        if await runs.lock(tx, run.id) is RunState.SCORING:
            await runs.add_scorecard(tx, run.id, card)


def _learned(sv: Services, run: Run, items: Sequence[RunItem]) -> Sequence[Match]:
    """Nothing by a model that learned from another tenant's decisions: its words are that tenant's."""
    return (
        sv.classifier.found(items, sv.narratives.stances)
        if sv.classifier and sv.classifier.serves(run.tenant_id)
        else ()
    )


async def _keep(sv: Services, run: Run, found: Sequence[Match]) -> None:
    names, now = dict(sv.narratives.names()), sv.clock.now()
    # What was learned of a narrative that the catalogue does not have any more goes by its id.
    names |= {one.narrative: (one.narrative, "") for one in found if one.narrative not in names}
    async with sv.db.tx(run.tenant_id) as tx:
        if await runs.lock(tx, run.id) is RunState.SCORING:
            await runs.add_matches(tx, run.id, [(MatchId(uuid7(now)), one) for one in found], names)
