"""What every format is read into before it is cleaned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cid.domain.errors import CidError
from cid.domain.llm import Json

FORBIDDEN = "characters that no text may hold were left out"


class Unreadable(CidError):
    """`public` says what the bytes are instead of a feed."""

    def __init__(self, public: str) -> None:
        super().__init__(public)
        self.public = public


@dataclass(frozen=True, slots=True, kw_only=True)
class RawEntry:
    """Text as the feed has it: markup, entities, relative addresses and all."""

    guid: str = ""
    guid_is_link: bool = False
    link: str = ""
    base: str = ""
    """What `link` is relative to, where the document says so itself."""
    title: str = ""
    summary: str = ""
    author: str = ""
    published: tuple[str, ...] = ()
    """Dates in the order in which they are believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawFeed:
    title: str = ""
    site: str = ""
    language: str = ""
    entries: tuple[RawEntry, ...] = ()
    remarks: tuple[str, ...] = ()
    """What had to be mended to read it."""
    wishes: Mapping[str, Json] = field(default_factory=dict)
    """How often it wants to be asked, and where: see `feed.wishes`."""
