"""Whether our own line to the world is up: when names and connections fail for everybody at once, it is us."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

WITHIN = timedelta(minutes=3)
"""What lies further back says nothing about now."""
POLLS, HOSTS = 20, 10
"""Fewer say nothing."""
SHARE = 0.2
"""Of the polls that fail by name or connection; ordinarily it is 1 to 3 %."""
AGAIN = timedelta(minutes=2)
"""A poll that failed meanwhile is put off for so long."""


class _Seen(NamedTuple):
    at: datetime
    host: str
    failed: bool


@dataclass(slots=True)
class Line:
    """Fed with every poll of this process."""

    down_since: datetime | None = None
    _seen: deque[_Seen] = field(default_factory=deque)
    _failed: int = 0

    def note(self, at: datetime, host: str, *, failed: bool) -> bool:
        """A poll of `host` ended; `failed` by name or connection. Answers whether the line is down now."""
        self._seen.append(_Seen(at, host, failed))
        self._failed += failed
        while self._seen and (self._seen[0].at < at - WITHIN or len(self._seen) > 2000):
            self._failed -= self._seen.popleft().failed
        count = len(self._seen)
        down = count >= POLLS and self._failed >= SHARE * count and len({seen.host for seen in self._seen}) >= HOSTS
        if not down:
            self.down_since = None
        elif self.down_since is None:
            self.down_since = at
        return down

    def shown(self) -> dict[str, dict[str, str]]:
        """For `workers.parts`, which the overview and the doctor read: nothing while all is well."""
        since = self.down_since
        if since is None:
            return {}
        said = "many names or connections fail at once: our own network seems down, and no source is blamed"
        return {"network": {"state": "down", "since": since.isoformat(timespec="seconds"), "error": said}}
