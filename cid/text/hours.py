"""Hours of a day somewhere: also on the nights when clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

_SECOND = timedelta(seconds=1)


@cache
def zones() -> frozenset[str]:
    """Those that people can choose from."""
    return frozenset(name for name in available_timezones() if "/" in name and not name.startswith("Etc/")) | {"UTC"}


@cache
def zone_of(name: str) -> ZoneInfo:
    """UTC for a name that the time zone database does not have (any more)."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def day_of(now: datetime, zone: str) -> date:
    return now.astimezone(zone_of(zone)).date()


def moment(day: date, hour: int, zone: str) -> datetime:
    """In UTC. An hour that there is twice: the first; one that there is not: the moment at which clocks pass it."""
    place = zone_of(zone)
    wanted = datetime.combine(day, time(hour), place)
    at = wanted.astimezone(UTC)
    if at.astimezone(place).replace(tzinfo=None) == wanted.replace(tzinfo=None):
        return at
    early, late = sorted((at, wanted.replace(fold=1).astimezone(UTC)))
    while late - early > _SECOND:  # the change lies between them
        middle = early + (late - early) / 2
        if middle.astimezone(place).replace(tzinfo=None) < wanted.replace(tzinfo=None):
            early = middle
        else:
            late = middle
    return late.replace(microsecond=0)


def bounds(day: date, zone: str) -> tuple[datetime, datetime]:
    """When a day begins and ends there, in UTC."""
    return moment(day, 0, zone), moment(day + timedelta(days=1), 0, zone)
