"""Days and hours of places, on ordinary days and on those nights."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cid.text import zones


@pytest.mark.parametrize("name", ["../etc/passwd", "", "Berlin", "Etc/GMT+1", "europe/berlin", "Europe/Berlin\0"])
def test_what_is_no_name_of_a_place_is_not_known_and_stands_for_utc(name: str) -> None:
    assert not zones.known(name)
    assert zones.zone(name) == ZoneInfo("UTC")


@pytest.mark.parametrize(
    ("day", "hour", "at", "twice"),
    [
        (date(2026, 3, 29), time(1, 59), datetime(2026, 3, 29, 0, 59, tzinfo=UTC), False),
        (date(2026, 3, 29), time(2, 0), None, False),
        (date(2026, 3, 29), time(2, 59), None, False),
        (date(2026, 3, 29), time(3, 0), datetime(2026, 3, 29, 1, 0, tzinfo=UTC), False),
        (date(2026, 10, 25), time(1, 59), datetime(2026, 10, 24, 23, 59, tzinfo=UTC), False),
        (date(2026, 10, 25), time(2, 0), datetime(2026, 10, 25, 0, 0, tzinfo=UTC), True),
        (date(2026, 10, 25), time(3, 0), datetime(2026, 10, 25, 2, 0, tzinfo=UTC), False),
    ],
)
def test_clock_changes_in_berlin(day: date, hour: time, at: datetime | None, twice: bool) -> None:
    moment = zones.moment(day, hour, "Europe/Berlin")
    assert (moment.at if moment else None) == at
    assert (moment.twice if moment else False) is twice


@given(
    st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2050, 1, 1)),  # noqa: DTZ001 - a clock on a wall
    st.sampled_from(["Europe/Berlin", "America/Sao_Paulo", "Africa/Cairo", "Australia/Lord_Howe", "Asia/Kathmandu"]),
)
def test_a_moment_shows_the_time_that_was_asked_for_or_there_is_none(local: datetime, name: str) -> None:
    local = local.replace(second=0, microsecond=0)
    moment = zones.moment(local.date(), local.time(), name)
    if moment is not None:
        assert moment.at.astimezone(ZoneInfo(name)).replace(tzinfo=None) == local


@given(
    st.dates(date(2000, 1, 1), date(2050, 1, 1)), st.sampled_from(["America/Sao_Paulo", "Africa/Cairo", "Asia/Beirut"])
)
def test_a_day_begins_with_its_first_moment_also_where_midnight_is_skipped(day: date, name: str) -> None:
    at = zones.midnight(day, name)
    assert zones.day_of(at, name) == day
    assert zones.day_of(at - timedelta(minutes=1), name) < day
