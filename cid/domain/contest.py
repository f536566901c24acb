"""An item that might belong to another story as well, and what a judge made of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from cid.domain.ids import CallId, ItemId, StoryId
from cid.domain.lifecycle import Lifecycle


class ContestState(StrEnum):
    OPEN = "open"
    SAME = "same"
    """The stories merged."""
    DIFFERENT = "different"
    UNJUDGED = "unjudged"
    """Nobody said; the stories stay apart."""


CONTEST = Lifecycle(
    "contest",
    {ContestState.OPEN: frozenset({ContestState.SAME, ContestState.DIFFERENT, ContestState.UNJUDGED})},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """An open contest with what there is to judge by. Texts of public sources only."""

    id: UUID
    item_id: ItemId
    own: StoryId
    """The item's story today."""
    other: StoryId
    """The candidate as it is today; the same as `own` when they have merged meanwhile."""
    older_own: bool
    """Which of the two was there first."""
    public: bool
    sample: bool
    title: str
    summary: str
    at: datetime
    headlines: list[str]
    """Of the candidate, the first ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    contest: UUID
    state: ContestState
    why: str = ""
    """Of `unjudged`, and only there."""
    call: CallId | None = None
