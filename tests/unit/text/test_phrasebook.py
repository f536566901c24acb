"""Many phrases at once, in whatever form their words stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cid.text.inflection import key
from cid.text.phrasebook import LONGEST, keys, phrasebook
from cid.text.words import words

WORDS = st.sampled_from(
    ["rate", "rates", "bank", "of", "the", "ставки", "ставка", "दर", "दरों", "東京", "x", "!", "ban"]
)
PHRASES = st.lists(WORDS, min_size=0, max_size=4).map(" ".join)


@pytest.mark.parametrize(
    "alike",
    [
        "rate rates",
        "policy policies",
        "movie movies",
        "house houses",
        "tax taxes",
        "virus viruses",
        "bus buses",
        "shoe shoes",
        "hero heroes",
        "class classes",
        "elección elecciones",
        "eleição eleições",
        "ставка ставки ставку",
        "Россия России Россией",
        "новый новая новые",
        "बैंक बैंकों",
        "नीति नीतियों",
        "شركة الشركات",
        "은행 은행이 은행에서",
    ],
)
def test_forms_of_one_word_are_one(alike: str) -> None:
    assert len(set(keys(alike))) == 1


@pytest.mark.parametrize(
    "apart", ["new news", "ban urban", "rat rate", "mine mining", "los loss", "bos boss", "gam gaming"]
)
def test_words_that_only_look_alike_are_two(apart: str) -> None:
    assert len(set(keys(apart))) == 2


@given(st.text(max_size=60))
def test_every_word_has_a_form_to_be_found_by(text: str) -> None:
    assert all(key(word) for word in words(text))


@given(st.lists(PHRASES, max_size=8), PHRASES)
def test_it_finds_what_a_look_at_each_phrase_finds(written: list[str], text: str) -> None:
    said = keys(text)
    wanted = [phrase for phrase in written if (looked := keys(phrase)) and _beside(looked, said)]
    first_of_each = list({tuple(keys(phrase)): phrase for phrase in reversed(wanted)}.values())
    book = phrasebook(written)
    assert sorted(phrase.written for phrase in book.all_in(said)) == sorted(first_of_each)
    assert (book.any_in(said) is None) is not bool(wanted)
    assert [p.written for p in book.all_in(said)] == [p.written for p in book.phrases if p.written in first_of_each]


def _beside(phrase: list[str], text: list[str]) -> bool:
    return any(text[start : start + len(phrase)] == phrase for start in range(len(text)))


@given(st.lists(st.text(max_size=30), max_size=20), st.text(max_size=100))
def test_no_phrase_and_no_text_breaks_it(written: list[str], text: str) -> None:
    book = phrasebook(written)
    assert {phrase.written for phrase in book.all_in(keys(text))} <= set(written)


def test_a_phrase_as_long_as_a_text_is_left_out() -> None:
    assert phrasebook(["harbour " * 1250, "harbour " * LONGEST]).phrases[0].words == ("harbour",) * LONGEST


def test_five_hundred_that_begin_alike_are_one_walk() -> None:
    book = phrasebook(f"interest rate {number}" for number in range(500))
    looked = Counted(keys("interest rate 77 and interest rate 499"))
    assert [phrase.written for phrase in book.all_in(looked)] == ["interest rate 77", "interest rate 499"]
    assert looked.looks < 30


class Counted(list[str]):
    looks = 0

    def __getitem__(self, at: object) -> str:  # type: ignore[override]  # only one word at a time is asked for
        self.looks += 1
        return super().__getitem__(at)  # type: ignore[call-overload,no-any-return]
