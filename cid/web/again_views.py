"""What pages show of a rehearsal: each gate as it said and as it would say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cid.domain.errors import CidError, Deferred
from cid.domain.verdicts import GATE_NUMBER, Gate, Pass
from cid.flows.again import Rehearsal, Step, Waits
from cid.web import words
from cid.web.words import _


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    text: str
    tone: str
    reason: str = ""
    score: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLine:
    number: str
    title: str
    before: Saying | None
    now: Saying
    changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AgainView:
    item_id: str
    title: str
    gate: str
    gate_title: str
    steps: Sequence[StepLine]
    further: bool


def steps(rehearsal: Rehearsal) -> list[StepLine]:
    return [_line(step) for step in rehearsal.steps]


def gates() -> list[tuple[str, str]]:
    """From which of them on a story can be judged again."""
    asked = (Gate.RULES, Gate.RELEVANCE, Gate.SIGNAL, Gate.EVIDENCE, Gate.FIT, Gate.DRAFT)
    return [(gate.value, f"{GATE_NUMBER[gate]} {words.GATES[gate]}") for gate in asked]


def _line(step: Step) -> StepLine:
    said = step.before
    return StepLine(
        number=GATE_NUMBER[step.gate],
        title=words.GATES[step.gate],
        before=_saying(words.REASONS[said.reason], said.score, said.detail, passed=said.outcome == "pass")
        if said
        else None,
        now=_now(step),
        changed=step.changed,
    )


def _now(step: Step) -> Saying:
    now = step.now
    if isinstance(now, Waits):
        return Saying(
            text=_("would wait"),
            tone="warn",
            detail=_("at the latest until {at}").format(at=f"{now.until:%Y-%m-%d %H:%M} UTC"),
        )
    if isinstance(now, Deferred):
        return Saying(text=_("would wait"), tone="warn", detail=str(now))
    if isinstance(now, CidError):
        return Saying(text=_("cannot be told"), tone="bad", detail=str(now))
    return _saying(words.REASONS[now.reason], now.score, now.detail, passed=isinstance(now, Pass))


def _saying(reason: str, score: float | None, detail: str, *, passed: bool) -> Saying:
    return Saying(
        text=_("passed") if passed else _("dropped"),
        tone="good" if passed else "plain",
        reason=reason,
        score="" if score is None else f"{score:g}",
        detail=detail,
    )
