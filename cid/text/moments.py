"""A day and an hour as people type them, in their time zone. Pure.

A local hour may not exist (clocks go forward) or exist twice (clocks go back): PEP 495 tells the two apart by `fold`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


@dataclass(frozen=True, slots=True)
class Moment:
    at: datetime
    """In UTC."""
    twice: bool
    """The clocks go back over it, so it comes twice: `at` is the first."""


def moment(day: str, hour: str, zone: str) -> Moment:
    """`day` as 2026-05-31 and `hour` as 09:30, on the clocks of `zone`. Raises ValueError with a sentence."""
    try:
        naive = datetime.fromisoformat(f"{day.strip()}T{hour.strip()}")
    except ValueError:
        raise ValueError("Write the day as 2026-05-31 and the hour as 09:30.") from None
    if naive.tzinfo is not None:
        raise ValueError("Write the hour without a time zone: it is one of your clocks.")
    here = known(zone)
    first, second = naive.replace(tzinfo=here, fold=0), naive.replace(tzinfo=here, fold=1)
    try:
        at = first.astimezone(UTC)
        there = at.astimezone(here).replace(tzinfo=None, fold=0) == naive
    except OverflowError:
        raise ValueError("No clock shows that day.") from None
    if not there:
        raise ValueError(f"There is no {naive:%H:%M} on that day in {zone}: the clocks go forward over it.")
    return Moment(at=at, twice=first.utcoffset() != second.utcoffset())


def local(at: datetime, zone: str) -> datetime:
    """`at` on the clocks of `zone`."""
    return at.astimezone(known(zone))


def known(zone: str) -> ZoneInfo:
    """The zone, or UTC where this machine does not know its name."""
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
