"""What a title must not be: patterns of words, in any language."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cid import settings
from cid.text import titles

SHIPPED = settings.read({}).gates.drafting


def grave(title: str, keyword: str = "", **over: object) -> list[bool]:
    return [fault.grave for fault in titles.faults(title, keyword, replace(SHIPPED, **over))]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "title",
    [
        "5 things every broker should do",
        "Five steps to a cheaper kiln",
        "10 Ways to save gas",
        "Understanding the cash rate",
        "Everything You Need To Know About Kilns",
        "The ruling that CHANGES everything",
        "The ultimate guide to harbours",
        "What every broker needs to know",
        "What brokers need to know about rates",
        "Fünf Tipps für Glasbläser",
        "Sieben Dinge, die sich ändern",
    ],
)
def test_a_worn_out_title_is_an_editors_to_change(title: str) -> None:
    assert grave(title) == [True]


@pytest.mark.parametrize(
    "title",
    [
        "What do brokers need to know about the new ruling?",
        "Kiln grant opens on Monday",
        "A better understanding of gas tariffs pays",
        "Council counts 5 cranes",
        "Why should brokers rethink fixed rates?",
        "हड़ताल से बंदरगाह बंद",
        "",
    ],
)
def test_an_ordinary_title_is_left_alone(title: str) -> None:
    assert grave(title) == []


def test_a_question_is_wanted_only_where_a_tenant_wants_it() -> None:
    assert grave("Kiln grant opens") == []
    assert grave("Kiln grant opens", title_question=True) == [True]
    assert grave("¿Cómo cambia la tarifa?", title_question=True) == []
    assert grave("Why does the tariff rise?", title_question=True) == []


def test_the_first_keyword_stands_whole_within_the_first_words() -> None:
    assert grave("Glass studios get money for kilns", "glass studios") == []
    assert grave("One two three four five six seven glass studios", "glass studios") == [False]
    assert grave("Glassware for studios", "glass") == [False], "a word within a word is another word"
    assert grave("Anything at all", "glass", title_keyword_within=0) == []


def test_a_year_at_the_end_is_wanted_only_where_a_tenant_wants_it() -> None:
    assert grave("Kiln grant opens in 2026") == []
    assert grave("Kiln grant opens", title_year=True) == [False]
    assert grave("What does a kiln cost in 2026?", title_year=True) == []


@given(st.text(max_size=300), st.lists(st.text(max_size=60), max_size=8), st.text(max_size=40))
def test_no_pattern_and_no_title_breaks_it(title: str, patterns: list[str], keyword: str) -> None:
    policy = replace(SHIPPED, forbidden_titles={"xx": tuple(patterns)}, title_question=True, title_year=True)
    list(titles.faults(title, keyword, policy))


def test_a_pattern_of_many_wildcards_takes_no_time() -> None:
    assert titles.forbidden("word " * 300, ["{words} " * 40 + "end", "{words}" * 12 + " nowhere"]) == ""


def test_patterns_that_a_tenant_made_to_be_slow_are_through_in_no_time() -> None:
    title = " ".join(["a"] * 150)
    slow = " ".join(["{words}"] * 11 + ["zz"])
    begun = time.process_time()

    assert titles.forbidden(title, [slow] * 652) == ""  # as many as one number of the gates may hold

    assert time.process_time() - begun < 1.0  # seconds; walked place by place it is 20


def test_words_between_two_others_are_one_to_six() -> None:
    found = [n for n in range(9) if titles.forbidden(" ".join(["why", *["so"] * n, "now"]), ["^why {words} now"])]

    assert found == [1, 2, 3, 4, 5, 6]
    assert not titles.forbidden("And why so now", ["^why {words} now"])
    assert not titles.forbidden("Why so", ["why so {words}"])
