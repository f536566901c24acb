"""Times told from the moment of reading: resolved where they are clear, with the precision that they have."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cid.text.ago import told, written

NOW = datetime(2026, 1, 15, 12, 30, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "at", "precise_to"),
    [
        ("2 hours ago", "2026-01-15T10:30", HOUR),
        ("2h ago", "2026-01-15T10:30", HOUR),
        ("an hour ago", "2026-01-15T11:30", HOUR),
        ("5 mins ago", "2026-01-15T12:25", MINUTE),
        ("just now", "2026-01-15T12:30", MINUTE),
        ("3 days ago", "2026-01-12T00:00", DAY),
        ("yesterday", "2026-01-14T00:00", DAY),
        ("Yesterday at 2:30 pm", "2026-01-14T14:30", MINUTE),
        ("Today, 9:05", "2026-01-15T09:05", MINUTE),
        ("2 weeks ago", "2026-01-01T00:00", timedelta(days=7)),
        ("il y a 2 heures", "2026-01-15T10:30", HOUR),
        ("Il y a une heure", "2026-01-15T11:30", HOUR),
        ("hier à 14h30", "2026-01-14T14:30", MINUTE),
        ("aujourd’hui", "2026-01-15T00:00", DAY),
        ("à l’instant", "2026-01-15T12:30", MINUTE),
        ("vor 2 Stunden", "2026-01-15T10:30", HOUR),
        ("vor einem Tag", "2026-01-14T00:00", DAY),
        ("Gestern um 14:30 Uhr", "2026-01-14T14:30", MINUTE),
        ("vorgestern", "2026-01-13T00:00", DAY),
        ("hace 2 horas", "2026-01-15T10:30", HOUR),
        ("ayer a las 14:30", "2026-01-14T14:30", MINUTE),
        ("hace un día", "2026-01-14T00:00", DAY),
        ("2 часа назад", "2026-01-15T10:30", HOUR),
        ("час назад", "2026-01-15T11:30", HOUR),
        ("5 минут назад", "2026-01-15T12:25", MINUTE),
        ("3 дня назад", "2026-01-12T00:00", DAY),
        ("вчера в 14:30", "2026-01-14T14:30", MINUTE),
        ("позавчера", "2026-01-13T00:00", DAY),
        ("15 Jan 2026", "2026-01-15T00:00", DAY),
        ("15-Jan-2026", "2026-01-15T00:00", DAY),
        ("15 Jan 2026 10:00", "2026-01-15T10:00", MINUTE),
    ],
)
def test_what_a_page_says_of_a_time_is_resolved_as_precisely_as_it_is_said(
    text: str, at: str, precise_to: timedelta
) -> None:
    found = told(text, NOW)
    assert found and (found.at, found.precise_to) == (datetime.fromisoformat(at).replace(tzinfo=UTC), precise_to)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "2 parsecs ago",
        "ago",
        "vor Gericht",
        "hace calor",
        "minister said yesterday that",
        "yesterday at 25:00",
        "yesterday at 13 pm",
        "9999 years ago",
        "in 2 hours",
        "tomorrow",
    ],
)
def test_what_is_not_clearly_a_time_is_none_and_never_now(text: str) -> None:
    assert told(text, NOW) is None


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("12 Dec 2025 - The minister said yesterday that tests go on.", "2025-12-12"),
        ("NEW DELHI, December 12, 2025: he said yesterday", "2025-12-12"),
        ("Updated 2025-12-12, two hours ago", "2025-12-12"),
        ("Publié le 12 décembre 2025 par la rédaction", "2025-12-12"),
    ],
)
def test_in_prose_the_date_that_is_written_out_counts(text: str, day: str) -> None:
    found = written(text)
    assert found and (found.at.date().isoformat(), found.precise_to) == (day, DAY)


def test_prose_without_a_written_date_has_none() -> None:
    assert written("The minister said yesterday that 30 Feb 2025 does not exist") is None


@given(
    st.integers(1, 999),
    st.sampled_from(["minute", "hour", "day", "week", "month"]),
    st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1)),  # noqa: DTZ001
)
def test_no_span_ends_after_the_moment_of_reading_or_is_off_by_more_than_it_admits(
    count: int, unit: str, now: datetime
) -> None:
    here = now.replace(tzinfo=UTC)
    found = told(f"{count} {unit}s ago", here)
    size = {"minute": MINUTE, "hour": HOUR, "day": DAY, "week": 7 * DAY, "month": 30 * DAY}[unit]
    if found:
        assert found.at <= here
        assert abs(here - count * size - found.at) < max(size, DAY)
    else:
        assert (here - count * size).year < 1971


@given(st.text(max_size=60), st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1)))  # noqa: DTZ001
def test_no_text_breaks_the_reading(text: str, now: datetime) -> None:
    for found in (told(text, now.replace(tzinfo=UTC)), written(text)):
        assert found is None or found.at.tzinfo is UTC
