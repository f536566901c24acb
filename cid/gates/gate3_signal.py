"""Gate 3: do enough publishers report it to be worth an article? Free; patient with the young."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from cid.domain.evidence import Spread
from cid.domain.policy import Signal
from cid.domain.verdicts import Drop, Pass, Reason


@dataclass(frozen=True, slots=True)
class Wait:
    """Judged again when another publisher joins, at the latest then."""

    until: datetime


Outcome: TypeAlias = Pass | Drop | Wait


def score(publishers: int, policy: Signal) -> int:
    return next((score for least, score in policy.spread_scores if publishers >= least), 0)


def decide(spread: Spread, *, urgent: bool, now: datetime, policy: Signal) -> Outcome:
    """Urgent news passes in any case. A story that nobody new reported for as long as our patience is over; a younger
    one may still spread."""
    value = score(spread.publishers, policy)
    reported = f"{spread.publishers} publisher{'' if spread.publishers == 1 else 's'}"
    if urgent:
        return Pass(Reason.URGENT, f"urgent words, {reported}", value)
    if spread.publishers >= policy.urgent_spread:
        return Pass(Reason.URGENT, reported, value)
    if value >= policy.min_score:
        return Pass(Reason.SIGNAL, reported, value)
    return _patient(spread, reported, now, policy)


def uncitable(spread: Spread, now: datetime, policy: Signal) -> Drop | Wait:
    """Where it would pass, and there are only headlines whose addresses lead through somebody else's service: nothing
    to write from yet, however many publishers there are."""
    return _patient(spread, "only headlines that cannot be cited", now, policy)


def _patient(spread: Spread, reported: str, now: datetime, policy: Signal) -> Drop | Wait:
    until = (spread.newest_at or now) + policy.patience
    if until <= now:
        why = f"{reported}, no new one for {_hours(policy)}"
        return Drop(Reason.LOW_SIGNAL, why, score(spread.publishers, policy))
    return Wait(until)


def _hours(policy: Signal) -> str:
    return f"{policy.patience.total_seconds() / 3600:g} hours"
