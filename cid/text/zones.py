"""Days and hours of a place: the IANA time zone database, as Python's `zoneinfo` reads it. Pure but for its files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones


@cache
def names() -> tuple[str, ...]:
    """Those that name a place, and UTC; not the old spellings and the ones that leap seconds are counted in."""
    odd = ("Etc/", "posix/", "right/")
    places = {name for name in available_timezones() if "/" in name and not name.startswith(odd)}
    return ("UTC", *sorted(places))


def known(name: str) -> bool:
    """Asked of the list and not of the files: a name is somebody's input, and would be a path."""
    return name in names()


def zone(name: str) -> ZoneInfo:
    """UTC for a name that the database does not have any more."""
    return ZoneInfo(name if known(name) else "UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    at: datetime
    """In UTC."""
    twice: bool
    """The clocks go back over it: it is the first of two."""


def moment(day: date, hour: time, name: str) -> Moment | None:
    """When a clock in that zone shows this; None: never, because it is put forward over it.

    PEP 495: a time that does not exist comes back from UTC as another one, whatever its fold; one that exists twice is
    another moment with fold 1.
    """
    local = datetime.combine(day, hour.replace(fold=0), tzinfo=zone(name))
    at = local.astimezone(UTC)
    if at.astimezone(zone(name)).replace(tzinfo=None) != local.replace(tzinfo=None):
        return None
    later = local.replace(fold=1).astimezone(UTC)
    return Moment(at=at, twice=later != at)


def midnight(day: date, name: str) -> datetime:
    """When the day begins there, in UTC. Where midnight itself is skipped, the first moment after it."""
    local = datetime.combine(day, time(), tzinfo=zone(name))
    at = local.astimezone(UTC)
    shown = at.astimezone(zone(name))
    return at if shown.date() >= day else (local.replace(fold=1) + timedelta(hours=1)).astimezone(UTC)


def day_of(at: datetime, name: str) -> date:
    return at.astimezone(zone(name)).date()
