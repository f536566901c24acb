"""What to do after a call, decided without doing it: once more, repair, more room, the next model, or give up.

got all ──▶ done
got some ─▶ repair once (only what is missing) ─▶ next model
cut ──────▶ once with twice the room ─▶ next model
refused ──▶ next model (the same one would refuse again)
failed ───▶ once more after a wait that fits ─▶ next model
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import TypeAlias

from cid.domain.errors import BadReply, CidError, Misconfigured, Spent, Unanswered, Upstream

TRIES = 3
"""Calls to one model that failed without an answer."""
SENDS = 2
"""Of these, calls that may have been billed."""
LONGEST_WAIT_S = 20.0
"""A model that asks for a longer pause is left alone meanwhile, and the next one is asked."""
SPENT = timedelta(hours=1)
"""How long a model whose account is empty is left alone."""
MISCONFIGURED = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Read:
    """A reply that could be looked at. `problems`: subject key → what was wrong, in our words."""

    problems: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Cut:
    """The reply ended at its token ceiling."""


@dataclass(frozen=True, slots=True)
class Declined:
    why: str


@dataclass(frozen=True, slots=True)
class Full:
    """The provider takes no more for now: nothing was sent."""

    wait: timedelta


@dataclass(frozen=True, slots=True)
class Broken:
    """The model is left alone for now: nothing was sent."""

    wait: timedelta
    why: str


Outcome: TypeAlias = Read | Cut | Declined | Full | Broken | CidError


class Do(StrEnum):
    DONE = "done"
    AGAIN = "again"
    REPAIR = "repair"
    LARGER = "larger"
    NEXT = "next"
    RAISE = "raise"


@dataclass(frozen=True, slots=True)
class Step:
    do: Do
    wait_s: float = 0.0
    why: CidError | None = None
    """For NEXT and RAISE: what is raised when no other model is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What happened so far with one model."""

    failures: int = 0
    ambiguous: int = 0
    repaired: bool = False
    enlarged: bool = False

    def after(self, step: Step, outcome: Outcome) -> Past:
        failed = isinstance(outcome, CidError)
        return replace(
            self,
            failures=self.failures + failed,
            ambiguous=self.ambiguous + isinstance(outcome, Unanswered),
            repaired=self.repaired or step.do is Do.REPAIR,
            enlarged=self.enlarged or step.do is Do.LARGER,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """`left_s`: seconds until the question's own deadline; `chance`: a random number from 0 to 1, for jitter."""

    left_s: float
    chance: float = field(default=0.5)


def step(outcome: Outcome, past: Past, room: Room) -> Step:
    match outcome:
        case Read() | Cut() | Declined():
            return _replied(outcome, past, room)
        case Full(wait=wait):
            return _waited(wait, room, Upstream("the provider's limit is reached", retry_after=wait))
        case Broken(wait=wait, why=said):
            # Short pauses that a provider asked for are waited out; a model that failed is left to one that tries it.
            return _waited(wait, room, Upstream(f"left alone after failures: {said}", retry_after=wait))
        case _:
            return _failed(outcome, past, room)


def _replied(outcome: Read | Cut | Declined, past: Past, room: Room) -> Step:
    late = room.left_s <= 0
    match outcome:
        case Read(problems=problems) if not problems:
            return Step(Do.DONE)
        case Read(problems=problems):
            why = BadReply(f"nothing usable ({'; '.join(sorted(set(problems.values())))})")
            return Step(Do.NEXT if past.repaired or late else Do.REPAIR, why=why)
        case Cut():
            cut = BadReply("the reply was cut off at its token ceiling")
            return Step(Do.NEXT if past.enlarged or late else Do.LARGER, why=cut)
        case Declined(why=said):
            return Step(Do.NEXT, why=BadReply(f"the model refused ({said or 'no category given'})"))


def _failed(error: CidError, past: Past, room: Room) -> Step:
    match error:
        case Spent() | Misconfigured():
            return Step(Do.NEXT, why=error)
        case Upstream(retry_after=hint) if past.failures + 1 < TRIES:
            if isinstance(error, Unanswered) and past.ambiguous + 1 >= SENDS:
                return Step(Do.NEXT, why=error)
            if hint is not None:
                return _waited(hint, room, error)
            # Full jitter: processes that failed together do not come back together.
            return _waited(timedelta(seconds=min(8.0, 0.5 * 2**past.failures) * room.chance), room, error)
        case Upstream():
            return Step(Do.NEXT, why=error)
        case _:
            return Step(Do.RAISE, why=error)


def _waited(wait: timedelta, room: Room, error: CidError) -> Step:
    seconds = max(0.0, wait.total_seconds())
    if seconds > LONGEST_WAIT_S or seconds >= room.left_s:
        return Step(Do.NEXT, why=error)
    return Step(Do.AGAIN, wait_s=seconds + min(0.25, room.left_s - seconds) * room.chance, why=error)


class Breaker(StrEnum):
    """What a call's end says of its model."""

    OK = "ok"
    FAULT = "fault"
    ASKED = "asked"
    SHUT = "shut"
    NONE = "none"


def breaker(error: CidError | None) -> tuple[Breaker, timedelta | None]:
    """And for how long it is left alone, where that is known."""
    match error:
        case None:
            return Breaker.OK, None
        case Spent(retry_after=hint):
            return Breaker.SHUT, max(hint or SPENT, SPENT)
        case Misconfigured():
            return Breaker.SHUT, MISCONFIGURED
        case Upstream(retry_after=timedelta() as hint):
            return Breaker.ASKED, hint
        case Upstream():
            return Breaker.FAULT, None
        case _:
            return Breaker.NONE, None
