"""What a story's own items say: the only ground a draft may stand on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cid.domain.ids import ItemId


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One item of a story as a tenant may see it."""

    item_id: ItemId
    url: str
    title: str
    summary: str
    publisher: str
    sample: bool
    reported_at: datetime
    """When it was published, at most when it was first seen."""
    text: str = ""
    """The beginning of the article, read at its page; empty: only the summary is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One sentence of one item, word for word."""

    text: str
    item_id: str
    url: str
    title: str
    publisher: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How many publishers a tenant may count report a story, and when the newest of them joined."""

    publishers: int
    newest_at: datetime | None
