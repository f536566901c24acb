"""Figures of agreement between two groupings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cid.text.stories.grade import Grade, b_cubed, pairwise

GROUPS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=30)


def test_b_cubed_is_the_mean_over_items() -> None:
    # two of a story with a stranger: 2/3, 2/3 and 1/3 of their group; the last one alone has half of its story
    grade = b_cubed("xxxy", "aabb")
    assert grade.precision == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1) / 4)
    assert grade.recall == pytest.approx((1 + 1 + 0.5 + 0.5) / 4)
    assert grade.f1 == pytest.approx(2 * (8 / 12) * 0.75 / (8 / 12 + 0.75))


def test_pairs_are_counted_both_ways() -> None:
    assert pairwise("xxxy", "aabb") == Grade(1 / 3, 1 / 2)


def test_nothing_to_grade_is_no_error() -> None:
    assert b_cubed([], []).f1 == 0


@given(GROUPS)
def test_the_same_grouping_is_perfect_and_its_names_do_not_matter(items: list[tuple[int, int]]) -> None:
    right = [story for story, _ in items]
    grade = b_cubed([f"story {story}" for story in right], right)
    assert (grade.precision, grade.recall) == pytest.approx((1, 1))
    assert pairwise(right, right).f1 == 1


@given(GROUPS)
def test_precision_of_one_is_recall_of_the_other(items: list[tuple[int, int]]) -> None:
    one, other = [a for a, _ in items], [b for _, b in items]
    assert b_cubed(one, other).precision == pytest.approx(b_cubed(other, one).recall)
