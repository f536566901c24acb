"""Drafts and their versions. A version is the bytes each planned channel will receive."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cid.domain.ids import CallId, DraftId, ScreeningId, StoryId, TenantId, UserId, VersionId
from cid.domain.lifecycle import Lifecycle


class DraftState(StrEnum):
    WRITTEN = "written"
    READY = "ready"
    HELD = "held"
    APPROVED = "approved"
    CHANGES_REQUESTED = "changes_requested"
    REJECTED = "rejected"


DRAFT = Lifecycle(
    "draft",
    {
        DraftState.WRITTEN: frozenset({DraftState.READY, DraftState.HELD}),
        # back to written: an edit makes a new version, which is reviewed again
        DraftState.READY: frozenset(
            {DraftState.APPROVED, DraftState.CHANGES_REQUESTED, DraftState.REJECTED, DraftState.WRITTEN}
        ),
        DraftState.HELD: frozenset(
            {DraftState.APPROVED, DraftState.CHANGES_REQUESTED, DraftState.REJECTED, DraftState.WRITTEN}
        ),
        DraftState.CHANGES_REQUESTED: frozenset({DraftState.WRITTEN, DraftState.REJECTED}),
        # an undo, while no publication is being sent: what its review made it; written: an edit of what is live
        DraftState.APPROVED: frozenset({DraftState.READY, DraftState.HELD, DraftState.WRITTEN}),
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    question: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    title: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture of the tenant's, and what is said of it. Its bytes are stored once, under `id`."""

    id: str
    sha256: str
    """Of its bytes, in hex: a version's hash covers the picture too."""
    mime: str
    width: int
    height: int
    alt: str
    credit: str
    """As readers see it, such as "Photo by Ada Lind on Pexels"."""
    credit_url: str
    page_url: str
    """Where it is shown with its terms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """What a person edits and a renderer turns into bytes."""

    title: str
    slug: str
    description: str
    body: str
    """CommonMark with tables, without a level-one heading."""
    keywords: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    references: tuple[Reference, ...] = ()
    linkedin: str = ""
    short_post: str = ""
    """For networks of short posts: at most 280 characters."""
    newsletter: str = ""
    """A blurb of a few sentences."""
    image_brief: str = ""
    """What a picture for it should show, for whoever looks for one."""
    structure: str = ""
    """The skeleton that it was written to."""
    angle: str = ""
    angle_reason: str = ""
    """Why it was told from that side."""
    image: Image | None = None
    """None is fine."""


def article_from(text: str) -> Article:
    """An Article from its canonical JSON, as a version keeps it."""
    value = json.loads(text)
    value["keywords"] = tuple(value["keywords"])
    value["questions"] = tuple(Question(**question) for question in value["questions"])
    value["references"] = tuple(Reference(**reference) for reference in value["references"])
    value["image"] = Image(**value["image"]) if value.get("image") else None
    return Article(**value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    tenant_id: TenantId
    id: DraftId
    screening_id: ScreeningId
    story_id: StoryId
    ordinal: int
    """1 for the first of its screening."""
    update_of: DraftId | None
    """The first, of which this one tells what happened since."""
    state: DraftState
    current_version_id: VersionId
    sample: bool
    found_at: datetime
    created_at: datetime
    changed_at: datetime


class Author(StrEnum):
    MACHINE = "machine"
    PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    tenant_id: TenantId
    id: VersionId
    draft_id: DraftId
    number: int
    author: Author
    author_id: UserId | None
    call_id: CallId | None
    provider: str
    """The provider and model that wrote it, or the empty string for a person. `offline` is shown on every page."""
    revises: VersionId | None
    """The version that the machine's own revision made it of."""
    article: str
    """The Article as canonical JSON."""
    payloads: str
    """Channel id → payload, canonical JSON. Publishing sends exactly this; nothing is rendered later."""
    sha256: bytes
    """Of `payloads` in UTF-8."""
    renderer: str
    made_at: datetime
