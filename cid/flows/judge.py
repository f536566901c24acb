"""Pairs that grouping left open: a model says whether they are one story. Only a yes merges; whatever fails leaves both
as they are. Charged to the platform's own account."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TypeAlias
from uuid import UUID

from cid.domain.contest import ContestState, Ending, Pair
from cid.domain.errors import BadReply, CidError, Deferred, Misconfigured, Upstream
from cid.domain.ids import HOUSE
from cid.domain.jobs import Job, JobKind, NewJob
from cid.gates import same_story
from cid.gates.outage import Then, then
from cid.ports import Tx
from cid.queue import jobs as queue
from cid.services import Services
from cid.store import contests, screenings, stories

Said: TypeAlias = Ending | CidError
"""What became of one pair: an end, or the named failure."""


async def judge(sv: Services, jobs: Sequence[Job]) -> None:
    job_of = {UUID(job.payload["contest"]): job for job in jobs}
    async with sv.platform.read() as tx:
        pairs = await contests.pairs(tx, job_of)
    said = await _said(sv, pairs, job_of)
    endings: list[Ending] = []
    again: list[CidError] = []
    async with sv.platform.tx() as tx:
        await stories.alone(tx)
        for pair in pairs:
            job = job_of.pop(pair.id)
            match await _ended(sv, tx, job, pair, said[pair.id]):
                case Ending() as ending:
                    endings.append(ending)
                case CidError() as error:
                    again.append(error)
        await _close(sv, tx, pairs, endings)
        await queue.done(tx, *job_of.values())
    if again:
        # What was answered is committed; the queue tries those jobs again that did not end.
        raise again[0]


async def _said(sv: Services, pairs: Sequence[Pair], job_of: Mapping[UUID, Job]) -> dict[UUID, Said]:
    """First tries share one call, those tried before are asked alone: one must not take its neighbours down twice."""
    # Looking for orders takes tens of milliseconds a text: too long for the loop that everything else runs on.
    unfit = await asyncio.to_thread(_unfit, pairs)
    said: dict[UUID, Said] = {}
    for pair in pairs:
        if pair.own == pair.other:
            said[pair.id] = Ending(contest=pair.id, state=ContestState.SAME)
        elif unfit[pair.id]:
            said[pair.id] = Ending(contest=pair.id, state=ContestState.UNJUDGED, why=unfit[pair.id])
    asked = [pair for pair in pairs if pair.id not in said]
    first = [pair for pair in asked if job_of[pair.id].attempt == 1]
    alone = [[pair] for pair in asked if job_of[pair.id].attempt > 1]
    for group in filter(None, [first, *alone]):
        said |= await _answers(sv, group)
    return said


def _unfit(pairs: Sequence[Pair]) -> dict[UUID, str]:
    return {pair.id: same_story.unfit(pair) for pair in pairs}


async def _answers(sv: Services, pairs: Sequence[Pair]) -> dict[UUID, Said]:
    try:
        answers = await sv.llm.ask(same_story.ask(HOUSE, pairs))
    except (Upstream, Deferred, BadReply, Misconfigured) as error:
        return {pair.id: error for pair in pairs}
    said: dict[UUID, Said] = {pair.id: BadReply("judge: the model left it out") for pair in pairs}
    for key, answer in answers.items():
        try:
            state = ContestState.SAME if same_story.read(answer.value) else ContestState.DIFFERENT
        except BadReply as error:
            said[UUID(key)] = error
        else:
            said[UUID(key)] = Ending(contest=UUID(key), state=state, call=answer.call_id)
    return said


async def _ended(sv: Services, tx: Tx, job: Job, pair: Pair, said: Said) -> Said | None:
    """The contest's end, with its job's; the error, where the job is to be tried again; None: it waits for money."""
    if isinstance(said, Ending):
        await queue.done(tx, job)
        return said
    if isinstance(said, Deferred):
        await queue.snooze(tx, job, said.until, str(said))
        return None
    match then(said, job.attempt, sv.policy.stories.on_outage):
        case Then.RAISE:
            return said
        case Then.FAIL:
            await queue.dead(tx, job, str(said))
        case Then.PASS | Then.DROP:
            await queue.done(tx, job)
    return Ending(contest=pair.id, state=ContestState.UNJUDGED, why=str(said) or "the judge is out")


async def _close(sv: Services, tx: Tx, pairs: Sequence[Pair], endings: Sequence[Ending]) -> None:
    """The younger story goes into the older one. Waiting screenings of what merged are judged again where its spread
    says so, and drafts learn what the other story's reports say."""
    closed = await contests.close(tx, endings)
    same = {ending.contest for ending in endings if ending.state is ContestState.SAME} & closed
    merges = [(pair.other, pair.own) if pair.older_own else (pair.own, pair.other) for pair in pairs if pair.id in same]
    merged = await stories.merge(tx, merges)
    await stories.recount(tx, merged)
    waiting = await stories.spread_reached(tx, merged, sv.policy)
    later = sv.clock.now() + sv.policy.follow.pause
    await queue.enqueue(
        tx,
        *(
            NewJob(kind=JobKind.ASSESS, tenant=tenant, payload={"screening": str(one)}, dedupe=str(one))
            for tenant, one in waiting
        ),
        *(
            NewJob(kind=JobKind.FOLLOW, tenant=tenant, payload={"screening": str(one)}, dedupe=str(one), run_at=later)
            for tenant, one in await screenings.drafted(tx, merged)
        ),
    )
