"""One draft on one channel."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from cid.domain.ids import ChannelId, DecisionId, DraftId, PublicationId, TenantId, VersionId
from cid.domain.lifecycle import Lifecycle
from cid.domain.llm import Json


class ChannelKind(StrEnum):
    SITE = "site"
    WORDPRESS = "wordpress"
    DEVTO = "devto"
    GHOST = "ghost"


class Disclosure(StrEnum):
    """What readers are told of how a text came to be."""

    DISCLOSE = "disclose"
    """That a model drafted it, and that a person approved it."""
    RESPONSIBILITY = "editorial-responsibility"
    """Who reviewed it and answers for it; the review has to be a real one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    tenant_id: TenantId
    id: ChannelId
    kind: ChannelKind
    name: str
    base_url: str
    canonical: bool
    active: bool
    tenant_slug: str = ""
    """The tenant's short name; names its folder."""
    config: Mapping[str, Json] = field(default_factory=dict)
    """What its kind wants to know beside the address: never a secret."""
    sealed: str = field(default="", repr=False)
    """What lets us in, encrypted: `ports.Vault` opens it with `secret_context`."""
    disclosure: Disclosure = Disclosure.DISCLOSE
    """Its own mode, or its tenant's."""
    responsible: str = ""
    """Who holds editorial responsibility, by name."""

    @property
    def secret_context(self) -> str:
        """What the secret is sealed for: copied to another channel or tenant it does not open."""
        return f"channel:{self.tenant_id}:{self.id}"

    @property
    def settings(self) -> str:
        """A short hash of all that decides about the bytes it receives. A version rendered under another is rendered
        anew before anybody approves it."""
        named = self.responsible if self.disclosure is Disclosure.RESPONSIBILITY else ""
        said = [self.kind, self.base_url, dict(self.config), self.disclosure, named]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


class PublicationState(StrEnum):
    PLANNED = "planned"
    SENDING = "sending"
    LIVE = "live"
    FAILED = "failed"
    UNKNOWN = "unknown"
    UPDATING = "updating"
    RETRACTING = "retracting"
    RETRACTED = "retracted"


_P = PublicationState
PUBLICATION = Lifecycle(
    "publication",
    {
        # retracted before it was sent: an undo
        _P.PLANNED: frozenset({_P.SENDING, _P.RETRACTED}),
        _P.SENDING: frozenset({_P.LIVE, _P.FAILED, _P.UNKNOWN}),
        # found → live; looked for a full timeout later and not there → planned
        _P.UNKNOWN: frozenset({_P.LIVE, _P.PLANNED, _P.RETRACTING}),
        _P.FAILED: frozenset({_P.PLANNED, _P.RETRACTED}),
        _P.LIVE: frozenset({_P.UPDATING, _P.RETRACTING}),
        # An update and a retraction are repeated until what is there is as wanted: the same bytes to the same post.
        # Back to live: refused, and what was there before still is. Failed: it is not there any more. Back to
        # unknown: it was to be taken back before anybody knew whether it is there, and that was refused.
        _P.UPDATING: frozenset({_P.LIVE, _P.FAILED, _P.RETRACTING}),
        _P.RETRACTING: frozenset({_P.RETRACTED, _P.LIVE, _P.UNKNOWN}),
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    tenant_id: TenantId
    id: PublicationId
    draft_id: DraftId
    channel_id: ChannelId
    decision_id: DecisionId
    version_id: VersionId
    sha256: bytes
    state: PublicationState
    url: str
    external_id: str
    error: str
    planned_at: datetime
    live_at: datetime | None
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something that a channel did not keep of what it was given, or that a person should know of it there."""

    what: str
    """A word for machines, such as `terms`, `meta`, `json_ld`, `image`, `html`."""
    detail: str
    """A sentence."""


class Fate(StrEnum):
    """What became of an approved draft: a fold of its publications, never stored."""

    SCHEDULED = "scheduled"
    LIVE = "live"
    PARTLY_LIVE = "partly_live"
    FAILED = "failed"
    RETRACTED = "retracted"


def fate(states: Iterable[PublicationState]) -> Fate | None:
    """None while nothing was planned."""
    seen = list(states)
    if not seen:
        return None
    live = [state in {_P.LIVE, _P.UPDATING, _P.RETRACTING} for state in seen]
    if all(live):
        return Fate.LIVE
    if any(live):
        return Fate.PARTLY_LIVE
    if all(state is _P.RETRACTED for state in seen):
        return Fate.RETRACTED
    if any(state is _P.FAILED for state in seen):
        return Fate.FAILED
    return Fate.SCHEDULED
