"""All there is of one run: what pages show and exports carry. Parts that are not there are None or empty."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cid.domain.briefing import StoredBriefing
from cid.domain.ids import UserId
from cid.domain.narratives import StoredMatch
from cid.domain.news import PollOutcome
from cid.domain.run import Profile, Run, RunFetch, RunItem, RunStep, Shortfall
from cid.domain.scorecard import StoredScorecard


class About(StrEnum):
    """What a reader's feedback is about."""

    RUN = "run"
    FINDING = "finding"
    MATCH = "match"


class Feeling(StrEnum):
    USEFUL = "useful"
    WRONG = "wrong"
    MISLEADING = "misleading"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    about: About
    ref: str
    """The finding's number from 1, or the match's id; empty: the run."""
    feeling: Feeling
    note: str
    user_id: UserId | None
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    run: Run
    steps: tuple[RunStep, ...]
    fetches: tuple[RunFetch, ...]
    items: tuple[RunItem, ...]
    profile: Profile | None
    briefing: StoredBriefing | None
    scorecard: StoredScorecard | None
    matches: tuple[StoredMatch, ...]
    feedback: tuple[Feedback, ...]


def healthy(fetch: RunFetch) -> bool:
    """The source answered, with something or nothing. An outcome that no poll knows is no answer."""
    return fetch.outcome in {outcome for outcome in PollOutcome if outcome.healthy}


def lacks(briefing: StoredBriefing | None, fetches: Iterable[RunFetch], *, agreed: bool) -> set[Shortfall]:
    """What a briefing lacks before anybody has scored it. `agreed`: its answer was of the agreed shape."""
    found = set()
    if not all(map(healthy, fetches)):
        found.add(Shortfall.FETCH)
    if not agreed or briefing is None or not briefing.structured:
        found.add(Shortfall.SCHEMA)
    return found
