"""Gate 3: is the story carried by enough publishers, and do people search for it? The young ones wait.

What competitors made of it is looked at here and written down, because being before them counts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from cid.domain.angles import Competition, Taken
from cid.domain.ids import ScreeningId, TenantId, VerdictId, uuid7
from cid.domain.interest import Busy, Interest, Known, Question
from cid.domain.jobs import Job, JobKind, NewJob
from cid.domain.policy import GatePolicy
from cid.domain.screening import Screening, ScreeningState, Stage, WaitFor
from cid.domain.tenants import Profile
from cid.domain.verdicts import Drop, Gate, Pass
from cid.gates import angles
from cid.gates import gate3_signal as gate3
from cid.ports import Trends, Tx
from cid.queue import jobs as queue
from cid.services import Services
from cid.store import competition, evidence, policies, screenings, tenants, verdicts
from cid.store import interest as interests
from cid.text.policies import configured

RECHECK = timedelta(seconds=20)
"""A publisher may join while the first wait is being written, and see nobody waiting: look once more soon after."""
LEASE = timedelta(seconds=60)
"""For so long nobody else asks the same question; who asks is done with it sooner, or dead."""
LOOK_AGAIN = timedelta(seconds=3)
"""While another process asks what we want to know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a story before anybody outside is asked."""

    screening: Screening
    seen: gate3.Seen
    keywords: Sequence[str]
    profile: Profile
    policy: GatePolicy


async def assess(sv: Services, jobs: Sequence[Job]) -> None:
    for job in jobs:
        async with sv.db.read(job.tenant) as tx:
            found = await screenings.by_ids(tx, job.tenant, [ScreeningId(UUID(job.payload["screening"]))])
            read = [await _facts(sv, tx, one) for one in found if one.wants(Stage.ASSESS)]
        facts = [await _compared(sv, fact, articles) for fact, articles in read]
        known = [await _searched_for(sv, job.tenant, fact) for fact in facts]
        async with sv.db.tx(job.tenant) as tx:
            if busy := [one.until for one in known if isinstance(one, Busy)]:
                until = min(*busy, sv.clock.now() + LOOK_AGAIN)
                await queue.snooze(tx, job, until, "another process asks how much is searched for its keywords")
                continue
            for fact, interest in zip(facts, known, strict=True):
                assert isinstance(interest, Interest), "the others wait"
                await _judge(sv, tx, replace(fact, seen=replace(fact.seen, interest=interest)))
            await queue.done(tx, job)


async def _facts(sv: Services, tx: Tx, screening: Screening) -> tuple[Facts, Sequence[Taken]]:
    """And what competitors wrote of it, without its angles still."""
    tenant, story = screening.tenant_id, screening.story_id
    policy = await policies.of(tx, tenant, sv.policy)
    seen = gate3.Seen(
        spread=await evidence.spread(tx, tenant, story, policy.signal.window),
        urgent=screening.urgent,
        competition=Competition(followed=await competition.followed(tx, tenant)),
    )
    facts = Facts(
        screening=screening,
        seen=seen,
        keywords=await verdicts.keywords(tx, tenant, screening.id),
        profile=await tenants.profile(tx, tenant),
        policy=policy,
    )
    return facts, await competition.articles(tx, tenant, story)


async def _compared(sv: Services, facts: Facts, articles: Sequence[Taken]) -> Facts:
    """In a thread: fifty headlines against all patterns take 8 ms."""
    followed = facts.seen.competition.followed
    found = await asyncio.to_thread(angles.compared, articles, facts.profile, sv.angles, followed=followed)
    return replace(facts, seen=replace(facts.seen, competition=found))


# ---------------------------------------------------------------------------------------- how much is searched for it


async def _searched_for(sv: Services, tenant: TenantId, facts: Facts) -> Interest | Busy:
    """Asked only where the answer can change what becomes of the story: it may cost money, and a story waits for it."""
    trends, signal = sv.outside.trends, facts.policy.signal
    if trends is None:
        return Interest(missing="nobody is asked: [trends] names no provider")
    if not gate3.worth_asking(facts.seen, signal):
        return Interest(missing="not asked: it would not change what becomes of the story")
    questions = gate3.questions(facts.profile, facts.keywords, signal, lists=trends.lists)
    if isinstance(questions, str):
        return Interest(missing=questions)
    answers = await asyncio.gather(*(_answer(sv, trends, tenant, question) for question in questions))
    known: Mapping[Question, Known] = {
        question: answer for question, answer in zip(questions, answers, strict=True) if isinstance(answer, Known)
    }
    if busy := [answer for answer in answers if isinstance(answer, Busy)]:
        return min(busy, key=lambda one: one.until)
    return gate3.interest(facts.keywords, known, signal)


async def _answer(sv: Services, trends: Trends, tenant: TenantId, question: Question) -> Known | Busy:
    """What all tenants know of it; asked anew where that is over, by one process at a time."""
    async with sv.platform.tx() as tx:
        found = await interests.look(tx, trends.name, question, LEASE)
    if isinstance(found, Known | Busy):
        return found
    heard = await trends.ask(tenant, question)
    keep, again = sv.trends.keep, sv.trends.again
    async with sv.platform.tx() as tx:
        if heard.own:
            await interests.leave(tx, trends.name, question)
            return Known(scores={}, missing=heard.missing)
        if heard.missing:
            nothing = {question.keyword: None}
            rest = keep if heard.settled else again
            await interests.tell(tx, trends.name, question.place, nothing, rest, missing=heard.missing)
            if heard.rest:
                await interests.tell(tx, trends.name, "", {"": None}, heard.rest, missing=heard.missing)
        else:
            await interests.tell(tx, trends.name, question.place, {question.keyword: None, **heard.scores}, keep)
            if not question.keyword:
                await interests.tell(tx, trends.name, question.place, {"": None}, again)
        return await interests.known(tx, trends.name, question)


# ------------------------------------------------------------------------------------------------- what becomes of it


async def _judge(sv: Services, tx: Tx, facts: Facts) -> None:
    screening, seen, signal = facts.screening, facts.seen, facts.policy.signal
    now = sv.clock.now()
    outcome = gate3.decide(seen, now=now, policy=signal)
    if isinstance(outcome, Pass) and not await evidence.reports(tx, tx.tenant, screening.story_id):
        outcome = gate3.uncitable(seen, now, signal)
    opened = await screenings.opened(tx, screening)
    if opened is None:
        return
    if isinstance(outcome, gate3.Wait):
        moved = await _wait(tx, facts, opened, outcome.until, now)
    elif isinstance(outcome, Drop):
        moved = await screenings.drop(tx, opened, Gate.SIGNAL, outcome.reason)
    else:
        moved = await screenings.advance(tx, opened, Stage.GATHER, score=outcome.score)
    if not moved:
        return
    if seen.competition.followed or seen.competition.taken or isinstance(outcome, Pass):
        await competition.note(tx, opened.id, seen.competition)
    if not isinstance(outcome, gate3.Wait):
        await _say(tx, opened, facts, outcome, now)


async def _say(tx: Tx, screening: Screening, facts: Facts, outcome: Pass | Drop, now: datetime) -> None:
    await evidence.count_spread(tx, tx.tenant, screening.id, facts.seen.spread.publishers)
    await verdicts.add(
        tx,
        VerdictId(uuid7(now)),
        Gate.SIGNAL,
        outcome,
        story=screening.story_id,
        screening=screening.id,
        config=await policies.note(tx, configured(Gate.SIGNAL, facts.policy, facts.profile)),
    )
    if isinstance(outcome, Pass):
        await queue.enqueue(tx, _job(JobKind.GATHER, screening))


async def _wait(tx: Tx, facts: Facts, opened: Screening, until: datetime, now: datetime) -> bool:
    publishers = facts.seen.spread.publishers
    if not await screenings.wait(tx, opened, WaitFor.SIGNAL, until, spread=publishers):
        return False
    if facts.screening.state is not ScreeningState.WAITING:
        again = NewJob(
            kind=JobKind.ASSESS,
            tenant=tx.tenant,
            payload={"screening": str(opened.id)},
            dedupe=f"{opened.id}/again",
            run_at=now + RECHECK,
        )
        await queue.enqueue(tx, again)
    return True


def _job(kind: JobKind, screening: Screening) -> NewJob:
    return NewJob(
        kind=kind,
        tenant=screening.tenant_id,
        payload={"screening": str(screening.id)},
        dedupe=str(screening.id),
        priority=-1 if screening.urgent else 0,
    )
