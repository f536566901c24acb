"""The second step of a run: one question to a model, and its answer as it is kept.

A reply is bought once. What is paid for and of the agreed shape is found again by whoever goes on; what is not of that
shape is kept as it came, and nobody asks a third time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from cid.briefing.ask import ask
from cid.briefing.read import SCHEMA_VERSION, Known, Read, read, salvage
from cid.domain.briefing import StoredBriefing
from cid.domain.errors import BadReply, CidError, Deferred, Misconfigured, Upstream, Withdrawn
from cid.domain.jobs import Job
from cid.domain.llm import Ask, Stop
from cid.domain.policy import MODEL_TRIES
from cid.domain.run import Failure, Profile, Replied, Run, RunItem, RunState
from cid.flows.analyse import ends
from cid.queue import jobs as queue
from cid.services import Services
from cid.store import runs, tenants
from cid.store.runs import Reply

ENOUGH = 2
"""Replies that nobody could use: the answer and its repair. A process that died between the two asks for the second
only, and one that comes after both asks for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """All that goes into the question."""

    run: Run
    items: tuple[RunItem, ...]
    profile: Profile | None
    language: str
    """Of the briefing: the tenant's."""


async def asking(sv: Services, job: Job, run: Run) -> bool:
    stored, replies = await _stored(sv, job, run)
    if kept(replies) is None and not enough(replies):
        try:
            await _ask(sv, stored)
        except Withdrawn:
            return True  # it is over, and whoever looks next sees that
        except (Deferred, Misconfigured, BadReply, Upstream) as error:
            return await _unanswered(sv, job, stored, error)
        stored, replies = await _stored(sv, job, run)
    # Whatever the question is made of changed meanwhile: it was answered, and paid for.
    answered = kept(replies)
    if answered:
        return await _read(sv, stored, answered)
    return await _salvaged(sv, job, stored, "nothing that was answered could be used")


def kept(replies: Sequence[Reply]) -> Reply | None:
    return next((one for one in replies if one.answer is not None), None)


async def _stored(sv: Services, job: Job, run: Run) -> tuple[Stored, list[Reply]]:
    """Raises LostLease."""
    async with sv.db.read(job.tenant) as tx:
        await queue.held(tx, job)
        items = await runs.items(tx, job.tenant, run.id)
        profile = await runs.profile(tx, job.tenant, run.id)
        tenant = await tenants.profile(tx, job.tenant)
        replies = await runs.replies(tx, run)
    return Stored(run=run, items=tuple(items), profile=profile, language=tenant.language), replies


def enough(replies: Sequence[Reply]) -> bool:
    """Whether asking once more would only buy another of what came already. A whole reply that nobody read yet may be
    an answer."""
    return sum(one.read or one.stop != Stop.END for one in replies if one.answer is None) >= ENOUGH


async def _ask(sv: Services, stored: Stored) -> None:
    """Raises what the model layer raises. An answer is stored before this returns."""
    question = await asyncio.to_thread(_question, sv, stored)
    if not await sv.llm.ask(question):
        raise BadReply("briefing: the model left it out")


def _question(sv: Services, stored: Stored) -> Ask:
    run, known = stored.run, sv.narratives.narratives
    return ask(run, stored.items, stored.profile, known, tenant=run.tenant_id, language=stored.language)


async def _unanswered(sv: Services, job: Job, stored: Stored, error: CidError) -> bool:
    """Waits, or makes do with what there is, or raises `error` while the queue may try again: for hours."""
    run = stored.run
    if isinstance(error, Deferred):
        return await ends.wait(sv, job, run, error)
    if isinstance(error, Misconfigured):
        return await ends.fail(sv, job, run, Failure.NO_KEY, detail=str(error))
    async with sv.db.read(job.tenant) as tx:
        came = enough(await runs.replies(tx, run))
    if isinstance(error, Upstream) and not came and job.attempt < MODEL_TRIES:
        tries = f"{job.attempt} of {MODEL_TRIES}"
        await ends.told(sv, run, f"no model answered, and is asked again ({tries}): {error}")
        raise error
    return await _salvaged(sv, job, stored, str(error))


async def _read(sv: Services, stored: Stored, reply: Reply) -> bool:
    known = _known(sv, stored, reply)
    found = await asyncio.to_thread(read, reply.answer, stored.run, stored.items, known)
    return await _keep(sv, stored.run, reply, found)


async def _salvaged(sv: Services, job: Job, stored: Stored, why: str) -> bool:
    """The newest reply that a briefing can be made of, or the newest that says anything, as it came."""
    run = stored.run
    async with sv.db.read(job.tenant) as tx:
        replies = [one for one in await runs.replies(tx, run) if one.reply.strip()]
    if not replies:
        return await ends.fail(sv, job, run, Failure.MODEL, detail=f"No model answered: {why}")
    found = [await asyncio.to_thread(salvage, one.reply, run, stored.items, _known(sv, stored, one)) for one in replies]
    best = next((n for n, one in enumerate(found) if one.briefing), 0)
    kept = Read(briefing=found[best].briefing, problems=(f"The reply was refused: {why}", *found[best].problems))
    return await _keep(sv, run, replies[best], kept)


def _known(sv: Services, stored: Stored, reply: Reply) -> Known:
    return Known(
        profile=stored.profile,
        replied=Replied(
            provider=reply.provider,
            prompt_version=reply.prompt_version,
            prompt_hash=reply.prompt_hash,
            input_hash=reply.input_hash,
            call_id=reply.id,
        ),
        at=sv.clock.now(),
        narratives=frozenset(sv.narratives.names()),
    )


async def _keep(sv: Services, run: Run, reply: Reply, found: Read) -> bool:
    """The briefing, in the transaction that moves the run on."""
    briefing = StoredBriefing(
        briefing=found.briefing,
        raw=reply.reply,
        problems=found.problems,
        schema_version=SCHEMA_VERSION,
        provider=reply.provider,
        prompt_version=reply.prompt_version,
        prompt_hash=reply.prompt_hash,
        input_hash=reply.input_hash,
        call_id=reply.id,
        made_at=sv.clock.now(),
    )
    async with sv.db.tx(run.tenant_id) as tx:
        if await runs.move(tx, run, RunState.SCORING, said=_came(briefing)):
            await runs.add_briefing(tx, run.id, briefing)
    return True


def _came(briefing: StoredBriefing) -> str:
    if briefing.briefing is None:
        return f"a reply by {briefing.provider}, kept as it came"
    count = len(briefing.briefing.key_findings)
    return f"{count} {'finding' if count == 1 else 'findings'} by {briefing.provider}"
