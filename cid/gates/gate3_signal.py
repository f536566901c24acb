"""Gate 3: do enough publishers report it, and do people search for it? No model; patient with the young.

    score = (spread * 0.6 + interest * 0.4) + 15 for a story that no competitor has, at most 100

The weights are the policy's. Where the interest is not known the spread has all the weight, and the verdict says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from cid.domain.angles import Competition
from cid.domain.evidence import Spread
from cid.domain.interest import Interest, Known, Question
from cid.domain.policy import Signal
from cid.domain.tenants import Profile
from cid.domain.verdicts import Drop, Pass, Reason, Signals
from cid.text.countries import country
from cid.text.words import first_found, phrases, words

KEYWORD = 100
"""Characters of a keyword that is asked about; longer ones are nothing that people search for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is known of a story."""

    spread: Spread
    urgent: bool = False
    """By its words."""
    interest: Interest = field(default_factory=Interest)
    competition: Competition = field(default_factory=Competition)


@dataclass(frozen=True, slots=True)
class Wait:
    """Judged again when another publisher joins, at the latest then."""

    until: datetime


Outcome: TypeAlias = Pass | Drop | Wait


# ----------------------------------------------------------------------------------------------------- what is asked


def questions(profile: Profile, keywords: Iterable[str], policy: Signal, *, lists: bool) -> Sequence[Question] | str:
    """What to ask about a story in which `keywords` were found, or why nothing can be. `lists`: the provider knows only
    what a place searches for most, so that one question does for all keywords."""
    if policy.interest_weight <= 0:
        return "the weight of search interest is 0"
    wanted = asked_about(keywords, policy)
    if not wanted:
        return "no keyword of the profile is in the story"
    if not profile.geography:
        return "the profile names no country"
    places = list(dict.fromkeys(code for place in profile.geography if (code := _country(place))))
    if not places:
        return f"no country is called {profile.geography[0][:40]!r}"
    places = places[: policy.interest_places]
    return [Question(place, keyword) for place in places for keyword in ([""] if lists else wanted)]


def asked_about(keywords: Iterable[str], policy: Signal) -> list[str]:
    """The first of `keywords`, folded, each once."""
    folded = dict.fromkeys(" ".join(words(keyword)) for keyword in keywords)
    return [keyword for keyword in folded if 0 < len(keyword) <= KEYWORD][: policy.interest_keywords]


def _country(place: str) -> str:
    """Of "Australia", "AU" or "Brisbane, Australia"."""
    return country(place) or country(place.rpartition(",")[2])


def interest(keywords: Iterable[str], known: Mapping[Question, Known], policy: Signal) -> Interest:
    """The highest of what is known about any of the keywords anywhere. A list holds a keyword when one of its searches
    does, as words side by side; that it holds none says nothing of a keyword: lists are short."""
    looked_for = phrases(asked_about(keywords, policy))
    found: list[Interest] = []
    for question, answer in known.items():
        for search, score in answer.scores.items():
            if search == question.keyword or (not question.keyword and first_found(looked_for, words(search))):
                found.append(Interest(score=score, of=f"{search} ({question.place})"))
    if found:
        return max(found, key=lambda one: one.score or 0)
    whys = [answer.missing for answer in known.values() if answer.missing]
    return Interest(missing=whys[0] if whys else "not among what is searched for most")


# ---------------------------------------------------------------------------------------------------- what is judged


def score(publishers: int, policy: Signal) -> int:
    return next((score for least, score in policy.spread_scores if publishers >= least), 0)


def weighed(seen: Seen, policy: Signal, *, searched: float | None = None) -> float:
    """0 to 100. `searched` instead of what is known of the interest."""
    value: float = score(seen.spread.within, policy)
    known = seen.interest.score if searched is None else searched
    if known is not None and policy.interest_weight > 0:
        whole = policy.spread_weight + policy.interest_weight
        value = (policy.spread_weight * value + policy.interest_weight * known) / whole
    return round(min(100.0, value + boost(seen, policy)), 2)


def boost(seen: Seen, policy: Signal) -> float:
    return policy.first_mover_boost if seen.competition.first_mover else 0.0


def bypass(seen: Seen, policy: Signal) -> str:
    """Why the threshold does not hold for it; empty: it does."""
    if seen.urgent:
        return "words"
    return "spread" if seen.spread.within >= policy.urgent_spread else ""


def worth_asking(seen: Seen, policy: Signal) -> bool:
    """Whether the answer to how much is searched for it can change what becomes of it."""
    if bypass(seen, policy) or policy.interest_weight <= 0:
        return False
    might = {weighed(seen, policy, searched=value) >= policy.min_score for value in (0.0, 100.0)}
    return len(might) > 1


def decide(seen: Seen, *, now: datetime, policy: Signal) -> Outcome:
    """Urgent news passes in any case. A story that nobody new reported for as long as our patience is over; a younger
    one may still spread."""
    value = weighed(seen, policy)
    told, signals = _reported(seen.spread, policy), _signals(seen, policy)
    match bypass(seen, policy):
        case "words":
            return Pass(Reason.URGENT, f"urgent words, {told}", value, signals)
        case "spread":
            return Pass(Reason.URGENT, told, value, signals)
    if value >= policy.min_score:
        return Pass(Reason.SIGNAL, told, value, signals)
    return _patient(seen, told, now, policy)


def uncitable(seen: Seen, now: datetime, policy: Signal) -> Drop | Wait:
    """Where it would pass, and there are only headlines whose addresses lead through somebody else's service, or what
    competitors wrote: nothing to write from yet, however many publishers there are."""
    return _patient(seen, "nothing that can be cited", now, policy)


def _patient(seen: Seen, told: str, now: datetime, policy: Signal) -> Drop | Wait:
    until = (seen.spread.newest_at or now) + policy.patience
    if until > now:
        return Wait(until)
    why = f"{told}, no new one for {_hours(policy.patience.total_seconds())}"
    return Drop(Reason.LOW_SIGNAL, why, weighed(seen, policy), _signals(seen, policy))


def _signals(seen: Seen, policy: Signal) -> Signals:
    searched = seen.interest
    return {
        "publishers": seen.spread.publishers,
        "publishers_within": seen.spread.within,
        "spread_score": score(seen.spread.within, policy),
        "search_interest": searched.score,
        **({"search_interest_of": searched.of} if searched.of else {}),
        **({"search_interest_missing": searched.missing} if searched.score is None else {}),
        "boost": boost(seen, policy),
        "competitors": len(seen.competition.taken),
        "competitors_followed": seen.competition.followed,
        "urgent": bypass(seen, policy),
    }


def _reported(spread: Spread, policy: Signal) -> str:
    told = f"{spread.publishers} publisher{'' if spread.publishers == 1 else 's'}"
    if spread.within == spread.publishers:
        return told
    return f"{told}, {spread.within} of them within {_hours(policy.window.total_seconds())}"


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:g} hours"
