"""What the pages about people show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cid.domain.tenants import Membership, Role
from cid.flows.people.own import Enrolment
from cid.store.people import Place, Somebody


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeView:
    ticket: str
    next: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgotView:
    asked: bool
    """The answer, whoever was asked for."""
    mails: bool
    """There is a mail server."""
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetView:
    token: str
    email: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionView:
    id: str
    browser: str
    system: str
    since: datetime
    seen_at: datetime
    this: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    name: str
    zone: str
    zones: Sequence[str]
    sessions: Sequence[SessionView]
    memberships: Sequence[Membership]
    second: bool
    recovery: int
    """Codes that are left."""
    part: str = ""
    """Where the problem is: profile, password, second, sessions."""
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondView:
    enrolment: Enrolment
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodesView:
    """Shown once."""

    codes: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleView:
    people: Sequence[Place]
    me: str
    """The address of whoever looks."""
    q: str
    next: str
    first: str
    table: Sequence[tuple[str, Sequence[bool]]]
    """What may be done, and for each role whether it may."""
    roles: Sequence[tuple[Role, str]]
    mails: bool
    email: str = ""
    role: Role = Role.EDITOR
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformPeopleView:
    people: Sequence[Somebody]
    me: str
    q: str
    next: str
    first: str
    problem: str = ""
