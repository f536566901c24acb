"""Mail: at most once. Who was to get what, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from cid.domain.ids import TenantId, UserId
from cid.domain.lifecycle import Lifecycle

ATTACHED = 5_000_000
"""Bytes of all that is attached, before it is written in the letters of mail, which adds a third (RFC 2045, 6.8)."""


class MailKind(StrEnum):
    INVITE = "invite"
    RESET = "reset"
    DIGEST = "digest"
    BREAKING = "breaking"
    """A draft of an urgent story is ready."""
    CHANGE = "change"
    """A large change at an outlet that is watched."""
    BRIEFING = "briefing"
    """A briefing that a member sent by hand."""
    LINK = "link"
    """A fresh link for one that expired."""
    NOTICE = "notice"
    """Something that happened to an account, or a mail for trying."""


class MailState(StrEnum):
    PLANNED = "planned"
    SENDING = "sending"
    SENT = "sent"
    """The next server took it over."""
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """It was given away and nobody said that it was taken: never sent again by itself."""
    BOUNCED = "bounced"


_M = MailState
MAIL = Lifecycle(
    "mail",
    {
        # refused before it was sent: its reader is gone, or its tenant is paused for good
        _M.PLANNED: frozenset({_M.SENDING, _M.REFUSED}),
        # planned again: deferred, or nothing of it was given away
        _M.SENDING: frozenset({_M.SENT, _M.PLANNED, _M.REFUSED, _M.UNKNOWN}),
        _M.SENT: frozenset({_M.BOUNCED}),
        # a person says so
        _M.UNKNOWN: frozenset({_M.PLANNED, _M.SENT, _M.BOUNCED}),
        _M.REFUSED: frozenset({_M.PLANNED}),
        _M.BOUNCED: frozenset({_M.PLANNED}),
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """The server that takes our mail over."""

    host: str
    port: int
    user: str = ""
    """Empty: it wants to know nobody."""
    wrapped: bool = False
    """TLS from the first byte; else by STARTTLS, which is then a must."""
    bare: bool = False
    """No TLS at all: on this machine only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    name: str
    """In any script."""
    mime: str
    """Such as application/pdf: no text, whose letters a mail program would have to be told."""
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What goes out: plain text that is complete by itself, and the same as HTML."""

    to: str
    subject: str
    text: str
    html: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    """Beside those that every mail of ours has, such as List-Unsubscribe."""
    message_id: str = ""
    """Without angle brackets: made of the mail's own id, so that a bounce can be matched."""
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A row of `mails`, without its text."""

    id: UUID
    tenant_id: TenantId | None
    kind: MailKind
    key: str
    user_id: UserId | None
    address: str
    subject: str
    state: MailState
    error: str
    attempts: int
    planned_at: datetime
    sent_at: datetime | None
    changed_at: datetime
