"""What a platform says about an account or channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cid.domain.llm import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a platform says about the account or channel, and when. None and empty: it does not say."""

    handle: str
    name: str = ""
    bio: str = ""
    followers: int | None = None
    following: int | None = None
    posts: int | None = None
    created_at: datetime | None = None
    verified: bool | None = None
    facts: Mapping[str, Json] = field(default_factory=dict)
