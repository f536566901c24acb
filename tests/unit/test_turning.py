"""What tenants may turn, and what becomes of numbers that do not fit any more."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cid.domain.errors import Misconfigured, Refused
from cid.domain.knobs import KNOBS, NOT_TURNED
from cid.domain.policy import GatePolicy, Outage
from cid.text.policies import TURNED, fitted
from cid.text.turning import duration, fitting, spelled, told
from tests import make

SHIPPED = make.policy()
TURNABLE = [
    (section, field.name)
    for section in sorted(TURNED)
    for field in fields(getattr(SHIPPED, section))
    if (section, field.name) not in NOT_TURNED
]


def hint(section: str, name: str) -> Any:
    return get_type_hints(type(getattr(SHIPPED, section)))[name]


@pytest.mark.parametrize(("section", "name"), TURNABLE)
def test_every_number_is_explained_and_its_shipped_value_can_be_typed_again(section: str, name: str) -> None:
    knob = KNOBS[section][name]
    assert knob.label
    assert knob.means.endswith((".", "…")) or "0 to 1" in knob.means
    value = getattr(getattr(SHIPPED, section), name)
    typed = fitting(hint(section, name), told(hint(section, name), spelled(value), knob.label), knob, knob.label)
    assert spelled(typed) == spelled(value)


@pytest.mark.parametrize(
    ("section", "name", "text", "why"),
    [
        ("rules", "min_chars", "many", "Least characters: 'many' is no whole number."),
        ("rules", "min_chars", "", "Least characters: '' is no whole number."),
        ("rules", "min_chars", "-1", "Least characters: -1 is not between 0 and 1000."),
        ("rules", "min_chars", "9" * 5000, "is no whole number."),
        ("rules", "min_chars", "9" * 400, "is not between 0 and 1000."),
        ("rules", "min_trust", "1.01", "Least trust: 1.01 is not between 0 and 1."),
        ("rules", "min_trust", "nan", "Least trust: 'nan' is no number."),
        ("rules", "max_age", "yesterday", "'yesterday' is no duration like 90s, 250ms, 15m, 2h or 7d."),
        ("rules", "max_age", "0s", "Oldest: 0s is not between 1m and 30d."),
        ("rules", "max_age", "9" * 400 + "d", "is longer than anything lasts."),
        ("rules", "urgent_words", "!!!", "Urgent words: '!!!' holds no word."),
        ("rules", "urgent_words", "x" * 101, "is longer than 100 characters."),
        (
            "rules",
            "urgent_words",
            "\n".join(f"w{n}" for n in range(501)),
            "has 501 entries, and 500 at most are taken.",
        ),
        ("relevance", "min_score", "101", "Least score: 101 is not between 0 and 100."),
        ("relevance", "on_outage", "shrug", "'shrug' is none of retry, pass, drop."),
        ("relevance", "on_outage", "", "is missing."),
        ("signal", "spread_scores", "5: 100\n3", "[3] has not 2 parts."),
        ("signal", "spread_scores", "5: 101", "101 is not between 0 and 100."),
        ("signal", "spread_scores", "0: 10", "0 is not between 1 and 1000."),
        ("relevance", "per_call", "9", "Stories a call: 9 is above the platform's 8."),
        ("drafting", "structure", "sonnet", "'sonnet' is none of by_evidence"),
        ("signal", "rejudge_at", "2, 3, three", "'three' is no whole number."),
    ],
)
def test_what_does_not_fit_is_refused_in_one_sentence(section: str, name: str, text: str, why: str) -> None:
    with pytest.raises((Refused, Misconfigured)) as refused:
        value = told(hint(section, name), text, KNOBS[section][name].label)
        _, (wrong,) = fitted(SHIPPED, {section: {name: value}})
        raise Misconfigured(wrong.why)
    assert why in str(refused.value)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("section_name", TURNABLE, ids=".".join)
@given(text=st.text(max_size=60))
def test_whatever_is_typed_is_a_value_or_a_sentence(section_name: tuple[str, str], text: str) -> None:
    section, name = section_name
    with suppress(Refused, Misconfigured):
        typed = fitting(hint(section, name), told(hint(section, name), text, "It"), KNOBS[section][name], "It")
        assert replace(getattr(SHIPPED, section), **{name: typed})


def test_what_fits_is_gone_by_and_the_rest_is_as_shipped() -> None:
    policy, wrong = fitted(SHIPPED, {"rules": {"min_chars": 80}, "relevance": {"on_outage": "pass"}})
    assert (policy.rules.min_chars, policy.relevance.on_outage, wrong) == (80, Outage.PASS, ())
    assert policy.rules.max_age == SHIPPED.rules.max_age


@pytest.mark.parametrize(
    ("own", "why"),
    [
        ({"rules": {"min_chars": "80"}}, "Least characters: '80' is not int."),
        ({"rules": {"min_chars": 80_000}}, "Least characters: 80000 is not between 0 and 1000."),
        ({"rules": {"min_trust": 10**400}}, f"Least trust: {'1'.ljust(40, '0')} is too large."),
        ({"rules": {"min_luck": 3}}, "rules has no number 'min_luck' that a tenant may turn."),
        ({"polling": {"first": 3}}, "The gates have no part 'polling' that a tenant may turn."),
        ({"drafting": {"min_words": 9_000}}, "Least words is above Most words."),
    ],
)
def test_a_stored_number_that_fits_no_more_is_named_and_stops_nothing(own: dict[str, Any], why: str) -> None:
    policy, (wrong,) = fitted(SHIPPED, {**own, "relevance": {"min_score": 70}})
    assert wrong.why == why
    assert policy == replace(SHIPPED, relevance=replace(SHIPPED.relevance, min_score=70))


def test_numbers_that_fit_only_together_fit() -> None:
    policy, wrong = fitted(SHIPPED, {"drafting": {"min_words": 5_000, "max_words": 6_000}})
    assert (policy.drafting.min_words, policy.drafting.max_words, wrong) == (5_000, 6_000, ())


def test_what_a_person_set_survives_a_policy_with_other_numbers() -> None:
    later: GatePolicy = replace(SHIPPED, rules=replace(SHIPPED.rules, min_trust=0.6, max_age=timedelta(hours=24)))
    policy, wrong = fitted(later, {"rules": {"min_trust": 0.2}})
    assert (policy.rules.min_trust, policy.rules.max_age, wrong) == (0.2, timedelta(hours=24), ())


@pytest.mark.parametrize(
    ("seconds", "text"), [(172_800, "48h"), (259_200, "3d"), (90, "90s"), (7200, "2h"), (0.5, "0.5s"), (0, "0s")]
)
def test_durations_are_spelled_as_they_are_typed(seconds: float, text: str) -> None:
    assert duration(timedelta(seconds=seconds)) == text
