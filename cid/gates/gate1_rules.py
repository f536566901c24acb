"""Gate 1: six rules that cost nothing, in their order. The first that decides, decides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cid.domain.policy import Rules
from cid.domain.tenants import Profile
from cid.domain.verdicts import Drop, Pass, Reason, Signals, Verdict
from cid.text.phrasebook import Phrasebook, keys, phrasebook
from cid.text.words import Phrase, uncompounded

KEYWORDS = "keywords"
"""The signal that holds all keywords found, as the profile writes them: gate 3 asks how much they are searched for."""
BETWEEN = ""
"""Is no word: a phrase does not run from the title into the summary."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An item as one tenant sees it."""

    title: str
    summary: str
    trust: float
    """Of the best source the tenant has it from, 0 to 1."""
    published_at: datetime
    """When it was first seen, where the source gives a date that lies ahead; with no date it says nothing."""
    dated: bool = True
    """Whether anybody gave a date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sieve:
    """One tenant's rules, made ready once for many items."""

    rules: Rules
    excluded: Phrasebook
    urgent: Phrasebook
    keywords: Phrasebook
    wanting: str
    """What is wrong with the keywords, where there are none to be found."""


def sieve(rules: Rules, profile: Profile) -> Sieve:
    return _sieve(rules, profile.excluded, profile.keywords)


@lru_cache(maxsize=32)
def _sieve(rules: Rules, excluded: tuple[str, ...], keywords: tuple[str, ...]) -> Sieve:
    """Kept: a profile of 500 keywords takes longer to make ready than a hand-out takes to judge."""
    wanted = phrasebook(keywords)
    wanting = "" if wanted.phrases else "the profile names no keywords"
    if keywords and not wanted.phrases:
        wanting = "no keyword of the profile can be found: none is of letters or digits, and of 40 words at most"
    return Sieve(
        rules=rules,
        excluded=phrasebook(excluded),
        urgent=phrasebook(rules.urgent_words),
        keywords=wanted,
        wanting=wanting,
    )


def judge(sieve: Sieve, item: Candidate, now: datetime) -> Verdict:
    """Exclusions come before urgency and keywords: what a tenant will not have, no other word brings back. What the
    verdict goes by is in its signals; `age_h` is None where nobody gave a date, and the item is kept."""
    signals = _measured(item, now)
    if dropped := _plainly(sieve.rules, item, now, signals):
        return dropped
    title = keys(item.title)
    text = [*title, BETWEEN, *keys(item.summary)]
    if found := sieve.excluded.any_in(text):
        return Drop(Reason.EXCLUDED_TOPIC, found.written, signals=signals)
    named = sieve.keywords.all_in(text)
    signals = {**signals, KEYWORDS: [phrase.written for phrase in named]}
    # in the title only, and not inside `record-breaking`: a summary mentions emergencies in passing
    bare = uncompounded(item.title)
    if found := sieve.urgent.any_in(title if bare == item.title else keys(bare)):
        return Pass(Reason.URGENT, found.written, signals=signals)
    if named:
        return Pass(Reason.KEYWORD, _listed(named), signals=signals)
    return Drop(Reason.NO_KEYWORD, sieve.wanting, signals=signals)


def _measured(item: Candidate, now: datetime) -> Signals:
    age = round((now - item.published_at).total_seconds() / 3600, 1) if item.dated else None
    return {"characters": _length(item), "trust": round(item.trust, 2), "dated": item.dated, "age_h": age}


def _plainly(rules: Rules, item: Candidate, now: datetime, signals: Signals) -> Drop | None:
    """What needs no look at the words."""
    length = _length(item)
    if length < rules.min_chars:
        return Drop(Reason.TOO_SHORT, f"{length} of {rules.min_chars} characters", signals=signals)
    if item.trust < rules.min_trust:
        why = f"trust {item.trust:.2f} is below {rules.min_trust:.2f}"
        return Drop(Reason.LOW_TRUST, why, signals=signals)
    age = now - item.published_at
    if item.dated and age > rules.max_age:
        return Drop(Reason.STALE, f"{age.total_seconds() / 3600:.0f} h old", signals=signals)
    return None


def _length(item: Candidate) -> int:
    return len(f"{item.title} {item.summary}".strip())


def _listed(named: tuple[Phrase, ...]) -> str:
    """Three of them: all are in the signals."""
    more = len(named) - 3
    return ", ".join(phrase.written[:80] for phrase in named[:3]) + (f" and {more} more" if more > 0 else "")
