"""Files for spreadsheets and scripts, and the calendar for programs."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cid.domain.tenants import Profile
from cid.render import ical, sheet
from cid.text import profiles, zones

NOW = datetime(2026, 10, 24, 12, tzinfo=UTC)


@given(st.lists(st.lists(st.text(), min_size=1, max_size=4), max_size=5))
def test_no_cell_of_a_file_is_a_formula(rows: list[list[str]]) -> None:
    text = sheet.csv_lines(rows).decode()
    for row in csv.reader(io.StringIO(text, newline="")):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)


def occasion(**over: object) -> ical.Occasion:
    values: dict[str, object] = {
        "uid": "1@desk.test",
        "at": datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        "title": "Ferries, berths; and “power”\nBEGIN:VEVENT",
        "text": "scheduled\nhttps://desk.test/t/acme",
        "url": "https://desk.test/t/acme",
        "cancelled": False,
        "tentative": True,
        "planned_at": NOW,
        "changed_at": NOW + timedelta(minutes=5),
        **over,
    }
    return ical.Occasion(**values)  # type: ignore[arg-type]  # any field may be given


def read(body: bytes) -> Any:
    """The one entry of a calendar, as others read it."""
    (event,) = icalendar.Calendar.from_ical(body).walk("VEVENT")
    return event


def test_a_calendar_reads_back_as_it_was_written() -> None:
    body = ical.calendar("Acme", "Europe/Berlin", [occasion()])
    assert body == ical.calendar("Acme", "Europe/Berlin", [occasion()])
    assert all(len(line) <= 75 for line in body.split(b"\r\n"))
    event = read(body)
    assert event["UID"] == "1@desk.test"
    assert event.decoded("DTSTART") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert event.decoded("DTEND") > event.decoded("DTSTART")
    assert event["SUMMARY"] == "Ferries, berths; and “power” BEGIN:VEVENT"
    assert event["STATUS"] == "TENTATIVE"
    assert event["SEQUENCE"] == 300
    assert event.decoded("LAST-MODIFIED") == NOW + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("at", "berlin"),
    [
        (datetime(2026, 3, 29, 0, 59, tzinfo=UTC), "01:59"),
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "03:00"),
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "02:30"),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "02:30"),
    ],
)
def test_an_entry_of_a_doubtful_night_is_at_one_moment_for_every_program(at: datetime, berlin: str) -> None:
    event = read(ical.calendar("Acme", "Europe/Berlin", [occasion(at=at)]))
    assert event.decoded("DTSTART") == at
    assert f"{event.decoded('DTSTART').astimezone(zones.zone('Europe/Berlin')):%H:%M}" == berlin


def test_what_was_taken_back_is_cancelled_and_moved_on() -> None:
    before = read(ical.calendar("A", "UTC", [occasion()]))
    gone = occasion(cancelled=True, changed_at=NOW + timedelta(hours=1))
    after = read(ical.calendar("A", "UTC", [gone]))
    assert after["STATUS"] == "CANCELLED"
    assert after["UID"] == before["UID"]
    assert after["SEQUENCE"] > before["SEQUENCE"]


def test_a_change_of_a_profile_names_what_differs_and_nothing_else() -> None:
    was, now = profiles.changed(Profile(voice="plain"), Profile(voice="plain", keywords=("a", "b")))
    assert (was, now) == ({"keywords": []}, {"keywords": ["a", "b"]})
