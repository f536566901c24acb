"""Which headlines meet in one story."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cid.text.similar import WINDOW, Known, Shelf, bucket, first_key, headline, lookup_keys

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def places(*titles: str, apart: timedelta = timedelta(minutes=1)) -> list[int]:
    shelf: Shelf[int] = Shelf([], AT + 10 * WINDOW)
    return [
        shelf.place(headline(title), AT + number * apart, sample=False, fresh=number).id
        for number, title in enumerate(titles)
    ]


def test_reports_of_one_event_meet_whatever_their_order_of_words() -> None:
    assert places(
        "Ferry service across the harbour resumes after repairs",
        "After repairs, harbour ferry resumes service",
        "HARBOUR FERRY: service resumes",
    ) == [0, 0, 0]


def test_other_news_with_a_word_in_common_stays_apart() -> None:
    assert places("Apple harvest begins in the valley", "Apple unveils a thinner phone") == [0, 1]


def test_a_story_ends_when_nobody_reported_for_two_days() -> None:
    title = "Ferry service across the harbour resumes"
    assert places(title, title, apart=WINDOW) == [0, 0]
    assert places(title, title, apart=WINDOW + timedelta(minutes=1)) == [0, 1]


def test_a_story_that_goes_on_stays_one() -> None:
    assert places(*["Ferry strike in the harbour goes on"] * 12, apart=timedelta(hours=30)) == [0] * 12


def test_sample_and_real_news_never_meet() -> None:
    shelf: Shelf[int] = Shelf([], AT)
    title = headline("Ferry service across the harbour resumes")
    assert shelf.place(title, AT, sample=True, fresh=1).id != shelf.place(title, AT, sample=False, fresh=2).id


@pytest.mark.parametrize("title", ["", "the of and", "Breaking", "地震"])
def test_titles_of_hardly_a_word_are_placed_too(title: str) -> None:
    assert places(title, "Something else altogether today") == [0, 1]


TITLES = st.lists(
    st.sampled_from(["ferry", "harbour", "mayor", "storm", "school", "budget", "vote", "rain", "market"]),
    min_size=1,
    max_size=8,
)


@given(st.lists(TITLES, min_size=1, max_size=12))
def test_what_is_placed_over_two_hand_outs_ends_where_one_would_put_it(titles: list[list[str]]) -> None:
    ready = [headline(" ".join(words)) for words in titles]
    whole: Shelf[int] = Shelf([], AT)
    at_once = [whole.place(title, AT, sample=False, fresh=number).id for number, title in enumerate(ready)]
    known: dict[int, Known[int]] = {}
    in_turn = []
    for number, title in enumerate(ready):
        wanted = set(lookup_keys(title, AT, AT))
        shelf = Shelf(
            [
                Known(id=k.id, words=k.words, keys=k.keys & wanted, at=k.at, sample=False)
                for k in known.values()
                if k.keys & wanted
            ],
            AT,
        )
        story = shelf.place(title, AT, sample=False, fresh=number)
        story.keys |= known[story.id].keys if story.id in known else set()
        known[story.id] = story
        in_turn.append(story.id)
    assert in_turn == at_once


@given(st.datetimes(datetime(2000, 1, 1), datetime(2050, 1, 1)), st.integers(-48 * 60, 48 * 60))  # noqa: DTZ001
def test_whatever_lies_within_the_window_is_looked_up(when: datetime, minutes: int) -> None:
    at = when.replace(tzinfo=UTC)
    title = headline("Ferry service resumes")
    stored = {first_key(bucket(at + timedelta(minutes=minutes))) + pair for pair in title.pairs}
    assert stored <= set(lookup_keys(title, at, at + WINDOW * 2))
