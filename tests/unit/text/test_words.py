"""Words and phrases, never substrings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cid.text.words import first_found, fold, phrases, uncompounded, words


@given(st.text(max_size=100))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The World's largest LED-Screens!", ["the", "world", "largest", "led", "screens"]),
        ("ÉCOLE ＡＢＣ straße İstanbul", ["ecole", "abc", "strasse", "istanbul"]),
        ("C++ and C# beat C", ["c++", "and", "c#", "beat", "c"]),
        ("हिन्दी", ["हिन्दी"]),
        ("東京", ["東", "京"]),
        ("", []),
    ],
)
def test_words_of_any_language(text: str, found: list[str]) -> None:
    assert words(text) == found


@pytest.mark.parametrize(
    ("phrase", "text", "there"),
    [
        ("gas", "Las Vegas hotels", False),
        ("gas", "Gas prices", True),
        ("interest rate", "The Interest-Rate decision", True),
        ("interest rate", "rate of interest", False),
        ("cafe", "Le CAFÉ noir", True),
        ("地震", "東京で地震が起きた", True),
        ("C++", "all about C", False),
        ("", "anything", False),
        ("!!!", "anything!!!", False),
    ],
)
def test_a_phrase_is_found_as_its_words_side_by_side(phrase: str, text: str, there: bool) -> None:
    assert (first_found(phrases([phrase]), words(text)) is not None) is there


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_a_phrase_between_other_words_is_found(before: str, phrase: str, after: str) -> None:
    made = phrases([phrase])
    found = first_found(made, [*words(before), *words(phrase), *words(after)])
    assert (found is not None) == bool(made)


def test_the_parts_of_a_compound_are_no_words_when_it_is_taken_as_one() -> None:
    assert "breaking" in words("Record-breaking heat")
    assert "breaking" not in words(uncompounded("Record-breaking heat"))
    assert "breaking" in words(uncompounded("Breaking - heat sets a record"))
