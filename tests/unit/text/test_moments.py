"""Hours as people type them, on their clocks."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cid.text.moments import Moment, known, local, moment


def test_an_hour_is_one_of_the_zones_own_clocks() -> None:
    assert moment("2026-05-31", "09:30", "Europe/Berlin") == Moment(datetime(2026, 5, 31, 7, 30, tzinfo=UTC), False)
    assert moment("2026-05-31", "09:30", "Asia/Kolkata").at == datetime(2026, 5, 31, 4, 0, tzinfo=UTC)


def test_an_hour_that_the_clocks_leave_out_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"There is no 02:30 on that day in Europe/Berlin"):
        moment("2026-03-29", "02:30", "Europe/Berlin")


def test_of_an_hour_that_comes_twice_the_first_is_meant_and_it_says_so() -> None:
    assert moment("2026-10-25", "02:30", "Europe/Berlin") == Moment(datetime(2026, 10, 25, 0, 30, tzinfo=UTC), True)


@pytest.mark.parametrize(
    ("day", "hour"),
    [("", ""), ("31.5.2026", "09:30"), ("2026-02-30", "09:30"), ("2026-05-31", "25:00"), ("2026-05-31", "09:30+02:00")],
)
def test_what_is_no_day_or_hour_is_refused_with_an_example(day: str, hour: str) -> None:
    with pytest.raises(ValueError, match="Write the"):
        moment(day, hour, "UTC")


@pytest.mark.parametrize(("day", "zone"), [("0001-01-01", "Asia/Tokyo"), ("9999-12-31", "America/New_York")])
def test_the_ends_of_time_are_refused_too(day: str, zone: str) -> None:
    with pytest.raises(ValueError, match="No clock"):
        moment(day, "00:00" if day < "1" else "23:59", zone)


def test_a_zone_that_this_machine_does_not_know_is_utc() -> None:
    assert known("Atlantis/Deep").key == known("../etc/passwd").key == "UTC"
    assert local(datetime(2026, 5, 31, 7, 30, tzinfo=UTC), "Europe/Berlin").hour == 9
