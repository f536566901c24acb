"""Reading that an outside party charges for by what it hands out: how it is ordered, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from cid.domain.ids import CallId, SourceId, TenantId
from cid.domain.llm import Json

STAGE = "poll"
"""Of paid reads of sources, in the ledger and for budgets."""
SEARCH = "search"
"""Of paid searches for evidence."""
READS = frozenset({STAGE, SEARCH})
"""What no model answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One read of one source, or one search, on its tenant's account."""

    tenant: TenantId
    source: SourceId | UUID
    """Of a search: the screening that it is for."""
    provider: str
    what: str
    """`provider/what` is the name of its price."""
    most: Mapping[str, int]
    """Unit → how many of it can be charged at most."""
    mark: str
    """Where the source stood: a read from the same mark that was paid for and never stored is not paid for again."""
    timeout_s: float
    """After this nobody is reading any more."""
    request: Mapping[str, Json] = field(default_factory=dict)
    """What is asked, for people who look at the call. No secrets."""
    stored: CallId | None = None
    """The read before, whose posts are stored by now."""
    stage: str = STAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """Money is set aside. `reply` is what an earlier process paid for and did not live to store: then read nothing."""

    call: CallId
    reply: Json = None


class Hold(StrEnum):
    BUDGET = "budget"
    SWITCH = "switch"
    PAUSE = "pause"
    """The other side asked for it, or our own limit per minute is reached."""
    BUSY = "busy"
    """Another process reads from the same mark."""
    PRICE = "price"
    """There is none, so nothing may be spent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Nothing may be read now."""

    hold: Hold
    why: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a read that was opened."""

    units: Mapping[str, int] = field(default_factory=dict)
    """What came, and is charged."""
    reply: Json = None
    """What came, whole, to be read again should we die before it is stored; None: nothing came."""
    error: str = ""
    ambiguous: bool = False
    """Sent, and nothing came back: it counts at its reservation."""
    wait_s: float | None = None
    """For so long the other side wants to be left alone by all of us."""
