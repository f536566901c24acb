"""The hand-out that the current task works on: what was ended in it, and what its log lines are about."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    from collections.abc import MutableMapping, Sequence

    from cid.domain.ids import JobId
    from cid.domain.jobs import Job


@dataclass(slots=True)
class Hand:
    jobs: Sequence[Job]
    task: asyncio.Task[None] | None = None
    ended: dict[JobId, str] = field(default_factory=dict)
    """How the flow ended jobs itself, filled in as its transactions commit."""
    asked: set[JobId] = field(default_factory=set)
    """Which jobs somebody asked to cancel."""
    until: float = float("inf")
    """When it is overdue, by the monotonic clock."""
    cancels: int = 0
    """How often we cancelled the task and it was not felt yet."""


CURRENT: ContextVar[Hand | None] = ContextVar("hand", default=None)


def name_the_job(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A processor of structlog. Looked up when a line is written: most hand-outs write none."""
    hand = CURRENT.get()
    if hand:
        first = hand.jobs[0]
        event.setdefault("job", first.id)
        event.setdefault("kind", str(first.kind))
        event.setdefault("tenant", str(first.tenant))
        event.setdefault("attempt", first.attempt)
        if len(hand.jobs) > 1:
            event.setdefault("jobs", len(hand.jobs))
    return event
