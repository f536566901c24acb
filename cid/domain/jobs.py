"""Units of work in the queue. Payloads hold ids only, so a replay is cheap and old payloads stay readable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from cid.domain.ids import JobId, TenantId


class JobKind(StrEnum):
    """One per box of the data flow; `workers/table.py` says what each runs."""

    POLL = "poll"
    HEAL = "heal"
    GROUP = "group"
    JUDGE = "judge"
    RULES = "rules"
    RELATE = "relate"
    LEARN = "learn"
    READ = "read"
    ASSESS = "assess"
    GATHER = "gather"
    FIT = "fit"
    DRAFT = "draft"
    REVIEW = "review"
    FOLLOW = "follow"
    TRACK = "track"
    ANALYSE = "analyse"
    MONITORS = "monitors"
    CHANGE = "change"
    CHANGED = "changed"
    PUBLISH = "publish"
    MAIL = "mail"
    DIGESTS = "digests"
    DIGEST = "digest"
    BREAKING = "breaking"
    BATCHES = "batches"
    WAKE = "wake"
    TIDY = "tidy"
    TRY = "try"


class JobState(StrEnum):
    SCHEDULED = "scheduled"
    READY = "ready"
    RUNNING = "running"


NOTHING: Mapping[str, str] = {}


class NewJob(NamedTuple):
    """`dedupe` names the work among the jobs that wait: a second one with the same kind and key changes nothing.
    A job that already runs does not count, because it may have looked before the new fact arrived."""

    kind: JobKind
    tenant: TenantId
    key: str = ""
    """What the job belongs to inside its tenant, such as a channel or a host: jobs of one key make a group, keys of a
    tenant take turns, and `most_per_key` and `rate_per_key` hold for each."""
    payload: Mapping[str, str] = NOTHING
    dedupe: str | None = None
    run_at: datetime | None = None
    priority: int = 0
    """Lower first."""


class Enqueued(NamedTuple):
    """What became of a new job."""

    id: JobId | None
    """Of the job, or of the waiting one that does its work; None: that one was claimed before we could read its id."""
    added: bool


@dataclass(frozen=True, slots=True)
class Rate:
    """One hand-out may start in `every`, `burst` of them at once, counted over all processes (GCRA)."""

    every: timedelta
    burst: int = 1


@dataclass(slots=True, kw_only=True)
class Job:
    """A job in hand. `lease` is made anew for every claim; whatever ends the job must name it."""

    id: JobId
    tenant: TenantId
    kind: JobKind
    key: str = ""
    payload: Mapping[str, str]
    attempt: int
    lease: int
    last_error: str = ""
    """Why the attempt before this one failed."""
