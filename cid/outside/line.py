"""Whether our own line to the world is up: when names and connections fail for everybody at once, it is us."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import NamedTuple

WITHIN = timedelta(minutes=3)
"""What lies further back says nothing about now."""
POLLS, HOSTS = 20, 10
"""Fewer say nothing."""
SHARE = 0.2
"""Of the polls that fail by name or connection; ordinarily it is 1 to 3 %."""
LONG = timedelta(minutes=15)
"""After that it is us only where nothing answers at all: a line that carries most of what is asked is up."""
AGAIN = timedelta(minutes=2)
"""A poll that failed meanwhile is put off for so long."""


class _How(Enum):
    ANSWERED = auto()
    FELL = auto()
    """Failed, and answered the time before."""
    DEAD = auto()
    """Failed, and not for the first time. A list of sources may be old, and a tenant may add any number of names that
    nobody has: while others answer they say nothing about our line."""


class _Seen(NamedTuple):
    at: datetime
    host: str
    how: _How


@dataclass(slots=True)
class Line:
    """Fed with every poll of this process."""

    down_since: datetime | None = None
    _doubted_since: datetime | None = None
    _seen: deque[_Seen] = field(default_factory=deque)
    _counts: Counter[_How] = field(default_factory=Counter)

    def note(self, at: datetime, host: str, *, failed: bool, known: bool) -> bool:
        """A poll of `host` ended; `failed` by name or connection; `known`: it answered the time before. Answers whether
        the line is down now."""
        how = _How.ANSWERED if not failed else _How.FELL if known else _How.DEAD
        self._seen.append(_Seen(at, host, how))
        self._counts[how] += 1
        while self._seen and (self._seen[0].at < at - WITHIN or len(self._seen) > 2000):
            self._counts[self._seen.popleft().how] -= 1
        silent, doubtful = self._judged()
        if not doubtful:
            self._doubted_since = self.down_since = None
            return False
        self._doubted_since = self._doubted_since or at
        down = silent or at - self._doubted_since < LONG
        self.down_since = (self.down_since or at) if down else None
        return down

    def _judged(self) -> tuple[bool, bool]:
        """Whether nothing answers at all, and whether anything is wrong with the line."""
        answered, fell = self._counts[_How.ANSWERED], self._counts[_How.FELL]
        silent = not answered and len(self._seen) >= POLLS
        some = answered + fell >= POLLS and fell >= SHARE * (answered + fell)
        doubtful = (silent or some) and len({seen.host for seen in self._seen}) >= HOSTS
        return silent and doubtful, doubtful

    def shown(self) -> dict[str, dict[str, str]]:
        """For `workers.parts`, which the overview and the doctor read: nothing while all is well."""
        since = self.down_since
        if since is None:
            return {}
        said = "many names or connections fail at once: our own network seems down, and no source is blamed"
        return {"network": {"state": "down", "since": since.isoformat(timespec="seconds"), "error": said}}
