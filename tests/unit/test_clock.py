"""The clock of a machine that is wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cid.outside.clock import SystemClock

TRUE = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("off", [timedelta(hours=1), timedelta(hours=-1), timedelta(seconds=2)])
def test_a_machine_whose_clock_is_wrong_goes_by_the_databases(off: timedelta) -> None:
    clock = SystemClock(lambda: TRUE + off)
    for _ in range(2):
        clock.follow(TRUE, clock.now())
        assert clock.now() == TRUE


def test_the_way_to_the_database_and_back_is_no_difference() -> None:
    clock = SystemClock(lambda: TRUE)
    clock.follow(TRUE + timedelta(milliseconds=100), clock.now())
    assert clock.now() == TRUE
