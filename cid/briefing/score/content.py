"""What the rubric cannot see: whether quotes are there, words mean something, and confidence is borne out."""

from __future__ import annotations

from collections.abc import Sequence

from cid.domain.briefing import Briefing
from cid.domain.run import RunItem
from cid.domain.scorecard import ContentCheck, Rating


def content_checks(
    briefing: Briefing | None, items: Sequence[RunItem], *, asked: int | None, provider: str
) -> tuple[ContentCheck, ...]:
    return (_offline(briefing, provider), _enough(items, asked))


def _offline(briefing: Briefing | None, provider: str) -> ContentCheck:
    written = provider or (briefing.methodology.model if briefing else "")
    by_us = written.startswith("offline")
    why = "It is made of extracts: no model read the items." if by_us else "A model wrote it."
    return ContentCheck(name="extracts", passed=not by_us, why=why, cap=Rating.ACCEPTABLE)


def _enough(items: Sequence[RunItem], asked: int | None) -> ContentCheck:
    if asked is None:
        return ContentCheck(name="items", passed=None, why=f"It rests on {len(items)} items.")
    enough = len(items) >= asked
    return ContentCheck(name="items", passed=enough, why=f"{len(items)} of {asked} items that were asked for came.")
