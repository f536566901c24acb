"""A calendar for other programs (RFC 5545). Times are in UTC, which needs no definition of a zone and has no doubtful
nights. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from icalendar import Calendar, Event, vDuration, vText

PRODUCT = "-//CID//Content Intelligence Desk//EN"
LENGTH = timedelta(minutes=15)
"""So long an entry is drawn: something without a length is drawn by some programs as nothing."""
REFRESH = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Something that goes out, went out, or was taken back."""

    uid: str
    """The same for ever, wherever it is moved."""
    at: datetime
    title: str
    text: str
    url: str
    cancelled: bool
    tentative: bool
    """Nothing was sent of it yet."""
    planned_at: datetime
    changed_at: datetime


def calendar(name: str, zone: str, occasions: Iterable[Occasion]) -> bytes:
    """The same bytes for the same occasions: nothing in it says when it was asked for."""
    made = Calendar()
    made.add("prodid", PRODUCT)
    made.add("version", "2.0")
    made.add("calscale", "GREGORIAN")
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", name)
    made.add("x-wr-timezone", zone)
    made.add("refresh-interval", vDuration(REFRESH), parameters={"VALUE": "DURATION"})
    made.add("x-published-ttl", vDuration(REFRESH))
    for one in occasions:
        made.add_component(_event(one))
    return bytes(made.to_ical())


def _event(one: Occasion) -> Event:
    event = Event()
    at = one.at.astimezone(UTC).replace(microsecond=0)
    event.add("uid", one.uid)
    # when this state of it was written down (RFC 5545, 3.8.7.2, for METHOD:PUBLISH the same as LAST-MODIFIED)
    event.add("dtstamp", one.changed_at.astimezone(UTC).replace(microsecond=0))
    event.add("last-modified", one.changed_at.astimezone(UTC).replace(microsecond=0))
    event.add("sequence", max(0, int((one.changed_at - one.planned_at).total_seconds())))
    event.add("dtstart", at)
    event.add("dtend", at + LENGTH)
    event.add("summary", vText(_line(one.title)))
    if one.text:
        event.add("description", vText(one.text))
    if one.url:
        event.add("url", one.url)
    event.add("status", "CANCELLED" if one.cancelled else "TENTATIVE" if one.tentative else "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    return event


def _line(text: str) -> str:
    return " ".join(text.split())
