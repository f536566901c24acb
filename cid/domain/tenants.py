"""Who uses the desk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cid.domain.ids import TenantId, UserId


class Desk(StrEnum):
    PUBLISHING = "publishing"
    TRACKER = "tracker"
    ANALYSIS = "analysis"


class Role(StrEnum):
    OWNER = "owner"
    EDITOR = "editor"
    ANALYST = "analyst"
    VIEWER = "viewer"


class Permission(StrEnum):
    """What a page, a command or a program's token can ask for. `docs/people.md` has the same table in words."""

    READ = "read"
    """See everything of a tenant but its settings of models and its people."""
    DECIDE = "decide"
    """Edit, approve, reject; have something judged or drafted again."""
    OVERRIDE = "override"
    """Approve what the review held or blocked, with a reason."""
    ANALYSE = "analyse"
    """Start and cancel runs, confirm and reject what they matched, keep monitors, say what is wrong."""
    MANAGE = "manage"
    """Change what the desk goes by: sources, gates, rules, models, channels, the profile."""
    PEOPLE = "people"
    """Let people in, change their roles, take them out."""


GRANTS: dict[Role, frozenset[Permission]] = {
    Role.OWNER: frozenset(Permission),
    Role.EDITOR: frozenset({Permission.READ, Permission.DECIDE, Permission.OVERRIDE, Permission.ANALYSE}),
    Role.ANALYST: frozenset({Permission.READ, Permission.ANALYSE}),
    Role.VIEWER: frozenset({Permission.READ}),
}
"""The whole table: whatever may be done in a tenant is one of these, and nobody may more than their role says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    id: TenantId
    slug: str
    name: str
    sample: bool
    created_at: datetime
    zone: str = "UTC"
    """Of the IANA time zone database: its days, its calendar, its mornings."""
    paused_at: datetime | None = None
    pause_reason: str = ""
    stopped_at: datetime | None = None
    """Nothing new of it goes out; all else goes on. Known to whoever looks at a page."""
    stop_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What the gates know about a tenant. Stored as one JSON document, read whole."""

    industry: str = ""
    language: str = "en"
    geography: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    primary_audience: str = ""
    secondary_audience: str = ""
    pain_points: tuple[str, ...] = ()
    business_goal: str = ""
    preferred_angles: tuple[str, ...] = ()
    avoided_angles: tuple[str, ...] = ()
    voice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    id: UserId
    email: str
    name: str
    admin: bool
    zone: str = ""
    """Of the IANA time zone database; empty: UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A person acting in one tenant. Decisions name one; nothing else may make them."""

    user: User
    tenant: Tenant
    role: Role

    def may(self, permission: Permission) -> bool:
        return permission in GRANTS[self.role]


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """A user's place in one tenant, and which of its desks are on."""

    tenant: Tenant
    role: Role
    desks: tuple[Desk, ...]
    unseen: bool = False
    """They were not here for a minute, or never yet."""
