"""Programs that come in as somebody, for less than that person may do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cid.domain.ids import TokenId, UserId
from cid.domain.tenants import Actor, Permission

PACE = timedelta(milliseconds=200)
"""One request of a token, on average."""
BURST = 100
"""So many at once, after a rest."""
STUCK = timedelta(minutes=2)
"""A request under a key that has not ended by then was cut off: longer than any request may take."""


class Scope(StrEnum):
    DRAFTS_READ = "drafts:read"
    DRAFTS_WRITE = "drafts:write"
    DECISIONS_WRITE = "decisions:write"
    SOURCES_READ = "sources:read"
    SOURCES_WRITE = "sources:write"
    ITEMS_READ = "items:read"
    PUBLICATIONS_READ = "publications:read"
    PUBLICATIONS_WRITE = "publications:write"
    TRACKER_READ = "tracker:read"
    TRACKER_WRITE = "tracker:write"
    ANALYSIS_READ = "analysis:read"
    ANALYSIS_WRITE = "analysis:write"


NEEDS: dict[Scope, Permission] = {
    Scope.DRAFTS_READ: Permission.READ,
    Scope.DRAFTS_WRITE: Permission.DECIDE,
    Scope.DECISIONS_WRITE: Permission.DECIDE,
    Scope.SOURCES_READ: Permission.READ,
    Scope.SOURCES_WRITE: Permission.MANAGE,
    Scope.ITEMS_READ: Permission.READ,
    Scope.ANALYSIS_READ: Permission.READ,
    Scope.ANALYSIS_WRITE: Permission.ANALYSE,
    Scope.PUBLICATIONS_READ: Permission.READ,
    Scope.PUBLICATIONS_WRITE: Permission.DECIDE,
    Scope.TRACKER_READ: Permission.READ,
    Scope.TRACKER_WRITE: Permission.DECIDE,
}
"""What its person must be allowed to do now, not when it was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """Who comes with a token."""

    token: TokenId
    actor: Actor
    scopes: frozenset[Scope]
    stale: bool
    """It was not noted for a minute that it is used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """How much of its pace a token has left."""

    granted: bool
    remaining: int
    reset_s: int
    """Until all of it is back."""
    wait_s: int
    """Until the next request counts, where this one does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One as lists show it: what lets it in is not kept."""

    id: TokenId
    user_id: UserId
    who: str
    name: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None
    dead: bool
    """Revoked, over, or its person may not come in any more."""
