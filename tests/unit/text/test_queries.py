"""A query is read once and means one thing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cid.domain.errors import Refused
from cid.text.queries import parse
from cid.text.words import words


def found(query: str, *texts: str) -> bool:
    return parse(query).found(map(words, texts))


@pytest.mark.parametrize(
    ("query", "text", "is_found"),
    [
        ("", "anything at all", True),
        ("cia", "social and special officials", False),
        ("cia", "The CIA says nothing", True),
        ("grain corridor", "A corridor for grain", True),
        ("grain corridor", "A corridor for steel", False),
        ('"grain corridor"', "A corridor for grain", False),
        ('"grain corridor"', "The Grain Corridor reopens", True),
        ("(grain OR wheat) black", "Wheat crosses the Black Sea", True),
        ("(grain OR wheat) black", "Wheat crosses the Red Sea", False),
        ("grain OR wheat", "Wheat prices", True),
        ("wheat -opinion", "Opinion: wheat is not all", False),
        ("wheat -opinion", "Wheat is not all", True),
        ('wheat -"black sea"', "Wheat from the sea, black with rain", True),
        ("кишинёв", "Кишинев ждёт гостей", True),
    ],
)
def test_words_are_found_and_letters_are_not(query: str, text: str, is_found: bool) -> None:
    assert found(query, text) is is_found


def test_a_phrase_does_not_run_from_one_text_into_the_next() -> None:
    assert not found('"black sea"', "all is black", "sea and sand")
    assert found("black sand", "all is black", "sea and sand")


@pytest.mark.parametrize(
    ("query", "spelled"),
    [
        ("wheat", "wheat"),
        ('"black sea" wheat', '"black sea" wheat'),
        ("grain OR wheat", "(grain OR wheat)"),
        ('(a1 OR "b c") -d', '(a1 OR "b c") -d'),
        ("covid-19", '"covid-19"'),
    ],
)
def test_a_query_is_spelled_with_its_alternatives_in_parentheses_and_its_phrases_in_quotes(
    query: str, spelled: str
) -> None:
    assert parse(query).spelled() == spelled


@pytest.mark.parametrize(
    "query", ["(a OR b", "a OR b c", "OR", "a OR", "(a b)", "((a OR b))", "()", "a )", '"open', "-", '""', "(a OR -b)"]
)
def test_what_has_no_one_meaning_is_refused(query: str) -> None:
    with pytest.raises(Refused):
        parse(query)


@given(st.text(alphabet='ab ()-"OR', max_size=30))
def test_any_text_is_a_query_or_refused_and_reads_the_same_when_spelled(text: str) -> None:
    try:
        query = parse(text)
    except Refused:
        return
    assert parse(query.spelled()) == query
