"""Dates of feeds: right or none, never wrong and never now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cid.text.dates import parse

TEN = "2024-07-15T10:00:00+00:00"
MOMENTS = st.datetimes(datetime(1980, 1, 1), datetime(2090, 1, 1)).map(lambda at: at.replace(microsecond=0, tzinfo=UTC))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Mon, 15 Jul 2024 12:00:00 CEST", TEN),
        ("Mon, 15 Jul 2024 11:00:00 BST", TEN),
        ("Mon, 15 Jul 2024 15:30:00 IST", TEN),
        ("Mon, 15 Jul 2024 19:00:00 JST", TEN),
        ("Mon, 15 Jul 2024 13:00:00 MSK", TEN),
        ("15 Jul 24 10:00 GMT", TEN),
        ("Mon, 15 Jul 2024 10:00:00 -0000 (UTC)", TEN),
        ("Mon, 15 Jul 2024 12:00:00 GMT+2", TEN),
        ("2024-07-15T15:30:00.123+05:30", TEN),
        ("2024-07-15 10:00:00", TEN),
        ("2024/7/15 10:00:00", TEN),
        ("20240715T100000Z", TEN),
        ("1721037600", TEN),
        ("1721037600123", TEN),
        ("lun., 15 juil. 2024 12:00:00 +0200", TEN),
        ("Mo, 15 Juli 2024 12:00:00 +0200", TEN),
        ("15 de julio de 2024 10:00", TEN),
        ("15 июля 2024 10:00", TEN),
        ("July 15, 2024 10:00 AM", TEN),
        ("Mon Jul 15 06:00:00 EDT 2024", TEN),
        ("15.07.2024 10:00", TEN),
        ("15/07/2024 10:00", TEN),
        ("2016/6/29 15:07:41", "2016-06-29T15:07:41+00:00"),
        ("20240716T100000Z", "2024-07-16T10:00:00+00:00"),
        ("1721124000", "2024-07-16T10:00:00+00:00"),
        ("20230918T031500Z", "2023-09-18T03:15:00+00:00"),
        ("Mon, 15 Jul 2024 10:00:00 Z", TEN),
        ("Mon, 15 Jul 2024 06:00:00 -0400", TEN),
        ("Monday, 15 July 2024 10:00:00 UTC", TEN),
        ("2024-07-15T10:00Z", TEN),
        ("2024-07-15", "2024-07-15T00:00:00+00:00"),
        ("20240715", "2024-07-15T00:00:00+00:00"),
        ("15 Jan 2026", "2026-01-15T00:00:00+00:00"),
        ("15-Jul-2024", "2024-07-15T00:00:00+00:00"),
        ("2024-12-31T23:59:60Z", "2024-12-31T23:59:59+00:00"),
    ],
)
def test_odd_dates_are_understood(text: str, moment: str) -> None:
    assert parse(text) == datetime.fromisoformat(moment)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2 hours ago",
        "now",
        "today",
        "9999-12-31T23:59:59Z",
        "2024-02-30",
        "Fri, 30 Feb 2024 10:00:00 GMT",
        "03/04/2024",
        "0001-01-01T00:00:00Z",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Mon, 15 Jul 2024 10:00:00 XYZ",
        "2024-07-15T10:00:00+9999",
        "2024-07-15T25:00:00Z",
        "2024",
        "15 Foo 2024",
        "9" * 13,
        "13:00 PM",
    ],
)
def test_what_is_not_sure_is_no_date(text: str) -> None:
    assert parse(text) is None


@given(MOMENTS, st.integers(-11 * 60, 13 * 60))
def test_every_moment_survives_the_two_standard_spellings(at: datetime, offset: int) -> None:
    local = at.astimezone(timezone(timedelta(minutes=offset)))
    assert parse(format_datetime(local)) == at
    assert parse(local.isoformat()) == at
    assert parse(str(int(at.timestamp()))) in {at, None}


@given(st.text(max_size=60) | st.text(st.sampled_from("0123456789:-/+TZ ,JanuaryMon."), max_size=40))
def test_no_text_is_worse_than_no_date(text: str) -> None:
    found = parse(text)
    assert found is None or (1971 <= found.year <= 2099 and found.tzinfo is UTC)
