"""Hours of days on which clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cid.text import hours

PLACES = ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Cairo", "Pacific/Apia"]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "hour", "zone", "at"),
    [
        ("2026-03-28", 7, "Europe/Berlin", "2026-03-28T06:00"),
        ("2026-03-29", 7, "Europe/Berlin", "2026-03-29T05:00"),
        # 2:00 does not exist: clocks go from 2 to 3
        ("2026-03-29", 2, "Europe/Berlin", "2026-03-29T01:00"),
        # 2:00 comes twice: the first
        ("2026-10-25", 2, "Europe/Berlin", "2026-10-25T00:00"),
        ("2026-03-08", 2, "America/New_York", "2026-03-08T07:00"),
        ("2026-11-01", 1, "America/New_York", "2026-11-01T05:00"),
        ("2026-03-29", 7, "Asia/Kolkata", "2026-03-29T01:30"),
        # half an hour: from 2:00 to 2:30, and back
        ("2026-10-04", 2, "Australia/Lord_Howe", "2026-10-03T15:30"),
        ("2026-04-05", 2, "Australia/Lord_Howe", "2026-04-04T15:30"),
        # midnight itself does not exist
        ("2026-04-24", 0, "Africa/Cairo", "2026-04-23T22:00"),
        ("2026-03-29", 7, "Nowhere/Atlantis", "2026-03-29T07:00"),
    ],
)
def test_an_hour_there_is_one_moment(day: str, hour: int, zone: str, at: str) -> None:
    assert hours.moment(date.fromisoformat(day), hour, zone) == utc(at)


@given(st.dates(date(2020, 1, 1), date(2035, 1, 1)), st.integers(0, 23), st.sampled_from(PLACES))
def test_a_moment_is_the_first_at_which_a_clock_there_shows_the_hour_or_a_later_one(
    day: date, hour: int, zone: str
) -> None:
    at = hours.moment(day, hour, zone)
    place = ZoneInfo(zone)
    wanted = datetime(day.year, day.month, day.day, hour)  # noqa: DTZ001 - as a clock there shows it
    assert at.astimezone(place).replace(tzinfo=None) >= wanted
    assert (at - timedelta(seconds=1)).astimezone(place).replace(tzinfo=None) < wanted


@given(st.dates(date(2020, 1, 1), date(2035, 1, 1)), st.sampled_from(PLACES))
def test_days_follow_each_other_without_a_gap(day: date, zone: str) -> None:
    start, end = hours.bounds(day, zone)
    assert start < end == hours.bounds(day + timedelta(days=1), zone)[0]
    assert hours.day_of(start, zone) == day


def test_the_list_to_choose_from_has_places_and_no_relics() -> None:
    assert {"Europe/Berlin", "UTC", "Asia/Kolkata"} <= hours.zones()
    assert not {"EST", "Etc/GMT+5", "GB"} & hours.zones()
