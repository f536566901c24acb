"""How long a job waits before it is tried again."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from cid.queue.backoff import LONGEST, SPREAD, delay

CHANCES = st.floats(0, 1, exclude_max=True)


def test_it_doubles_from_five_seconds() -> None:
    assert [delay(attempt, 0.5).total_seconds() for attempt in (1, 2, 3, 4)] == [5, 10, 20, 40]


@given(st.integers(1, 10_000), CHANCES)
def test_it_never_leaves_its_bounds(attempt: int, chance: float) -> None:
    assert timedelta(seconds=4) <= delay(attempt, chance) <= LONGEST * (1 + SPREAD)


@given(st.integers(1, 30), CHANCES)
def test_a_later_attempt_never_waits_less_for_the_same_chance(attempt: int, chance: float) -> None:
    assert delay(attempt + 1, chance) >= delay(attempt, chance)


def test_chance_spreads_jobs_that_failed_together() -> None:
    assert delay(3, 0.0) < delay(3, 0.5) < delay(3, 0.99)


@given(st.integers(1, 30), CHANCES, st.integers(0, 86_400))
def test_it_never_comes_back_before_the_other_side_allows(attempt: int, chance: float, seconds: int) -> None:
    assert delay(attempt, chance, retry_after=timedelta(seconds=seconds)) >= timedelta(seconds=seconds)


def test_an_absurd_retry_after_is_bounded_by_a_day() -> None:
    assert delay(1, 0.5, retry_after=timedelta(days=400)) <= timedelta(days=1) * (1 + SPREAD)
    assert delay(1, 0.5, retry_after=timedelta(days=-400)) == delay(1, 0.5)
