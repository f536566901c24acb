"""What each sentence of a draft stands on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from cid.domain.evidence import Claim


class Support(StrEnum):
    """As far as rules can tell: they compare figures, days, names and words, never meaning."""

    SUPPORTED = "supported"
    """One report's sentence holds all of it."""
    NEAR = "near"
    """All of it stands in the evidence, but not in one sentence; or a like sentence lacks a part."""
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A sentence that names a figure, a day, somebody, or quotes."""

    field: str
    text: str
    parts: tuple[str, ...]
    """What in it can be checked, as written."""
    missing: tuple[str, ...]
    """Of those, what the nearest sentence lacks."""
    support: Support
    claim: Claim | None
    """The nearest sentence of the evidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """How much of the text stands in one source, too."""

    url: str
    share: float
    """Of its runs of five words, 0 to 1."""
    longest: str
    """The longest run of words, folded."""
    words: int


@dataclass(frozen=True, slots=True)
class Link:
    address: str
    known: bool
    """In the evidence, or an article of the tenant's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    statements: tuple[Statement, ...] = ()
    cut: bool = False
    """There are more of them."""
    likeness: tuple[Likeness, ...] = ()
    """The sources that it is most like."""
    links: tuple[Link, ...] = ()
