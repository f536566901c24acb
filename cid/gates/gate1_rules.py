"""Gate 1: six rules that cost nothing. The first that decides, decides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cid.domain.policy import Rules
from cid.domain.tenants import Profile
from cid.domain.verdicts import Drop, Pass, Reason, Verdict
from cid.text.words import Phrase, first_found, phrases, uncompounded, words


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An item as one tenant sees it."""

    title: str
    summary: str
    trust: float
    """Of the best source the tenant has it from, 0 to 1."""
    published_at: datetime
    """When it was first seen, where the source gives no date or one that lies ahead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sieve:
    """One tenant's rules, made ready once for many items."""

    rules: Rules
    excluded: tuple[Phrase, ...]
    urgent: tuple[Phrase, ...]
    keywords: tuple[Phrase, ...]


def sieve(rules: Rules, profile: Profile) -> Sieve:
    return Sieve(
        rules=rules,
        excluded=phrases(profile.excluded),
        urgent=phrases(rules.urgent_words),
        keywords=phrases(profile.keywords),
    )


def judge(sieve: Sieve, item: Candidate, now: datetime) -> Verdict:
    """Exclusions come before urgency and keywords: what a tenant will not have, no other word brings back."""
    if dropped := _plainly(sieve.rules, item, now):
        return dropped
    text = [*words(item.title), "", *words(item.summary)]  # a phrase does not run from one into the other
    if found := first_found(sieve.excluded, text):
        return Drop(Reason.EXCLUDED_TOPIC, found.written)
    # in the title only, and not inside `record-breaking`: a summary mentions emergencies in passing
    if found := first_found(sieve.urgent, words(uncompounded(item.title))):
        return Pass(Reason.URGENT, found.written)
    if found := first_found(sieve.keywords, text):
        return Pass(Reason.KEYWORD, found.written)
    return Drop(Reason.NO_KEYWORD, "" if sieve.keywords else "the profile names no keywords")


def _plainly(rules: Rules, item: Candidate, now: datetime) -> Drop | None:
    """What needs no look at the words."""
    length = len(f"{item.title} {item.summary}".strip())
    if length < rules.min_chars:
        return Drop(Reason.TOO_SHORT, f"{length} of {rules.min_chars} characters")
    if item.trust < rules.min_trust:
        return Drop(Reason.LOW_TRUST, f"trust {item.trust:.2f} is below {rules.min_trust:.2f}")
    age = now - item.published_at
    if age > rules.max_age:
        return Drop(Reason.STALE, f"{age.total_seconds() / 3600:.0f} h old")
    return None
