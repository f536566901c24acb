"""Scenarios 1 to 3: workers and the server are killed or frozen at random, with a sound flow and with naive ones."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from dataclasses import replace
from itertools import count

from tests.chaos.field import Field, Grounds, Report, a_field
from tests.chaos.worker import Orders

FROZEN_S = 1.8
"""Longer than the silence after which a process is taken for dead: what it does next is a zombie's doing."""


class Crowd:
    """A few workers, of which always one or the other dies."""

    def __init__(self, field: Field, orders: Orders, size: int) -> None:
        self._field = field
        self._orders = orders
        self._numbers = count()
        self.kills: list[tuple[float, int]] = []
        self.frozen = 0
        self.pids = [self._hire() for _ in range(size)]
        self._thaws: list[asyncio.Task[None]] = []

    def _hire(self) -> int:
        """Every second one seems to run on another machine."""
        number = next(self._numbers)
        host = f"machine {number}" if number % 2 else ""
        return self._field.hire(replace(self._orders, host=host))

    def kill(self, which: int) -> None:
        pid = self.pids[which]
        self.kills.append((time.time(), pid))
        self._field.nursery.signal(pid, signal.SIGKILL)
        self.pids[which] = self._hire()

    def freeze(self, which: int) -> None:
        """It stops in the middle of whatever it does and goes on long after others took its jobs."""
        pid = self.pids[which]
        self.frozen += 1
        self._field.nursery.signal(pid, signal.SIGSTOP)
        self._thaws.append(asyncio.ensure_future(self._thaw(pid)))
        self.pids[which] = self._hire()

    async def _thaw(self, pid: int) -> None:
        await asyncio.sleep(FROZEN_S)
        self._field.nursery.signal(pid, signal.SIGCONT)
        await asyncio.sleep(0.5)
        self._field.nursery.signal(pid, signal.SIGTERM)

    async def thawed(self) -> None:
        await asyncio.gather(*self._thaws)


async def killed(
    grounds: Grounds,
    *,
    seed: int,
    jobs: int,
    flow: str = "sound",
    workers: int = 2,
    server_every_s: float | None = None,
    patience_s: float = 120,
    scenario: str = "1 workers killed",
    frozen: float = 0.25,
) -> Report:
    """Every 0.3 to 1.2 s a worker is killed, or frozen for longer than others believe it alive; until all is done."""
    chance = random.Random(seed)
    report = Report(scenario=scenario, seed=seed)
    works = [f"w{n}" for n in range(jobs)]
    began = time.monotonic()
    async with a_field(grounds, seed=seed) as field:
        await field.add(works)
        crowd = Crowd(field, field.orders(flow=flow), workers)
        end, server_at, servers = began + patience_s, began + (server_every_s or patience_s), 0
        while time.monotonic() < end:
            await asyncio.sleep(chance.uniform(0.3, 1.2))
            if await field.empty():
                break
            if time.monotonic() > server_at:
                kill_server(field)
                servers += 1
                server_at = time.monotonic() + (server_every_s or patience_s)
            which = chance.randrange(workers)
            freezes = chance.random() < frozen and (crowd.kills or frozen == 1)  # one at least is killed
            (crowd.freeze if freezes else crowd.kill)(which)
        await crowd.thawed()
        await field.until_empty(5)
        await field.recovery(report, crowd.kills)
        report.kills = len(crowd.kills) + servers
        report.more |= {"frozen": crowd.frozen, "servers": servers}
        await field.judge(report, works)
    report.took = round(time.monotonic() - began, 1)
    return report


async def control(grounds: Grounds, *, seed: int, jobs: int, flow: str, frozen: float = 0.25) -> Report:
    """The same with a naive flow. `frozen`: the share of freezes among the deaths."""
    return await killed(grounds, seed=seed, jobs=jobs, flow=flow, frozen=frozen, scenario=f"3 naive: {flow}")


def kill_server(field: Field) -> None:
    """SIGKILL to the postmaster, and up again at once, by its owner."""
    process = field.server.process
    assert process
    process.kill()
    process.wait()
    field.server.restart()
