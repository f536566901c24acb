"""What the pages about mail show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cid.domain.digest import Wishes
from cid.domain.mail import Mail, MailState
from cid.store.mails import Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class MailLine:
    mail: Mail
    again: bool
    """It can be sent again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailView:
    wishes: Wishes
    zones: Sequence[str]
    zone: str
    """In force for this person."""
    address: str
    marked: bool
    """The address refuses our mail."""
    broken: str
    """Why no mail goes out; empty: it does."""
    since: datetime | None
    manages: bool
    may_analyse: bool
    counts: Counts | None
    state: MailState | None
    states: Sequence[MailState]
    rows: Sequence[MailLine]
    first: str
    next: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveView:
    tenant: str
    email: str
    done: bool
