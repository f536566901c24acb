"""Scenario 17: a worker ends at every numbered point between the claim and the last commit, one after the other."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import uuid4

from cid.queue import care
from cid.queue.heart import machine
from tests.chaos.field import Field, Grounds, Report, a_field
from tests.chaos.points import DIED
from tests.chaos.worker import FOLLOW, WORK, Orders

ONCE = {"posts": 1, "effects": 1, "follow-ups": 1, "done": 2, "left": 0, "dead": 0}
"""What a work leaves behind when nobody dies."""
LANES = 2
PATIENCE_S = 30
RUNAWAY = 400
SHOWN = 3


async def points(
    grounds: Grounds,
    *,
    seed: int,
    flow: str = "sound",
    refuse: int = 0,
    to_the_end: bool = True,
    first: int = 1,
    step: int = 1,
    at_most: int = RUNAWAY,
) -> Report:
    """The first `refuse` answers of the press are 503, so that a retry is on the way, too. Else than `to_the_end`: as
    far as the first point after which the work is not as it should be.
    """
    report = Report(scenario=f"17 exit at every point, {flow}{' with a retry' if refuse else ''}", seed=seed)
    began = time.monotonic()
    numbers, wrong = count(first, step), {}
    reached: list[int] = []
    names = await _names(grounds, seed=seed, flow=flow, refuse=refuse)

    async def lane() -> None:
        async with a_field(grounds, seed=seed, busy=0, lost=0, refuse=refuse) as field:
            for n in numbers:
                state, died = await _one(field, n, flow)
                if state != ONCE:
                    wrong[n] = state
                if not died or n >= at_most or (wrong and not to_the_end):
                    return
                reached.append(n)

    await asyncio.gather(*(lane() for _ in range(LANES)))
    report.jobs, report.kills = len(reached) + LANES, len(reached)
    report.lost = sum(state["posts"] < 1 or state["effects"] < 1 or state["follow-ups"] < 1 for state in wrong.values())
    report.doubled = sum(
        state["posts"] > 1 or state["effects"] > 1 or state["follow-ups"] > 1 for state in wrong.values()
    )
    report.more = {
        "points": len(reached),
        "wrong": [(n, names[n - 1] if n <= len(names) else "?", wrong[n]) for n in sorted(wrong)[:SHOWN]],
    }
    report.took = round(time.monotonic() - began, 1)
    return report


async def _names(grounds: Grounds, *, seed: int, flow: str, refuse: int) -> list[str]:
    """The points of a run without a crash, in order."""
    path = grounds.room / "points.json"
    async with a_field(grounds, seed=seed, busy=0, lost=0, refuse=refuse) as field:
        await field.add(["w"])
        await _run(field, _orders(field, flow, trace=str(path)))
        assert await _state(field, "w") == ONCE
    names: list[str] = json.loads(path.read_text())
    return names


def _orders(field: Field, flow: str, **given: Any) -> Orders:
    return field.orders(flow=flow, drain=True, first_retry_s=0.01, slots=2, **given)


async def _one(field: Field, n: int, flow: str) -> tuple[dict[str, int], bool]:
    """What is there in the end of the work of its own, and whether the run came as far as point `n`."""
    work = f"w{n}"
    await field.add([work])
    code = await _run(field, _orders(field, flow, stop_at=n))
    assert code in {0, DIED}, field.nursery.log.read_text()[-2000:]
    if code == DIED:
        await _rescue(field)
        assert await _run(field, _orders(field, flow)) == 0
    return await _state(field, work), code == DIED


async def _run(field: Field, orders: Orders) -> int:
    pid = field.hire(orders)
    try:
        return await field.nursery.wait(pid, PATIENCE_S)
    except TimeoutError:
        field.nursery.signal(pid, signal.SIGKILL)
        raise


async def _rescue(field: Field) -> None:
    """What the reaper of any other process does; again while a last beat of the dead one was still on its way."""
    while await field.value("select exists (select from jobs where state = 'running')"):
        async with field.platform.tx() as tx:
            await care.bury(tx, machine(), lambda _pid: False, but=uuid4())
        async with field.platform.tx() as tx:
            await care.rescue(tx, timedelta(minutes=1), {WORK: 10, FOLLOW: 10})


async def _state(field: Field, work: str) -> dict[str, int]:
    (row,) = await field.fetch(
        """select (select count(*) from chaos_effects where work = $1 and kind = $2) as effects,
             (select count(*) from chaos_effects where work = $1 and kind = $3) as "follow-ups",
             (select count(*) from jobs_done where payload ->> 'work' = $1 and outcome = 'done') as done,
             (select count(*) from jobs where payload ->> 'work' = $1) as left,
             (select count(*) from jobs_dead where payload ->> 'work' = $1) as dead""",
        work,
        str(WORK),
        str(FOLLOW),
    )
    return {"posts": (await field.line.posts())[work], **dict(row)}
