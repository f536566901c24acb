"""Gate 1: six rules in their order, by words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cid.domain.tenants import Profile
from cid.domain.verdicts import Drop, Pass, Reason, Verdict
from cid.gates.gate1_rules import Candidate, judge, sieve
from tests import make

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LONG = "There is enough text here for nobody to call it an empty entry."
PROFILE = Profile(keywords=("harbour", "interest rate"), excluded=("gaming",))


def said(title: str, summary: str = LONG, profile: Profile = PROFILE, **over: Any) -> Verdict:
    values: dict[str, Any] = {"title": title, "summary": summary, "trust": 0.7, "published_at": NOW, **over}
    return judge(sieve(make.policy().rules, profile), Candidate(**values), NOW)


def test_what_says_hardly_anything_is_dropped() -> None:
    assert said("Harbour", "") == Drop(Reason.TOO_SHORT, "7 of 50 characters")
    assert said("h" * 50, "") != Drop(Reason.TOO_SHORT, "50 of 50 characters")


def test_a_source_that_is_not_trusted_is_not_read() -> None:
    assert said("Harbour opens", trust=0.39) == Drop(Reason.LOW_TRUST, "trust 0.39 is below 0.40")
    assert said("Harbour opens", trust=0.4) == Pass(Reason.KEYWORD, "harbour")


def test_old_news_is_no_news() -> None:
    assert said("Harbour opens", published_at=NOW - timedelta(hours=49)) == Drop(Reason.STALE, "49 h old")
    assert said("Harbour opens", published_at=NOW - timedelta(hours=48)) == Pass(Reason.KEYWORD, "harbour")


def test_an_exclusion_beats_keywords_and_urgency() -> None:
    assert said("Breaking: gaming pier in the harbour") == Drop(Reason.EXCLUDED_TOPIC, "gaming")


def test_urgent_news_needs_no_keyword() -> None:
    assert said("BREAKING: storm warning for the coast") == Pass(Reason.URGENT, "breaking")


@pytest.mark.parametrize("title", ["Record-breaking heat in the valley", "Heartbreaking scenes at the coast"])
def test_urgency_is_a_word_of_the_title_and_not_a_part_of_one(title: str) -> None:
    assert said(title).reason is Reason.NO_KEYWORD
    assert (
        said("Storm at the coast", "An emergency was declared, and breaking news followed it.").reason
        is Reason.NO_KEYWORD
    )


@pytest.mark.parametrize(
    ("title", "found"),
    [
        ("HARBOUR reopens", "harbour"),
        ("Bank leaves the interest-rate alone", "interest rate"),
    ],
)
def test_a_keyword_is_found_as_a_word_and_named(title: str, found: str) -> None:
    assert said(title) == Pass(Reason.KEYWORD, found)


@pytest.mark.parametrize("title", ["Harbourside cafe opens", "Rate of interest falls", "Growing interest"])
def test_a_part_of_a_word_or_other_order_is_no_keyword(title: str) -> None:
    assert said(title) == Drop(Reason.NO_KEYWORD)


def test_a_phrase_does_not_run_from_the_title_into_the_summary() -> None:
    assert (
        said("There is growing interest", "rate payers of the whole county are said to be watching closely").reason
        is Reason.NO_KEYWORD
    )


def test_a_profile_without_keywords_says_so() -> None:
    assert said("Anything", profile=Profile()) == Drop(Reason.NO_KEYWORD, "the profile names no keywords")
