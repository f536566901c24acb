"""Web searches for evidence: what is asked, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from cid.domain.evidence import SourceClass
from cid.domain.ids import CallId, TenantId

MOST_RESULTS = 10
"""Of one search: more of them costs the double."""


class SearchState(StrEnum):
    FOUND = "found"
    EMPTY = "empty"
    """The search was made, and there is nothing."""
    NO_KEY = "no_key"
    """Nobody gave us one: nothing is searched for."""
    REFUSED = "refused"
    """The key is not taken, or what was asked is refused: trying again is no use."""
    HELD = "held"
    """Money, a switch or a pause: not before `until`."""
    FAILED = "failed"
    """The other side failed, or what it said cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One search, on a tenant's account, about one screening."""

    tenant: TenantId
    about: UUID
    text: str
    news: bool = False
    country: str = ""
    """ISO 3166-1 alpha-2; empty: anywhere."""
    language: str = ""
    """ISO 639-1; empty: any."""
    results: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    url: str
    """As `text.urls.canonical` spells it."""
    title: str
    snippet: str
    publisher: str
    """As the search names it, else the host."""
    published_at: datetime | None = None
    """Searches tell it from the moment of asking, as `2 hours ago`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    state: SearchState
    hits: tuple[Hit, ...] = ()
    detail: str = ""
    """A sentence for people; empty when all is well."""
    until: datetime | None = None
    """Of HELD: when it may be tried again; of FAILED: what the other side asked for."""
    waits_for_money: bool = False
    """Of HELD."""
    call: CallId | None = None
    """The row of the ledger that holds what was paid for, until `forget`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRules:
    """Who speaks at a host, as config/evidence.toml has it. A rule is a domain with all that is under it; `gov.*` is
    that name in front of any two-letter country code."""

    government: tuple[str, ...] = ()
    wires: tuple[str, ...] = ()
    vendors: tuple[str, ...] = ()
    social: tuple[str, ...] = ()

    def by_class(self) -> tuple[tuple[SourceClass, tuple[str, ...]], ...]:
        return (
            (SourceClass.SOCIAL, self.social),
            (SourceClass.VENDOR, self.vendors),
            (SourceClass.WIRE, self.wires),
            (SourceClass.GOVERNMENT, self.government),
        )
