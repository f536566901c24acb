"""The life of a batch: what is to be done with it when, what an answer comes to, and what becomes of its calls. Pure.

Nothing is paid twice although any answer may be lost and any process may die: a batch is marked `submitting` before it
is sent, only the one that marked it sends it, and whoever cannot know whether it was made asks the vendor's listing
before it is sent again. A listing may lag, and a request may still be on its way when its sender is gone: the listing
is not asked before `LISTED_AFTER` has passed since nobody can be sending any more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from cid.domain.errors import BadReply, CidError, Unanswered, Upstream
from cid.domain.lifecycle import Lifecycle
from cid.domain.llm import Raw

MOST_CALLS = 500
MOST_BYTES = 8_000_000
"""Of requests in one batch. The narrowest vendor takes 20 MB."""
GATHER = timedelta(minutes=1)
"""How long a batch that is not full waits for more calls."""
LOOK = timedelta(hours=1)
"""When those who wait for a batch look again by themselves, should nobody wake them."""
STAY = timedelta(days=4)
"""How long a call may be in a batch before it is counted as lost: longer than any batch is waited for."""
LEASE = timedelta(minutes=5)
"""After this nobody is still sending: longer than a sender's own timeout."""
LISTED_AFTER = timedelta(minutes=10)
CANCEL_AFTER = timedelta(hours=26)
"""Vendors give a batch up after 24 hours, or after 48."""
GIVE_UP_AFTER = timedelta(hours=72)
"""A batch that is at the vendor, or may be, and of which nothing more was heard."""
UNSENT_AFTER = timedelta(hours=12)
"""A batch that could not be sent: its calls may be asked in another way."""


class BatchState(StrEnum):
    PLANNED = "planned"
    SUBMITTING = "submitting"
    UNKNOWN = "unknown"
    SUBMITTED = "submitted"
    ENDED = "ended"
    READ = "read"
    FAILED = "failed"


_S = BatchState
BATCH = Lifecycle(
    "batch",
    {
        _S.PLANNED: frozenset({_S.SUBMITTING, _S.FAILED}),
        # refused for now → planned; refused for good → failed; no answer, or the sender died → unknown
        _S.SUBMITTING: frozenset({_S.SUBMITTED, _S.PLANNED, _S.UNKNOWN, _S.FAILED}),
        # listed → submitted; not listed → planned
        _S.UNKNOWN: frozenset({_S.SUBMITTED, _S.PLANNED, _S.FAILED}),
        _S.SUBMITTED: frozenset({_S.ENDED, _S.FAILED}),
        _S.ENDED: frozenset({_S.READ, _S.FAILED}),
    },
)


class Step(StrEnum):
    """What is to be done with a batch."""

    SUBMIT = "submit"
    """Mark it `submitting` (`begun`), commit, then send it."""
    DOUBT = "doubt"
    """Its sender is gone: `doubted`."""
    FIND = "find"
    POLL = "poll"
    CANCEL = "cancel"
    """Poll it, and ask the vendor to stop."""
    READ = "read"
    GIVE_UP = "give up"
    """Nothing more will be heard: `given_up`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    key: str
    provider: str
    model: str
    calls: tuple[str, ...]
    """In the order of the request."""
    state: BatchState = BatchState.PLANNED
    id: str = ""
    """The vendor's, once it is known."""
    planned_at: datetime
    sent_at: datetime | None = None
    """When its last sending began."""
    due_at: datetime
    """When there is something to do."""
    attempts: int = 0
    """How often it was begun to be sent."""
    why: str = ""
    """What went wrong last."""


def step(batch: Batch, now: datetime) -> Step | None:
    """What is to be done with it now; None: nothing yet, or never again."""
    if now < batch.due_at or not BATCH.moves.get(batch.state):
        return None
    at_vendor_for = now - (batch.sent_at or now)
    if batch.state is _S.PLANNED:
        return Step.GIVE_UP if now - batch.planned_at >= UNSENT_AFTER else Step.SUBMIT
    if batch.state is _S.SUBMITTING:
        return Step.DOUBT
    if at_vendor_for >= GIVE_UP_AFTER:
        return Step.GIVE_UP
    if batch.state is _S.SUBMITTED:
        return Step.CANCEL if at_vendor_for >= CANCEL_AFTER else Step.POLL
    return Step.FIND if batch.state is _S.UNKNOWN else Step.READ


def begun(batch: Batch, now: datetime) -> Batch:
    """Committed before it is sent: who comes after a crash then knows that it may have been."""
    moved = _moved(batch, _S.SUBMITTING, now + LEASE)
    return replace(moved, sent_at=now, attempts=batch.attempts + 1)


def doubted(batch: Batch, now: datetime) -> Batch:
    return _moved(batch, _S.UNKNOWN, now + LISTED_AFTER, "the sender is gone")


def submitted(batch: Batch, answer: str | CidError, now: datetime) -> Batch:
    """`answer`: what `Batches.submit` returned or raised."""
    if isinstance(answer, str):
        return _at_vendor(batch, answer, now)
    if isinstance(answer, Unanswered):
        return _moved(batch, _S.UNKNOWN, now + LISTED_AFTER, str(answer))
    if isinstance(answer, BadReply):
        return _moved(batch, _S.FAILED, now, str(answer))
    return _moved(batch, _S.PLANNED, now + _pause(batch, answer), str(answer))


def found(batch: Batch, answer: str | CidError | None, now: datetime) -> Batch:
    """`answer`: what `Batches.find` returned or raised."""
    if isinstance(answer, str):
        return _at_vendor(batch, answer, now)
    if answer is None:
        return _moved(batch, _S.PLANNED, now, "its sending was lost")
    return delayed(batch, answer, now)


def polled(batch: Batch, answer: bool | CidError, now: datetime) -> Batch:  # noqa: FBT001 - it is the answer
    """`answer`: what `Batches.ended` returned or raised."""
    if answer is True:
        return _moved(batch, _S.ENDED, now)
    if isinstance(answer, BadReply):
        return _moved(batch, _S.FAILED, now, str(answer))
    if isinstance(answer, CidError):
        return delayed(batch, answer, now)
    return replace(batch, due_at=now + _next_poll(now - (batch.sent_at or now)), why="")


def read(batch: Batch, failure: CidError | None, now: datetime) -> Batch:
    """`failure`: what `Batches.results` raised before its end."""
    if failure is None:
        return _moved(batch, _S.READ, now)
    if isinstance(failure, BadReply):
        return _moved(batch, _S.FAILED, now, str(failure))
    return delayed(batch, failure, now)


def delayed(batch: Batch, failure: CidError, now: datetime) -> Batch:
    """Nothing was learned: look again later."""
    return replace(batch, due_at=now + _pause(batch, failure), why=str(failure))


def given_up(batch: Batch, now: datetime) -> Batch:
    return _moved(batch, _S.FAILED, now, batch.why or "nothing more was heard of it")


def failure_of_all(before: Batch, after: Batch) -> CidError | None:
    """What each call of a batch ends with when the batch itself came to nothing; None: it did not.

    From the state it failed in: before it was sent nothing is owed, and what was refused for good was not done. Once it
    was at the vendor, or may have been, its calls count as spent.
    """
    if after.state is not _S.FAILED:
        return None
    if before.state is _S.PLANNED:
        return Upstream(f"its batch was never sent: {after.why}")
    if before.state is _S.SUBMITTING:
        return BadReply(f"its batch was refused: {after.why}")
    return Unanswered(f"its batch was lost: {after.why}")


@dataclass(frozen=True, slots=True)
class Outcomes:
    """`of` has every call of the batch. The others are for the log: what the vendor said beyond what was asked."""

    of: Mapping[str, Raw | CidError]
    unknown: Collection[str] = ()
    doubled: Collection[str] = ()


def outcomes(calls: Sequence[str], results: Iterable[tuple[str, Raw | CidError]]) -> Outcomes:
    """One outcome per call, from results in any order. A call whose result is missing, or which has two that differ,
    may have been done and billed: nothing says which is right."""
    of: dict[str, Raw | CidError] = {}
    wanted, unknown, doubled = frozenset(calls), [], []
    for call, result in results:
        if call not in wanted:
            unknown.append(call)
        elif call not in of:
            of[call] = result
        else:
            doubled.append(call)
            if not _same(of[call], result):
                of[call] = Unanswered("the batch answered it twice, and differently")
    for call in calls:
        of.setdefault(call, Unanswered("the batch's results leave it out"))
    return Outcomes(of, tuple(unknown), tuple(doubled))


def _moved(batch: Batch, state: BatchState, due_at: datetime, why: str = "") -> Batch:
    """Raises ValueError: there is no such move."""
    BATCH.check(batch.state, state)
    return replace(batch, state=state, due_at=due_at, why=why)


def _at_vendor(batch: Batch, id_: str, now: datetime) -> Batch:
    return replace(_moved(batch, _S.SUBMITTED, now + _next_poll(timedelta(0))), id=id_)


def _pause(batch: Batch, failure: CidError) -> timedelta:
    """As asked, or longer with each attempt."""
    asked = failure.retry_after if isinstance(failure, Upstream) else None
    return asked or min(timedelta(minutes=2 ** min(batch.attempts, 6)), timedelta(hours=1))


def _next_poll(age: timedelta) -> timedelta:
    return max(timedelta(minutes=1), min(age / 10, timedelta(minutes=15)))


def _same(one: Raw | CidError, other: Raw | CidError) -> bool:
    if isinstance(one, Raw) or isinstance(other, Raw):
        return one == other
    return type(one) is type(other)
