"""What is to be read of an outlet: its sources are asked, and each answer is kept with its name."""

from __future__ import annotations

from dataclasses import dataclass

from cid.domain.ids import CallId
from cid.domain.run import Profile, Run, RunFetch, RunItem
from cid.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    items: tuple[RunItem, ...]
    """In the order in which the model and people see them."""
    fetches: tuple[RunFetch, ...]
    """In the order in which sources were asked."""
    profile: Profile | None = None
    calls: tuple[CallId, ...] = ()
    """Paid reads whose replies are not needed any more once the items are stored: `llm.reads.forget`, in the same
    transaction."""


async def fetch(sv: Services, run: Run) -> Fetched:
    """Raises Deferred where another process reads the same, or a queue is long; never for what the other side does."""
    raise NotImplementedError
