"""Gate 3: spread, interest and competition make one score, and what is missing weighs nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cid.domain.angles import Competition, Taken
from cid.domain.errors import Misconfigured
from cid.domain.evidence import Spread
from cid.domain.interest import Interest, Known, Question
from cid.domain.policy import Signal
from cid.domain.tenants import Profile
from cid.domain.verdicts import Drop, Pass, Reason
from cid.gates import gate3_signal as gate3
from tests import make

NOW = datetime(2026, 9, 17, 12, tzinfo=UTC)
POLICY = make.policy().signal
RIVAL = Taken(publisher="rival.test", title="T", url="https://rival.test/1", angle=None)
SCORES = st.none() | st.floats(0, 100)


def seen(
    within: int,
    *,
    publishers: int | None = None,
    searched: float | None = None,
    followed: int = 0,
    rivals: int = 0,
    urgent: bool = False,
    age: float = 9,
) -> gate3.Seen:
    spread = Spread(publishers=publishers or within, within=within, newest_at=NOW - timedelta(hours=age))
    interest = Interest(score=searched, missing="" if searched is not None else "nobody was asked")
    competition = Competition(followed=followed, taken=(RIVAL,) * rivals)
    return gate3.Seen(spread=spread, urgent=urgent, interest=interest, competition=competition)


def decided(story: gate3.Seen, policy: Signal = POLICY) -> gate3.Outcome:
    return gate3.decide(story, now=NOW, policy=policy)


@pytest.mark.parametrize(
    ("story", "score", "reason"),
    [
        (seen(1), 20, Reason.LOW_SIGNAL),
        (seen(2), 40, Reason.SIGNAL),
        (seen(1, searched=100), 52, Reason.SIGNAL),  # 0.6 · 20 + 0.4 · 100
        (seen(1, searched=70), 40, Reason.SIGNAL),
        (seen(1, searched=69), 39.6, Reason.LOW_SIGNAL),
        (seen(2, searched=0), 24, Reason.LOW_SIGNAL),
        (seen(2, searched=50), 44, Reason.SIGNAL),
        (seen(1, followed=1), 35, Reason.LOW_SIGNAL),  # 20 and 15 for being first
        (seen(1, searched=40, followed=1), 43, Reason.SIGNAL),
        (seen(1, searched=40, followed=1, rivals=1), 28, Reason.LOW_SIGNAL),
        (seen(3, searched=0), 36, Reason.URGENT),
        (seen(5, searched=100, followed=3), 100, Reason.URGENT),
        (seen(1, urgent=True), 20, Reason.URGENT),
    ],
)
def test_the_score_is_spread_and_interest_by_their_weights_and_the_boost(
    story: gate3.Seen, score: float, reason: Reason
) -> None:
    outcome = decided(story)
    assert isinstance(outcome, Pass | Drop)
    assert (outcome.score, outcome.reason) == (score, reason)


def test_publishers_count_that_reported_close_together_and_the_verdict_says_how_many_did() -> None:
    outcome = decided(seen(1, publishers=4))
    assert isinstance(outcome, Drop)
    assert outcome.detail == "4 publishers, 1 of them within 2 hours, no new one for 2 hours"
    assert outcome.signals["publishers"] == 4
    assert outcome.signals["publishers_within"] == 1


def test_what_is_missing_is_null_in_the_signals_with_its_reason_and_never_a_neutral_score() -> None:
    outcome = decided(seen(2))
    assert isinstance(outcome, Pass)
    assert outcome.signals["search_interest"] is None
    assert outcome.signals["search_interest_missing"] == "nobody was asked"
    assert outcome.score == outcome.signals["spread_score"] == 40


def test_the_signals_name_all_that_was_gone_by() -> None:
    outcome = decided(seen(3, searched=61, followed=2, urgent=True))
    assert isinstance(outcome, Pass)
    assert outcome.signals == {
        "publishers": 3,
        "publishers_within": 3,
        "spread_score": 60,
        "search_interest": 61,
        "boost": 15,
        "competitors": 0,
        "competitors_followed": 2,
        "urgent": "words",
    }


def test_nobody_is_asked_what_changes_nothing() -> None:
    assert gate3.worth_asking(seen(1), POLICY)
    assert gate3.worth_asking(seen(2), POLICY)
    assert not gate3.worth_asking(seen(3), POLICY), "urgent whatever is searched for"
    assert not gate3.worth_asking(seen(1, urgent=True), POLICY)
    assert not gate3.worth_asking(seen(0), replace(POLICY, min_score=41)), "0.4 · 100 is not enough"
    assert not gate3.worth_asking(seen(1), replace(POLICY, interest_weight=0.0))


@given(st.integers(0, 300), SCORES, SCORES, st.integers(0, 2), st.booleans())
def test_more_interest_never_makes_a_story_worse_and_the_score_keeps_its_bounds(
    within: int, less: float | None, more: float | None, followed: int, urgent: bool
) -> None:
    one, other = (
        gate3.weighed(seen(within, searched=s, followed=followed, urgent=urgent), POLICY) for s in (less, more)
    )
    assert 0 <= one <= 100
    if less is not None and more is not None and less <= more:
        assert one <= other


@given(st.integers(0, 6), st.integers(0, 2), st.floats(0, 100))
def test_what_is_not_worth_asking_would_have_changed_nothing(within: int, followed: int, answer: float) -> None:
    story = seen(within, followed=followed)
    if not gate3.worth_asking(story, POLICY):
        outcomes = (decided(seen(within, followed=followed, searched=value)) for value in (answer, 0.0, 100.0))
        assert len({type(outcome) for outcome in outcomes}) == 1


# ------------------------------------------------------------------------------------------------------ what is asked


def questions(*geography: str, keywords: tuple[str, ...] = ("ferry",), lists: bool = False) -> Any:
    return gate3.questions(Profile(geography=geography), keywords, POLICY, lists=lists)


def test_each_keyword_is_asked_about_in_each_country_as_far_as_the_policy_goes() -> None:
    asked = questions(
        "Australia", "Nowhereland", "Auckland, New Zealand", "DE", keywords=("Ferry", "ferry", "A", "B", "C")
    )
    assert asked == [Question(place, word) for place in ("AU", "NZ") for word in ("ferry", "a", "b")]


def test_a_list_is_asked_for_once_a_country() -> None:
    assert questions("IN", "in", "India", lists=True) == [Question("IN", "")]


def test_keywords_of_any_script_are_asked_about() -> None:
    assert questions("India", keywords=("रेपो रेट", "!!!", "x" * 200)) == [Question("IN", "रेपो रेट")]


@pytest.mark.parametrize(
    ("geography", "keywords", "why"),
    [
        ((), ("ferry",), "the profile names no country"),
        (("Atlantis", "Mordor"), ("ferry",), "no country is called 'Atlantis'"),
        (("AU",), (), "no keyword of the profile is in the story"),
        (("AU",), ("?!",), "no keyword of the profile is in the story"),
    ],
)
def test_why_nothing_can_be_asked_is_said(geography: tuple[str, ...], keywords: tuple[str, ...], why: str) -> None:
    assert questions(*geography, keywords=keywords) == why


def test_the_highest_interest_of_any_keyword_anywhere_counts_and_is_named() -> None:
    known = {
        Question("AU", "ferry"): Known(scores={"ferry": 30.0}),
        Question("NZ", "ferry"): Known(scores={"ferry": 71.5}),
        Question("NZ", "levy"): Known(scores={}, missing="It is searched for too little to be measured."),
    }
    assert gate3.interest(["ferry", "levy"], known, POLICY) == Interest(score=71.5, of="ferry (NZ)")


def test_a_list_holds_a_keyword_as_words_and_is_silent_about_all_others() -> None:
    known = {Question("IN", ""): Known(scores={"rbi repo rate today": 80.0, "urban": 90.0, "रेपो रेट": 60.0})}
    assert gate3.interest(["Repo rate"], known, POLICY).score == 80
    assert gate3.interest(["रेपो रेट"], known, POLICY).score == 60
    assert gate3.interest(["ban"], known, POLICY) == Interest(missing="not among what is searched for most")


def test_why_a_provider_said_nothing_is_passed_on() -> None:
    known = {Question("AU", "ferry"): Known(scores={}, missing="SerpApi: asks to be left alone (429).")}
    assert gate3.interest(["ferry"], known, POLICY) == Interest(missing="SerpApi: asks to be left alone (429).")


@pytest.mark.parametrize(
    "wrong",
    [
        {"spread_weight": -0.1},
        {"spread_weight": 0.0, "interest_weight": 0.0},
        {"min_score": 101},
        {"first_mover_boost": -1.0},
        {"window": timedelta(0)},
        {"interest_keywords": 11},
        {"spread_scores": ((1, 20), (5, 100))},
        {"spread_scores": ((5, 101),)},
    ],
)
def test_numbers_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured, match="signal"):
        replace(POLICY, **wrong)
