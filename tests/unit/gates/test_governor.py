"""The governor on values alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cid.gates.governor import SPREAD, WEEK, Volume, governed, spread

NOW = datetime(2026, 5, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
VOLUME = Volume(per_week=3, apart=4 * HOUR)


def test_an_empty_domain_takes_a_piece_at_once() -> None:
    assert governed(VOLUME, [], NOW) is None


def test_two_pieces_are_apart() -> None:
    wait = governed(VOLUME, [NOW - HOUR], NOW)
    assert wait is not None
    assert (wait.until, wait.why) == (NOW + 3 * HOUR, "two new pieces there are at least 4 hours apart")


def test_a_full_week_waits_until_the_oldest_of_it_is_a_week_old() -> None:
    taken = [NOW - timedelta(days=days) for days in (1, 2, 6)]
    wait = governed(VOLUME, taken, NOW)
    assert wait is not None
    assert (wait.until, wait.why) == (NOW + timedelta(days=1), "the domain gets 3 new pieces in seven days")


def test_with_more_than_it_may_have_it_waits_for_as_many_to_age() -> None:
    taken = [NOW - timedelta(days=days) for days in (1, 2, 3, 6)]
    wait = governed(VOLUME, taken, NOW)
    assert wait is not None
    assert wait.until == NOW + timedelta(days=4)


@pytest.mark.parametrize(
    ("own", "most"), [(None, 3), (Decimal(0), 1), (Decimal("0.5"), 1), (Decimal("1.4"), 2), (Decimal(40), 3)]
)
def test_people_who_publish_little_are_not_outrun(own: Decimal | None, most: int) -> None:
    assert Volume(per_week=3, apart=HOUR, own_per_week=own).most == most


@given(st.lists(st.integers(0, 14 * 24 * 60), max_size=30), st.integers(1, 10), st.integers(0, 48))
def test_whoever_comes_back_when_told_is_let_in_and_never_makes_it_too_many(
    minutes: list[int], per_week: int, hours: int
) -> None:
    volume = Volume(per_week=per_week, apart=hours * HOUR)
    taken = [NOW - timedelta(minutes=number) for number in minutes]
    wait = governed(volume, taken, NOW)
    at = wait.until if wait else NOW
    assert governed(volume, taken, at) is None
    assert sum(1 for one in taken if one > at - WEEK) < per_week or not taken


@given(key=st.uuids())
def test_a_piece_goes_out_a_bounded_while_after_its_place_is_free_and_always_the_same(key: UUID) -> None:
    assert NOW <= spread(NOW, key) < NOW + SPREAD
    assert spread(NOW, key) == spread(NOW, UUID(str(key)))


def test_pieces_do_not_keep_even_intervals() -> None:
    seen = {spread(NOW, UUID(int=n)) for n in range(100)}
    assert len(seen) > 90
    assert max(seen) - min(seen) > SPREAD * 0.9
