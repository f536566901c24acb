"""A version of a prompt is tried on stored inputs before it goes live: through the same router and budgets, under a
stage of its own, so that no answer ever counts for the real one. What was answered stands beside what is answered now.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from cid.briefing.vocabulary import SCHEMA as BRIEFING
from cid.domain.errors import BadReply, CidError, Conflict, Deferred, Misconfigured, NotFound, Refused, Upstream
from cid.domain.ids import PLATFORM, uuid7
from cid.domain.jobs import JobKind, NewJob
from cid.domain.llm import TRIAL, Ask, Json
from cid.domain.policy import MODEL_TRIES
from cid.domain.review import Course
from cid.domain.tenants import Profile
from cid.domain.verdicts import Drop
from cid.gates import gate2_relevance, gate4_draft, gate5_review, gate5_revise, gate35_fit, same_story
from cid.llm import again
from cid.queue import jobs as queue
from cid.store import audit, policies, trials
from cid.store.trials import After, Before, Open, Trial, TrialState

if TYPE_CHECKING:
    from cid.domain.ids import CallId, TenantId, UserId
    from cid.domain.jobs import Job
    from cid.domain.policy import GatePolicy
    from cid.domain.verdicts import Verdict
    from cid.services import Services

AT_ONCE = 4
"""Calls of one trial under way, and in one hand-out."""
MOST = 500
PATIENCE_S = 300.0
OFFLINE = "offline"
SCHEMAS: Mapping[str, Mapping[str, Json]] = {
    "relevance": gate2_relevance.SCHEMA,
    "fit": gate35_fit.SCHEMA,
    "draft": gate4_draft.SCHEMA,
    "review": gate5_review.SCHEMA,
    "revise": gate5_revise.SCHEMA,
    "judge": same_story.SCHEMA,
    "briefing": BRIEFING,
}


async def start(
    sv: Services, tenant: TenantId, name: str, version: str, *, last: int, user: UserId | None, queued: bool
) -> UUID:
    """Write down what is to be asked again; `queued` leaves the asking to a job.

    Raises NotFound (no such version), Refused (nothing to ask) and Conflict (it is being tried already).
    """
    if all(prompt.version != version for prompt in sv.prompts.versions(name)):
        raise NotFound(f"There is no version {version} of a prompt {name}.")
    if not 1 <= last <= MOST:
        raise Refused(f"The last 1 to {MOST} calls can be asked again.")
    id_ = uuid7(sv.clock.now())
    async with sv.db.tx(tenant) as tx:
        found = await trials.inputs(tx, tenant, name, last)
        kept = await trials.answers(tx, tenant, [call.id for call in found])
        subjects = _each_once(found, kept, await policies.of(tx, tenant, sv.policy))
        if not subjects:
            raise Refused(f"No call of {name} is on record here that could be asked again.")
        if not await trials.add(tx, id_, subjects, prompt=name, version=version, last=last, user=user):
            raise Conflict(f"{name} {version} is being tried here already.")
        detail = {"prompt": name, "version": version, "subjects": len(subjects)}
        await audit.add(tx, sv.clock.now(), user, "trial.started", target=str(id_), detail=detail)
        if queued:
            await queue.enqueue(tx, _job(tenant, id_))
    return id_


async def try_(sv: Services, jobs: Sequence[Job]) -> None:
    """A few calls, then the next job: a trial holds no worker for longer than a question."""
    for job in jobs:
        trial = UUID(job.payload["trial"])
        more = await ask_some(sv, job.tenant, trial, patient=job.attempt < MODEL_TRIES)
        async with sv.db.tx(job.tenant) as tx:
            await queue.done(tx, job)
            if more:
                await queue.enqueue(tx, _job(job.tenant, trial))


async def ask_all(sv: Services, tenant: TenantId, trial: UUID, tell: Callable[[Trial], None]) -> Trial:
    """At once and without a job. What stops it (a budget, a switch) is its end, and is raised."""
    try:
        while await ask_some(sv, tenant, trial, patient=False):
            tell(await shown(sv, tenant, trial))
    except CidError as error:
        async with sv.db.tx(tenant) as tx:
            await trials.move(tx, trial, TrialState.FAILED, str(error))
        raise
    return await shown(sv, tenant, trial)


async def ask_some(sv: Services, tenant: TenantId, trial: UUID, *, patient: bool) -> bool:
    """The next few calls; False: it has ended. What is answered is stored before anything is raised.

    Raises Deferred, and Upstream while `patient`.
    """
    async with sv.db.tx(tenant) as tx:
        found = await trials.one(tx, tenant, trial)
        if found is None or not await trials.move(tx, trial, TrialState.RUNNING, found.why):
            return False
        policy = await policies.of(tx, tenant, sv.policy)
        calls = await trials.next_(tx, tenant, trial, AT_ONCE)
        if not calls:
            await trials.move(tx, trial, TrialState.DONE)
            return False
    async with asyncio.TaskGroup() as together:
        asked = [together.create_task(_asked(sv, policy, found, call, patient=patient)) for call in calls]
    results = [task.result() for task in asked]
    stop = next((result for result in results if isinstance(result, CidError)), None)
    offline = False
    async with sv.db.tx(tenant) as tx:
        for result in results:
            if isinstance(result, CidError):
                continue
            for after, provider in result:
                offline = offline or provider.startswith(OFFLINE)
                await trials.answer(tx, trial, after)
        await trials.move(tx, trial, TrialState.RUNNING, str(stop or ""), offline=offline)
    if stop:
        raise stop
    return True


async def stop(sv: Services, tenant: TenantId, trial: UUID, user: UserId | None) -> None:
    """Raises Conflict when it has ended."""
    async with sv.db.tx(tenant) as tx:
        if not await trials.move(tx, trial, TrialState.FAILED, "stopped by a person"):
            raise Conflict("It has ended already.")
        await audit.add(tx, sv.clock.now(), user, "trial.stopped", target=str(trial))


async def shown(sv: Services, tenant: TenantId, trial: UUID) -> Trial:
    """Raises NotFound."""
    async with sv.db.read(tenant) as tx:
        found = await trials.one(tx, tenant, trial)
    if found is None:
        raise NotFound(f"There is no trial {trial} here.")
    return found


def _job(tenant: TenantId, trial: UUID) -> NewJob:
    assert tenant != PLATFORM
    return NewJob(kind=JobKind.TRY, tenant=tenant, payload={"trial": str(trial)}, dedupe=str(trial), priority=10)


def _each_once(
    found: Sequence[trials.Input], kept: Mapping[tuple[CallId, str], Mapping[str, Json]], policy: GatePolicy
) -> list[Before]:
    """The newest call about each input: a repair, or another try, asked for the same again."""
    seen: set[tuple[str, str]] = set()
    subjects = []
    for call in found:
        inputs = call.request.get("inputs", {})
        for id_, key, digest in call.subjects:
            if (key, digest) in seen or id_ not in inputs:
                continue
            seen.add((key, digest))
            value = kept.get((call.id, id_))
            score, verdict = (None, "") if value is None else judged(call.stage, value, call.request, policy)
            subjects.append(Before(call=call.id, id=id_, subject=key, answer=value, score=score, verdict=verdict))
    return subjects


async def _asked(
    sv: Services, policy: GatePolicy, trial: Trial, call: Open, *, patient: bool
) -> list[tuple[After, str]] | Deferred | Upstream:
    """Each subject's answer and who gave it, or why the trial cannot go on now."""
    schema = SCHEMAS.get(call.stage, call.request.get("schema", {}))
    stage = TRIAL + call.stage
    ask = again.asked(
        call.request, call.subjects, schema, tenant=trial.tenant_id, stage=stage, tier=call.tier, prompt=trial.prompt
    )
    ask = replace(ask, version=trial.version, patience_s=PATIENCE_S)
    try:
        return await _answers(sv, policy, ask, call)
    except Deferred as error:
        return error
    except Upstream as error:
        if patient:
            return error
        return _failed(call, error)
    except (BadReply, Misconfigured) as error:
        return _failed(call, error)


async def _answers(sv: Services, policy: GatePolicy, ask: Ask, call: Open) -> list[tuple[After, str]]:
    answers = await sv.llm.ask(ask)
    results = []
    for id_, key in call.subjects.items():
        answer = answers.get(key)
        if answer is None:
            results.append((After(call=call.id, id=id_, error="nothing usable was answered"), ""))
            continue
        score, verdict = judged(call.stage, answer.value, call.request, policy)
        after = After(call=call.id, id=id_, answer=answer.value, score=score, verdict=verdict, by=answer.call_id)
        results.append((after, answer.provider))
    return results


def _failed(call: Open, error: CidError) -> list[tuple[After, str]]:
    return [(After(call=call.id, id=id_, error=str(error)), "") for id_ in call.subjects]


def judged(
    stage: str, value: Mapping[str, Json], request: Mapping[str, Json], policy: GatePolicy
) -> tuple[int | None, str]:
    """Score and verdict as the stage's gate would have them; nothing of a stage without one. Pure."""
    try:
        match stage:
            case "relevance" | "fit":
                verdict = _verdict(stage, value, request, policy)
                return round(verdict.score or 0), "dropped" if isinstance(verdict, Drop) else "passed"
            case "review":
                opinion = gate5_review.read(value)
                course = gate5_review.classify(opinion.score, opinion.findings, policy.reviewing)
                return opinion.score, "ready" if course is Course.READY else "held"
            case _:
                return None, _said(stage, value)
    except (BadReply, KeyError, TypeError, AttributeError):
        return None, "unreadable"


def _verdict(stage: str, value: Mapping[str, Json], request: Mapping[str, Json], policy: GatePolicy) -> Verdict:
    """Raises BadReply."""
    if stage == "fit":
        return gate35_fit.decide(gate35_fit.read(value, ()), policy.fit)
    keywords = request.get("shared", {}).get("profile", {}).get("keywords", {})
    profile = Profile(keywords=tuple(keywords.values()))
    return gate2_relevance.decide(gate2_relevance.read(value, profile), policy.relevance)


def _said(stage: str, value: Mapping[str, Json]) -> str:
    """Of stages that give no score."""
    match stage:
        case "judge":
            return "same" if same_story.read(value) else "different"
        case "revise":
            return "edited" if gate5_revise.read(value) else "not edited"
        case "draft":
            return "written" if value["skip"] == "none" else "not affected"
        case "briefing":
            count = len(value["key_findings"])
            return f"{count} {'finding' if count == 1 else 'findings'}"
        case _:
            return ""
