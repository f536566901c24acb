"""Telling consumers that there is work: in this process at once, elsewhere by NOTIFY.

What is said here may be lost with the process; polling finds it all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_listeners: list[Callable[[frozenset[str]], None]] = []


def subscribe(listener: Callable[[frozenset[str]], None]) -> Callable[[], None]:
    """`listener` hears of every batch of kinds that became ready by this process's commits; answers its unsubscribe."""
    _listeners.append(listener)
    return lambda: _listeners.remove(listener)


def ready(kinds: Iterable[str]) -> None:
    said = frozenset(kinds)
    for listener in _listeners:
        listener(said)
