"""Whether what a run needs is there: in words, each with what mends it. Nothing is asked of anybody to say so."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cid.domain.run import Platform


class Ready(StrEnum):
    READY = "ready"
    """The last try went well."""
    UNTESTED = "untested"
    """It has what it needs, and was not tried here yet."""
    FAILING = "failing"
    """It has what it needs, and the last try failed."""
    MISSING = "missing"
    """It lacks something: until then it cannot be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What the tables know of one service."""

    service: str
    succeeded_at: datetime | None
    failed_at: datetime | None
    error: str
    """Of the last failure."""

    @property
    def reachable(self) -> bool | None:
        """None: it was never tried."""
        if self.succeeded_at is None and self.failed_at is None:
            return None
        return self.failed_at is None or (self.succeeded_at is not None and self.succeeded_at >= self.failed_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    name: str
    lacks: str
    """A sentence; empty: it has what it needs."""
    tried: Tried
    version: str = ""
    """What it calls itself, or which model of it answers; empty: it says nothing."""

    @property
    def configured(self) -> bool:
        return not self.lacks

    @property
    def state(self) -> Ready:
        if self.lacks:
            return Ready.MISSING
        match self.tried.reachable:
            case None:
                return Ready.UNTESTED
            case True:
                return Ready.READY
        return Ready.FAILING

    @property
    def remedy(self) -> str:
        if self.lacks:
            return self.lacks
        if self.state is Ready.FAILING:
            return f"The last try failed: {self.tried.error}" if self.tried.error else "The last try failed."
        return "It is tried with the first run that needs it." if self.state is Ready.UNTESTED else ""


KEYS = {"serpapi": "SERPAPI_KEY", "x": "X_BEARER_TOKEN"}
MODELS = ("google", "anthropic", "openai")
SOURCES = ("serpapi", "x", "telegram")
DATABASE = "database"


def needed(services: Collection[Service], platform: Platform, providers: Collection[str]) -> tuple[Service, ...]:
    """Those that a run on `platform` goes by, where `providers` answer for briefings. News is read without a key as
    well, so that no search service is needed for it; it is told all the same where there is one."""
    wanted = {
        *providers,
        DATABASE,
        {Platform.X: "x", Platform.TELEGRAM: "telegram", Platform.NEWS: "serpapi"}[platform],
    }
    return tuple(
        one for one in services if one.name in wanted and not (one.name == "serpapi" and one.state is Ready.MISSING)
    )
