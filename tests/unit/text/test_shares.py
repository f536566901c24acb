"""Shares of counts, and how sure they are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cid.text.shares import Cut, cuts, lower_bound


def test_few_trials_prove_little() -> None:
    assert round(lower_bound(5, 5), 2) == 0.65
    assert round(lower_bound(150, 150), 3) == 0.982
    assert lower_bound(0, 0) == 0


@given(st.integers(0, 1000), st.integers(1, 1000))
def test_a_bound_lies_below_its_share_and_rises_with_what_is_right(right: int, wrong: int) -> None:
    of = right + wrong
    assert 0 <= lower_bound(right, of) <= right / of
    assert lower_bound(right, of) <= lower_bound(right + 1, of)


def test_a_score_at_the_threshold_passes_and_nothing_to_share_is_no_share() -> None:
    scored = [(80, True), (60, True), (60, False), (20, True), (10, False)]
    (cut,) = cuts(scored, [60])
    assert cut == Cut(at=60, right=2, wrong=1, missed=1)
    assert (cut.precision, cut.recall, cut.f1) == (2 / 3, 2 / 3, 2 / 3)
    assert cuts([], [60])[0].precision is cuts([], [60])[0].recall is cuts([], [60])[0].f1 is None
