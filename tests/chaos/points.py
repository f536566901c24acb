"""Numbered points between a claim and the last commit: before and after every statement and every call to the press.

The product has no hooks for this. The driver is wrapped at its edge, in the child that is to die.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from asyncpg import Connection

from tests.chaos.ledger import Line

DIED = 86
"""The exit code of a process that ended at its point."""


class Counter:
    """Counts from the first claim on, and ends the process, as a crash would, at point `stop_at`."""

    def __init__(self, stop_at: int) -> None:
        self._stop_at = stop_at
        self._counting = False
        self.passed: list[str] = []

    def point(self, name: str, *, claim: bool = False) -> None:
        if threading.current_thread() is not threading.main_thread():
            return  # the heart beats on its own
        self._counting = self._counting or claim
        if self._counting:
            self.passed.append(name)
            if len(self.passed) == self._stop_at:
                os._exit(DIED)

    def write(self, path: str) -> None:
        Path(path).write_text(json.dumps(self.passed))


def watch(counter: Counter) -> None:
    """Wrap what every statement of the driver goes through."""
    for name in ("execute", "_execute"):
        setattr(Connection, name, _wrapped(getattr(Connection, name), counter))


def _wrapped(inner: Callable[..., Any], counter: Counter) -> Callable[..., Any]:
    @wraps(inner)
    async def outer(self: Any, query: str, *args: Any, **given: Any) -> Any:
        if inner.__name__ == "execute" and args:
            return await inner(self, query, *args, **given)  # comes by again as _execute
        said = " ".join(line for line in query.split("\n") if not line.startswith("--"))[:60]
        if said.startswith("SELECT pg_advisory_unlock_all"):
            return await inner(self, query, *args, **given)  # the pool's reset: changes nothing
        counter.point(f"before {said}", claim="'running'" in query)
        answer = await inner(self, query, *args, **given)
        counter.point(f"after {said}")
        return answer

    return outer


def watched(line: Line, counter: Counter) -> Line:
    """The same line with a point before and after every call."""

    class Watched(Line):
        async def _ask(self, method: str, path: str, **given: Any) -> Any:
            counter.point(f"before {method} {path}")
            answer = await line._ask(method, path, **given)
            counter.point(f"after {method} {path}")
            return answer

    return Watched("")
