"""The skeletons that an article may be written to: which parts, in which order, how long.

Several of them, because one for everything is a fingerprint of mass production. They are known by the kinds of their
parts, never by the words of headings, so that two articles of one structure need not look alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PartKind(StrEnum):
    OPENING = "opening"
    """Prose before the first heading."""
    PROSE = "prose"
    BULLETS = "bullets"
    """At least a list; prose may stand before it."""
    STEPS = "steps"
    """A numbered list, or numbered headings of level three."""
    TABLE = "table"
    IMAGE = "image"
    """Where a picture may stand; pictures are chosen apart from the text."""
    QUESTIONS = "questions"
    REFERENCES = "references"


APART = frozenset({PartKind.IMAGE, PartKind.QUESTIONS, PartKind.REFERENCES})
"""What is no section of the body: an article keeps these in fields of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part. Bounds are (least, most), both inclusive; (0, 0) is no bound."""

    name: str
    kind: PartKind
    about: str = ""
    """What it is for, as the writer is told."""
    words: tuple[int, int] = (0, 0)
    entries: tuple[int, int] = (0, 0)
    """Of a list or steps; rows of a table without its head; references."""
    columns: int = 0
    """Of a table, at least."""
    optional: bool = False

    @property
    def in_body(self) -> bool:
        return self.kind not in APART


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    name: str
    about: str
    """What kind of story it is for, a sentence for people."""
    min_words: int
    """Of the body."""
    max_words: int
    parts: tuple[Part, ...]
    """In the order in which readers meet them."""
    min_questions: int = 0
    max_questions: int = 5
    min_claims: int = 0
    """Less evidence would make it padding."""
    min_publishers: int = 0

    @property
    def body(self) -> tuple[Part, ...]:
        """Its sections in order; the first is the opening, which has no heading."""
        return tuple(part for part in self.parts if part.in_body)

    @property
    def opens(self) -> bool:
        return bool(self.body) and self.body[0].kind is PartKind.OPENING

    def questions(self, most: int) -> tuple[int, int]:
        """(least, most) where the tenant wants at most `most`."""
        return min(self.min_questions, most), min(self.max_questions, most)
