"""What somebody is told once a day about one tenant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from cid.domain.draft import DraftState
from cid.domain.ids import DraftId, MonitorId, RunId, TenantId, UserId
from cid.domain.monitor import Change
from cid.domain.publication import PublicationState
from cid.domain.run import Tlp
from cid.domain.tenants import Role

MOST = 10
"""Of each kind of thing; of more it is said how many more there are."""


class DayOutcome(StrEnum):
    MAILED = "mailed"
    EMPTY = "empty"
    """There was nothing to say."""
    OFF = "off"
    """Not wanted, or nobody is there any more."""
    MISSED = "missed"
    """Nobody worked on it before the day was over."""
    MARKED = "marked"
    """The address refuses mail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What mail somebody wants of a tenant."""

    digest: bool = True
    hour: int = 7
    zone: str = ""
    """Empty: their own, else the tenant's."""
    breaking: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Whom a digest is for."""

    tenant_id: TenantId
    user_id: UserId
    email: str
    name: str
    role: Role
    tenant: str
    slug: str
    digest: bool
    breaking: bool
    hour: int
    zone: str
    """In force: theirs for this tenant, theirs, or the tenant's."""
    gone: bool
    paused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A draft that somebody has to decide on."""

    id: DraftId
    state: DraftState
    sample: bool
    urgent: bool
    title: str
    why: str
    outcome: str | None
    score: int | None
    findings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Out:
    """A publication: one that went live, or one in trouble."""

    draft_id: DraftId
    title: str
    channel: str
    state: PublicationState
    url: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ailing:
    """A source in trouble."""

    title: str
    why: str
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What a monitor's run changed."""

    run_id: RunId
    outlet: str
    tlp: Tlp
    monitor_id: MonitorId
    change: Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A draft as the digest shows it, with the one link to it."""

    draft: Waiting
    url: str
    direct: bool
    """The link needs no sign-in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    tenant: str
    day: date
    home: str
    """The tenant's pages."""
    items: Sequence[Item]
    to_review: int
    """Ready and, for whom they are meant, held drafts: also those that are not among `items`."""
    live: Sequence[Out]
    lives: int
    trouble: Sequence[Out]
    troubles: int
    ailing: Sequence[Ailing]
    ailings: int
    pending: int
    """Entries of the tracker that wait."""
    changed: Sequence[Changed]
    """At outlets that are watched, the day before, the largest first; for those who may have runs made."""
    changes: int
    spent: Decimal
    """US dollars, on the day before, in UTC."""
    cap: Decimal | None
    settings: str
    """Where hour and zone are set."""
    unsubscribe: str

    @property
    def empty(self) -> bool:
        """Money alone is no reason to write."""
        return not (self.to_review or self.lives or self.troubles or self.ailings or self.pending or self.changes)
