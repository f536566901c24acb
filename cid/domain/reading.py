"""Articles read at their own pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class TextState(StrEnum):
    """What reading an article's page came to. Anything but `read` leaves the feed's own text as it is."""

    READ = "read"
    PAYWALLED = "paywalled"
    BLOCKED = "blocked"
    """The server refuses us, or wants to see a browser."""
    SCRIPT = "script"
    """The page holds no text until a browser runs its script."""
    FORBIDDEN = "forbidden_by_robots"
    GONE = "gone"
    UNREACHABLE = "unreachable"
    TOO_SHORT = "too_short"
    """Hardly any text was found."""
    UNREADABLE = "unreadable"
    """No page, or one that could not be read within its limits."""

    @property
    def passing(self) -> bool:
        """Whether it may be otherwise later, so that another try is worth it."""
        return self in {TextState.BLOCKED, TextState.UNREACHABLE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One look at an article's page. `text` is empty unless the state is `read`."""

    state: TextState
    detail: str = ""
    text: str = ""
    """Paragraphs, an empty line between them."""
    words: int = 0
    title: str = ""
    language: str = ""
    """BCP 47 in lower case; empty: nobody said."""
    canonical_url: str = ""
    """What the page calls its own address, where that is on the same site; empty: nothing of use."""
    published_at: datetime | None = None
    status: int | None = None
    """Of HTTP; None: there was no answer, or it was not asked for."""
    size: int = 0
    """Bytes of the body, unpacked."""
    sha: bytes | None = None
    """SHA-256 of the body."""
    retry_after_s: int | None = None
