"""Trials: stored inputs asked again with another version of their prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from cid.domain.ids import CallId, TenantId, UserId
from cid.domain.llm import Json
from cid.pg.rows import each
from cid.pg.sql import query
from cid.ports import Tx

INPUTS = query("trials.inputs")
ANSWERS = query("trials.answers")
ADD = query("trials.add")
ADD_SUBJECTS = query("trials.add_subjects")
NEXT = query("trials.next")
ANSWER = query("trials.answer")
MOVE = query("trials.move")
LISTED = query("trials.listed")
SUBJECTS = query("trials.subjects")


class TrialState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """An answered call that may be asked again."""

    id: CallId
    stage: str
    tier: str
    request: Mapping[str, Json]
    subjects: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """A stored call with the subjects that are still to be asked: opaque id → key."""

    id: CallId
    stage: str
    tier: str
    request: Mapping[str, Json]
    subjects: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    call: CallId
    id: str
    subject: str
    answer: Mapping[str, Json] | None
    score: int | None
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class After:
    call: CallId
    id: str
    answer: Mapping[str, Json] | None = None
    error: str = ""
    score: int | None = None
    verdict: str = ""
    by: CallId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A trial and its sums; US dollars, and tokens of all kinds together."""

    id: UUID
    tenant_id: TenantId
    tenant: str
    prompt: str
    version: str
    last: int
    state: TrialState
    why: str
    total: int
    offline: bool
    made_at: datetime
    ended_at: datetime | None
    asked: int
    failed: int
    judged: int
    """Subjects with a verdict before and after."""
    changed: int
    """Of these, those whose verdict is another one."""
    shift: float | None
    """Of the score, on average."""
    calls: int
    tokens: int
    cost: Decimal
    before_calls: int
    before_tokens: int
    before_cost: Decimal

    @property
    def ended(self) -> bool:
        return self.state in {TrialState.DONE, TrialState.FAILED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One subject's answer before and after."""

    call_id: CallId
    id: str
    subject: str
    before: Mapping[str, Json] | None
    after: Mapping[str, Json] | None
    error: str
    before_score: int | None
    after_score: int | None
    before_verdict: str
    after_verdict: str
    after_call: CallId | None

    @property
    def changed(self) -> bool:
        return bool(self.before_verdict and self.after_verdict) and self.before_verdict != self.after_verdict

    @property
    def shift(self) -> int | None:
        if self.before_score is None or self.after_score is None:
            return None
        return self.after_score - self.before_score


SHAPES = {INPUTS: Input, NEXT: Open, LISTED: Trial, SUBJECTS: Pair}


async def inputs(tx: Tx, tenant: TenantId, prompt: str, last: int) -> list[Input]:
    return each(Input, await tx.fetch(INPUTS, tenant, prompt, last))


async def answers(tx: Tx, tenant: TenantId, calls: Sequence[CallId]) -> dict[tuple[CallId, str], Mapping[str, Json]]:
    """By call and opaque id."""
    return {(row["call_id"], row["id"]): row["answer"] for row in await tx.fetch(ANSWERS, tenant, calls)}


async def add(
    tx: Tx,
    id_: UUID,
    subjects: Sequence[Before],
    *,
    prompt: str,
    version: str,
    last: int,
    user: UserId | None,
) -> bool:
    """False: the same is being tried for this tenant already."""
    if await tx.fetchval(ADD, tx.tenant, id_, prompt, version, last, len(subjects), user) is None:
        return False
    await tx.execute(
        ADD_SUBJECTS,
        tx.tenant,
        id_,
        [one.call for one in subjects],
        [one.id for one in subjects],
        [one.subject for one in subjects],
        [None if one.answer is None else dict(one.answer) for one in subjects],
        [one.score for one in subjects],
        [one.verdict for one in subjects],
    )
    return True


async def next_(tx: Tx, tenant: TenantId, trial: UUID, limit: int) -> list[Open]:
    """The newest call first."""
    return each(Open, await tx.fetch(NEXT, tenant, trial, limit))


async def answer(tx: Tx, trial: UUID, after: After) -> None:
    value = None if after.answer is None else dict(after.answer)
    await tx.execute(
        ANSWER,
        tx.tenant,
        trial,
        after.call,
        after.id,
        value,
        after.error[:500],
        after.score,
        after.verdict,
        after.by,
    )


async def move(tx: Tx, trial: UUID, state: TrialState, why: str = "", *, offline: bool = False) -> bool:
    """False: it has ended."""
    return await tx.fetchval(MOVE, tx.tenant, trial, state, why[:500], offline) is not None


async def listed(
    tx: Tx, tenant: TenantId | None, *, prompt: str | None = None, trial: UUID | None = None, limit: int = 20
) -> list[Trial]:
    """Newest first. No tenant, in a platform transaction: of all."""
    return each(Trial, await tx.fetch(LISTED, tenant, prompt, trial, limit))


async def one(tx: Tx, tenant: TenantId, trial: UUID) -> Trial | None:
    return next(iter(await listed(tx, tenant, trial=trial)), None)


async def subjects(tx: Tx, tenant: TenantId, trial: UUID, limit: int = 2000) -> list[Pair]:
    """What changed first."""
    return each(Pair, await tx.fetch(SUBJECTS, tenant, trial, limit))
