"""Gate 1: six rules in their order, by words."""

from __future__ import annotations

from dataclasses import replace
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


def told(verdict: Verdict) -> Verdict:
    """Without what it went by."""
    return replace(verdict, signals={})


def test_what_says_hardly_anything_is_dropped() -> None:
    assert told(said("Harbour", "")) == Drop(Reason.TOO_SHORT, "7 of 50 characters")
    assert told(said("h" * 50, "")) != Drop(Reason.TOO_SHORT, "50 of 50 characters")


def test_a_source_that_is_not_trusted_is_not_read() -> None:
    assert told(said("Harbour opens", trust=0.39)) == Drop(Reason.LOW_TRUST, "trust 0.39 is below 0.40")
    assert told(said("Harbour opens", trust=0.4)) == Pass(Reason.KEYWORD, "harbour")


def test_old_news_is_no_news() -> None:
    assert told(said("Harbour opens", published_at=NOW - timedelta(hours=49))) == Drop(Reason.STALE, "49 h old")
    assert told(said("Harbour opens", published_at=NOW - timedelta(hours=48))) == Pass(Reason.KEYWORD, "harbour")


def test_an_exclusion_beats_keywords_and_urgency() -> None:
    assert told(said("Breaking: gaming pier in the harbour")) == Drop(Reason.EXCLUDED_TOPIC, "gaming")


def test_urgent_news_needs_no_keyword() -> None:
    assert told(said("BREAKING: storm warning for the coast")) == Pass(Reason.URGENT, "breaking")


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
        ("Bank leaves interest rates alone", "interest rate"),
    ],
)
def test_a_keyword_is_found_as_a_word_and_named(title: str, found: str) -> None:
    assert told(said(title)) == Pass(Reason.KEYWORD, found)


@pytest.mark.parametrize("title", ["Harbourside cafe opens", "Rate of interest falls", "Growing interest"])
def test_a_part_of_a_word_or_other_order_is_no_keyword(title: str) -> None:
    assert told(said(title)) == Drop(Reason.NO_KEYWORD)


def test_a_phrase_does_not_run_from_the_title_into_the_summary() -> None:
    assert (
        said("There is growing interest", "rate payers of the whole county are said to be watching closely").reason
        is Reason.NO_KEYWORD
    )


def test_a_profile_without_keywords_says_so() -> None:
    assert told(said("Anything", profile=Profile())) == Drop(Reason.NO_KEYWORD, "the profile names no keywords")


def test_all_keywords_found_are_kept_and_three_are_named() -> None:
    profile = Profile(keywords=("ferry", "harbour", "crane", "mole", "pier", "Harbours"))
    verdict = said("Pier and harbour", "The ferry waits at the pier while a crane is put up on the mole.", profile)
    assert verdict.signals["keywords"] == ["ferry", "harbour", "crane", "mole", "pier"]
    assert verdict.detail == "ferry, harbour, crane and 2 more"


def test_urgent_news_keeps_the_keywords_it_names_as_well() -> None:
    verdict = said("Breaking: fire in the harbour")
    assert (verdict.reason, verdict.signals["keywords"]) == (Reason.URGENT, ["harbour"])


def test_an_item_without_a_date_is_kept_and_marked() -> None:
    verdict = said("Harbour opens", published_at=NOW - timedelta(days=30), dated=False)
    assert isinstance(verdict, Pass)
    assert (verdict.signals["dated"], verdict.signals["age_h"]) == (False, None)
    assert said("Harbour opens").signals["dated"] is True


@pytest.mark.parametrize("keyword", ["", "   ", "!!!", "...", "\ud800", "🚢", "w " * 41])
def test_keywords_that_cannot_be_found_are_told_apart_from_none(keyword: str) -> None:
    verdict = said(f"Harbour {keyword}", profile=Profile(keywords=(keyword,)))
    assert (verdict.reason, verdict.detail[:36]) == (Reason.NO_KEYWORD, "no keyword of the profile can be fou")


@pytest.mark.parametrize(
    "keyword", ["a.*", "(harbour", "[harbour]", "harbour|pier", "\\bharbour\\b", "harbour)", "^harbour$"]
)
def test_a_keyword_is_no_pattern(keyword: str) -> None:
    assert isinstance(said("Harbour opens", profile=Profile(keywords=(keyword,))), Pass) is (
        keyword in {"(harbour", "[harbour]", "harbour)", "^harbour$"}
    )


@pytest.mark.parametrize(
    ("keyword", "title", "there"),
    [
        ("ban", "An urban garden", False),
        ("ban", "A ban on urban gardens", True),
        ("R", "A course in R for all", True),
        ("R", "Our courses are rare", False),
        ("ставка", "Центральный банк повысил ставки", True),
        ("ключевая ставка", "Банк о ключевой ставке", True),
        ("बैंक", "बैंकों ने ब्याज दरें बढ़ाईं", True),
        ("ब्याज दर", "बैंकों ने ब्याज दरें बढ़ाईं", True),
        ("बैंक", "चुनाव के नतीजे आज आएंगे", False),
        ("البنك المركزي", "قرر البنك المركزي رفع الفائدة", True),
        ("بنك", "قرر البنك المركزي رفع الفائدة", True),
        ("地震", "東京で地震が起きた", True),
        ("地震", "東京の天気は晴れ、地面が震えた", False),
        ("ธนาคาร", "วันนี้ธนาคารแห่งประเทศไทยประกาศ", True),
        ("은행", "한국은행이 금리를 올렸다", False),
        ("금리", "한국은행이 금리를 올렸다", True),
    ],
)
def test_keywords_of_any_script_are_found_as_words(keyword: str, title: str, there: bool) -> None:
    assert isinstance(said(title, profile=Profile(keywords=(keyword,))), Pass) is there
