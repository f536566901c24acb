"""What the programs of all contenders share: one JSON line per answer, a start signal, and a record of what ran.

Imports nothing but the standard library: the peers live in an environment of their own.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

now = time.monotonic_ns
"""CLOCK_MONOTONIC: the same for every process of one machine."""


def say(**answer: Any) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


async def signal() -> None:
    """Tell that everything is open, and wait for a line on stdin: several processes start together."""
    say(ready=True)
    await line()


async def line() -> None:
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)


def cpu() -> float:
    """Seconds of this process so far."""
    used = os.times()
    return used.user + used.system


@dataclass(slots=True)
class Record:
    """What the handlers saw. Every `spoil_every`th job fails once; after `goal` runs it is `enough`."""

    spoil_every: int = 0
    goal: int = 0
    enough: asyncio.Event = field(default_factory=asyncio.Event)
    numbers: list[int] = field(default_factory=list)
    waits_ns: list[int] = field(default_factory=list)
    spoilt: set[int] = field(default_factory=set)
    first: int = 0
    last: int = 0

    def run(self, number: int, sent_ns: int, attempt: int) -> bool:
        """Whether this run succeeds. `attempt` counts from 1."""
        if self.spoil_every and number % self.spoil_every == 0 and attempt == 1:
            self.spoilt.add(number)
            return False
        at = now()
        self.first = self.first or at
        self.last = at
        self.numbers.append(number)
        if sent_ns:
            self.waits_ns.append(at - sent_ns)
        if len(self.numbers) == self.goal:
            self.enough.set()
        return True

    async def reached(self, limit_s: float) -> None:
        """Until the goal, or the limit: what is missing then shows in what is told."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await self.enough.wait()

    def told(self) -> dict[str, Any]:
        """Numbers run more than once, and how many different ones ran: enough to add up several processes."""
        doubled = [number for number, times in Counter(self.numbers).items() if times > 1]
        return {
            "ran": len(self.numbers),
            "distinct": len(set(self.numbers)),
            "doubled": doubled[:10],
            "sum": sum(self.numbers),
            "failed_once": len(self.spoilt),
            "first": self.first,
            "last": self.last,
            "waits_ms": [round(wait / 1e6, 3) for wait in self.waits_ns],
        }


@dataclass(slots=True)
class Clock:
    """Wall and processor time between `start` and `stop`."""

    t0: int = 0
    t1: int = 0
    cpu0: float = 0.0
    cpu1: float = 0.0

    def start(self) -> None:
        self.cpu0, self.t0 = cpu(), now()

    def stop(self) -> None:
        self.t1, self.cpu1 = now(), cpu()

    def told(self) -> dict[str, Any]:
        return {"t0": self.t0, "t1": self.t1, "cpu": self.cpu1 - self.cpu0}


async def paced(count: int, send: Callable[[int, int], Awaitable[object]]) -> None:
    """`count` sends of a number and the moment, with an even spread of pauses; the same pauses for every contender."""
    dice = random.Random(7)
    for number in range(count):
        await asyncio.sleep(dice.uniform(*PACE_S))
        await send(number, now())


PACE_S = (0.02, 0.05)
"""Between two single jobs: long enough for a worker to be idle again."""
Command = Callable[[str, Mapping[str, Any]], Coroutine[Any, Any, None]]


def main(commands: Mapping[str, Command]) -> None:
    """`program COMMAND DSN OPTIONS`, options as JSON. uvloop where the options say so."""
    command, dsn, given = sys.argv[1:]
    options = json.loads(given)
    if options.get("loop") == "uvloop":
        import uvloop  # noqa: PLC0415 - the peers' environment alone has it

        uvloop.run(commands[command](dsn, options))
    else:
        asyncio.run(commands[command](dsn, options))
