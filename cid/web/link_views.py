"""What the pages behind links in mails are given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cid.domain.draft import Article
from cid.domain.evidence import Claim
from cid.domain.review import Finding, Review
from cid.render.diff import Field


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkView:
    """The page where somebody decides without signing in."""

    path: str
    nonce: str
    tenant: str
    who: str
    number: int
    made_at: datetime
    by: str
    """Who wrote this version; empty: the machine."""
    article: Article
    why: Sequence[str]
    review: Review | None
    outcome: str
    findings: Sequence[Finding]
    claims: Sequence[Claim]
    changed: Sequence[Field]
    """Since the version that the mail told of; empty: it is that one, or says the same."""
    mailed: int
    """The number of that version."""
    channels: Sequence[str]
    undo: timedelta
    zone: str
    signs_in: str
    """Why approving wants somebody who signs in; empty: it does not."""
    draft_page: str
    expires: datetime
    problem: str
    reason: str
    """What was typed before something went wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkEditView:
    path: str
    nonce: str
    tenant: str
    who: str
    number: int
    typed: Article
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkEnded:
    """Why nothing can be decided here, and where to go instead."""

    title: str
    sentence: str
    path: str
    may_ask: bool
    """A fresh link can be asked for."""
    draft_page: str
    """Where who signs in goes on; empty: nowhere."""
    again: bool
    """Looking again in a while helps."""
