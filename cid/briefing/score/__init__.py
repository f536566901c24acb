"""What a briefing scores: the rubric of form, seven times ten points, and checks of content that cap what is shown.

Pure, and the same for the same input. docs/quality-of-briefings.md has both as tables.
"""

from __future__ import annotations

from collections.abc import Sequence

from cid.briefing.score.content import content_checks
from cid.briefing.score.rubric import dimensions, rated
from cid.domain.briefing import Briefing
from cid.domain.run import RunItem
from cid.domain.scorecard import Rating, Scorecard

VERSION = "1"
"""Of the rubric and the checks together: another one where any threshold, phrase or cap changes."""
ORDER = tuple(Rating)


def scorecard(
    briefing: Briefing | None, items: Sequence[RunItem], *, asked: int | None = None, provider: str = ""
) -> Scorecard:
    """Never raises for what a briefing says. `asked`: how many items the run wanted, None where nobody knows;
    `provider`: who wrote it, as `StoredBriefing.provider`; empty: as its methodology says."""
    rubric = dimensions(briefing)
    rating = rated(sum(one.score for one in rubric))
    checks = content_checks(briefing, items, asked=asked, provider=provider)
    caps = [one.cap for one in checks if one.passed is False and one.cap is not None]
    return Scorecard(
        dimensions=rubric,
        checks=checks,
        rating=rating,
        shown=max((rating, *caps), key=ORDER.index),
        version=VERSION,
    )
