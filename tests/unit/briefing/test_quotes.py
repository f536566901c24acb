"""Quotes in the text they are said to be from: found, near, or not at all, and never by inventing."""

from __future__ import annotations

import time

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cid.briefing.quotes import BLOCKS, FEWEST, LEFT_OUT, Source, Work, check
from cid.domain.briefing import Found
from cid.text.letters import in_words, letters, plain, plain_words

TEXT = (
    "Emberquay “council” opens a grant\n"
    "The council isn't happy — it said 40 percent of the  price of a new electric kiln would not be paid to owners. "
    "НАТО расширяется на восток, сказал министр. Café Zürich’s owner left. 北约东扩威胁俄罗斯。"
    "وقال الوزير إن العقوبات لا تنجح."
)


@pytest.mark.parametrize(
    "quote",
    [
        "40 percent of the price of a new electric kiln",
        '"council" opens a grant',
        "„council“ opens a grant",
        "“it said 40 percent”",
        "isn’t happy - it said",
        "… opens a grant…",
        "opens a grant The council",
        "НАТО расширяется на восток",
        "Cafe\u0301 Zürich",
        "北约东扩威胁",
        "العقوبات لا تنجح",
        "opens\u200b a\u00a0grant",
    ],
)
def test_letters_count_and_kinds_of_spaces_marks_and_dashes_do_not(quote: str) -> None:
    found, start, end = check(quote, TEXT)
    assert found is Found.FOUND
    assert start is not None
    assert end is not None
    assert 0 <= start < end <= len(TEXT)


@pytest.mark.parametrize(
    ("quote", "stands"),
    [
        ("THE COUNCIL isn't happy, it said", "The council isn't happy — it said"),
        ("нато расширяется на Восток", "НАТО расширяется на восток"),
        ("cafe zurich's owner", "Café Zürich’s owner"),
        ("The council … it said 40 percent", "The council isn't happy — it said 40 percent"),
        ("it said 40 percent [...] would not be paid", None),
        ("40 percent of the price of a electric kiln would not be paid", None),
    ],
)
def test_other_case_marked_gaps_and_a_missing_word_are_near(quote: str, stands: str | None) -> None:
    found, start, end = check(quote, TEXT)
    assert found is Found.NEAR
    assert stands is None or TEXT[start:end] == stands


@pytest.mark.parametrize(
    "quote",
    [
        "",
        "   ",
        "…",
        "“”",
        "ouncil",
        "40 percent of the price of an old electric kiln would not be paid",
        "price of a new electric kiln would be paid to owners",  # without its not
        "it said percent of the price of a new electric kiln",  # without its figure
        "the price of a new electric kiln would definitely not be paid",
        "owners paid be not would kiln electric",
        "министр сказал НАТО",
        "北约威胁",
        "العقوبات تنجح وقال الوزير إن",
        "would not be paid … The council isn't happy",  # the wrong way round
    ],
)
def test_what_was_added_moved_or_left_out_with_its_meaning_is_not_found(quote: str) -> None:
    assert check(quote, TEXT) == (Found.NOT_FOUND, None, None)


WORDS = st.lists(
    st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs", "Mn", "Cf")), min_size=1, max_size=9),
    min_size=1,
    max_size=40,
).map(" ".join)


@given(text=WORDS, data=st.data())
@settings(max_examples=300, deadline=None)
def test_whole_words_of_a_text_are_always_found_where_they_stand(text: str, data: st.DataObject) -> None:
    parts = text.split(" ")
    first = data.draw(st.integers(0, len(parts) - 1))
    last = data.draw(st.integers(first, len(parts) - 1))
    quote = " ".join(parts[first : last + 1])
    assume(any(letter.isalnum() and letter.isascii() for letter in quote))
    found, start, end = check(quote, text)
    assert found in {Found.FOUND, Found.NEAR}
    assert start is not None
    assert end is not None
    assert 0 <= start < end <= len(text)


@given(quote=st.text(max_size=60), text=st.text(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_two_texts_can_be_compared_and_what_is_found_is_found_again(quote: str, text: str) -> None:
    found, start, end = check(quote, text)
    if found is Found.NOT_FOUND:
        assert (start, end) == (None, None)
    else:
        assert start is not None
        assert end is not None
        assert check(text[start:end], text)[0] in {Found.FOUND, Found.NEAR}


@given(words=st.lists(st.sampled_from(["north", "south", "east", "west", "river", "harbour"]), min_size=6, max_size=30))
@settings(max_examples=100, deadline=None)
def test_a_word_that_the_text_does_not_have_makes_a_quote_an_invention(words: list[str]) -> None:
    text = " ".join(words)
    for at in range(len(words)):
        assert check(" ".join([*words[:at], "kiln", *words[at:]]), text)[0] is Found.NOT_FOUND


def slowly(quote: list[str], text: list[str]) -> bool:
    """Whether a quote of FEWEST words or more stands there with at most two words left out, one block whole."""
    size = len(quote) // BLOCKS
    for number in range(BLOCKS):
        first, beyond = number * size, (number + 1) * size
        for at in range(len(text) - size + 1):
            if text[at : at + size] == quote[first:beyond] and any(
                stands(quote[:first][::-1], text[:at][::-1], before)
                and stands(quote[beyond:], text[at + size :], LEFT_OUT - before)
                for before in range(LEFT_OUT + 1)
            ):
                return True
    return False


def stands(quote: list[str], text: list[str], missing: int) -> bool:
    if not quote:
        return True
    if not text:
        return False
    if text[0] == quote[0]:
        return stands(quote[1:], text[1:], missing)
    return missing > 0 and text[0] != "not" and stands(quote, text[1:], missing - 1)


@given(
    words=st.lists(st.sampled_from(["north", "south", "east", "not"]), min_size=6, max_size=14),
    data=st.data(),
)
@settings(max_examples=300, deadline=None)
def test_what_is_near_is_what_a_search_of_all_places_calls_so(words: list[str], data: st.DataObject) -> None:
    gone = data.draw(st.sets(st.integers(0, len(words) - 1), max_size=3))
    quote = [word for n, word in enumerate(words) if n not in gone]
    assume(len(quote) >= FEWEST)
    near = check(" ".join(quote), " ".join(words))[0] is not Found.NOT_FOUND
    assert near == (" ".join(quote) in " ".join(words) or slowly(quote, words))


@given(text=st.text(max_size=80))
@settings(max_examples=500, deadline=None)
def test_a_quote_is_read_as_the_text_is(text: str) -> None:
    assert plain(text) == letters(text).text
    assert plain_words(text) == in_words(letters(text)).text.split()


def test_what_a_quote_takes_is_taken_from_the_work() -> None:
    work = Work(left=20)
    assert check("opens a grant", TEXT, work) == check("opens a grant", TEXT)
    assert not work.over
    check("an invention of somebody", TEXT, work)
    assert work.over


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("a " * 100_000, "a " * 2_900 + "b"),
        ("a " * 100_000, "a " * 1_400 + "not a a a a"),
        ("北约东扩" * 50_000, "东扩北约" * 1_400 + "x"),
        ("e\u0301" * 100_000, "\u0301" * 5_000 + "a"),
        ("the quick brown fox jumps over it " * 6_000, "quick brown fox jumps over it the " * 80 + "it it"),
        ("x y " * 50_000, "x y x y ... " * 3 + "x y x z"),
        ("a not " * 40_000, "a not " * 200 + "a a not not a not"),
    ],
)
def test_four_hundred_hostile_quotes_cost_no_more_than_the_work_they_are_given(text: str, quote: str) -> None:
    source, work = Source(text), Work()
    assert source.in_order
    began = time.process_time()
    for _ in range(400):
        if not work.over:
            check(quote, source, work)
    assert time.process_time() - began < 4
    assert work.left > -50_000


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("a " * 100_000, "a " * 700 + "b"),
        ("ab" * 100_000, "ba" * 500 + "c"),
        ("a a b " * 30_000, "a a " * 300 + "c c c c"),
        ("..." * 60_000, "... ... a ... b"),
        ('"' * 200_000, '"' * 5_000 + "a"),
        ("e\u0301" * 100_000, "\u0301" * 5_000 + "a"),
    ],
    ids=["a a", "abab", "blocks", "dots", "marks", "accents"],
)
def test_the_time_is_linear_whatever_the_text_is_made_of(text: str, quote: str) -> None:
    began = time.process_time()
    check(quote, text)
    assert time.process_time() - began < 4


def test_a_text_is_taken_apart_once() -> None:
    source = Source(TEXT)
    assert check("opens a grant", source) == check("opens a grant", TEXT)
    assert source.letters is source.letters
