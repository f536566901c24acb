"""The one place that reads the machine's clock."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

SLACK = timedelta(milliseconds=250)
"""Differences below are left alone: they are the way to the database and back."""


def _machine() -> datetime:
    return datetime.now(UTC)


class SystemClock:
    """The machine's clock, corrected by the database's: machines that disagree must agree on what is due."""

    def __init__(self, machine: Callable[[], datetime] = _machine) -> None:
        self._machine = machine
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        return self._machine() - self._ahead

    def follow(self, there: datetime, here: datetime) -> None:
        """The database's clock said `there` when ours, by `now()`, said `here`."""
        off = here - there
        if abs(off) > SLACK:
            self._ahead += off
