"""What the rubric cannot see. No check gives points: one that does not pass caps the rating shown, and says why.

Every check walks its texts once, and nothing that a briefing says makes one raise.
"""

from __future__ import annotations

from collections.abc import Sequence

from cid.briefing.score.calibration import factors, labels, support
from cid.briefing.score.substance import certainty, placeholders, repetition, substance
from cid.briefing.score.support import addresses, findings, quotes, titles
from cid.briefing.score.told import Ground, Prose
from cid.domain.briefing import Briefing
from cid.domain.run import RunItem
from cid.domain.scorecard import ContentCheck, Rating

CHECKS = (quotes, findings, titles, addresses, factors, support, substance, placeholders, repetition, certainty)
OFFLINE = "offline"


def content_checks(
    briefing: Briefing | None, items: Sequence[RunItem], *, asked: int | None, provider: str
) -> tuple[ContentCheck, ...]:
    """Without a briefing there is one check alone, which says so."""
    if not isinstance(briefing, Briefing):
        why = "The answer has no structure that could be looked at; it is kept as it came."
        return (ContentCheck(name="structure", passed=False, why=why, cap=Rating.FAILING),)
    subject = briefing.subject_profile
    told, ground = Prose(briefing), Ground(items, f"{subject.name} {subject.handle}")
    return (
        *(check(told, ground) for check in CHECKS),
        *labels(told, ground),
        _extracts(provider or briefing.methodology.model or briefing.metadata.model_version),
        _enough(len(items), asked),
    )


def _extracts(provider: str) -> ContentCheck:
    by_us = provider.startswith(OFFLINE)
    why = "It is made of extracts: no model read the items." if by_us else "It is no mere list of extracts."
    return ContentCheck(name="extracts", passed=not by_us, why=why, cap=Rating.ACCEPTABLE)


def _enough(came: int, asked: int | None) -> ContentCheck:
    """Few items carry little, however well they are read."""
    if asked is None:
        return ContentCheck(
            name="items", passed=None, why=f"It rests on {came} items; how many were asked for is not known."
        )
    why = f"{came} of {asked} items that were asked for came."
    cap = Rating.ACCEPTABLE if came <= 1 < asked else Rating.GOOD if 2 * came < asked else None
    return ContentCheck(name="items", passed=came >= asked, why=why, cap=cap)
