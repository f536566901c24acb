"""What a tenant has published on neighbouring topics."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """An article of the tenant's own that is live, at its canonical address."""

    title: str
    url: str
    keywords: tuple[str, ...]
    live_at: datetime
