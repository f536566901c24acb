"""What the pages about calls are given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cid.domain.ids import CallId
    from cid.store.calls import About, Call, CallRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    text: str
    tone: str
    means: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLine:
    row: CallRow
    chip: Chip
    stage: str
    stop: str
    offline: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CallsView:
    rows: Sequence[CallLine]
    stages: Sequence[tuple[str, str]]
    models: Sequence[tuple[str, str]]
    states: Sequence[tuple[str, str]]
    spans: Sequence[tuple[str, str]]
    stage: str
    model: str
    state: str
    since: str
    filtered: bool
    first: str
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectLine:
    """One thing that was asked about."""

    id: str
    key: str
    about: About | None
    answer: str
    """As JSON; empty: none is kept."""
    others: CallId | None
    """The call whose answer it is, where that is another one."""
    asked: str
    """Its input as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallView:
    call: Call
    chip: Chip
    stage: str
    stop: str
    reading: str
    offline: bool
    paid_read: bool
    """Of a source: no model was asked."""
    tokens: Sequence[tuple[str, int]]
    subjects: Sequence[SubjectLine]
    followed: Sequence[CallId]
    passed: Sequence[str]
    shared: str
    schema: str
    differences: Sequence[str]
    notes: Sequence[str]
    read_again: bool
