"""Scenarios 8 and 22: workers whose clocks are an hour off, and a worker that is asked to stop."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta

from tests.chaos.field import TENANTS, Field, Grounds, Report, a_field
from tests.chaos.worker import WORK

HOUR_S = 3600
RETRY_S, SNOOZE_S = 0.5, 0.5
SPREAD = 0.2
SLACK_S = 4.0
"""How much later than due a job may start on a busy machine."""
LONG = "long"


async def skewed(grounds: Grounds, *, seed: int, jobs: int, clocks: tuple[float, ...] = (HOUR_S, -HOUR_S)) -> Report:
    """Jobs that are due, that fail first, that ask for time by their clock, and that are due later."""
    report = Report(scenario="8 clocks an hour off", seed=seed)
    began = time.monotonic()
    works = [f"{sort}-{n}" for sort in ("retry", "snooze", "later") for n in range(jobs)]
    async with a_field(grounds, seed=seed, busy=0, lost=0) as field:
        due = datetime.now(UTC) + timedelta(seconds=1)
        await field.add([work for work in works if work.startswith("later")], run_at=due)
        await field.add([work for work in works if not work.startswith("later")])
        for skew in clocks:
            field.hire(field.orders(flow="fickle", skew_s=skew, first_retry_s=RETRY_S, given={"snooze": SNOOZE_S}))
        done = await field.until_empty(RETRY_S * (1 + SPREAD) + 1 + 2 * SLACK_S)
        starts = await _starts(field)
        rows = await field.fetch("select work from chaos_effects where kind = $1", str(WORK))
    early, late = _judge(works, starts, due.timestamp())
    report.jobs = len(works)
    report.lost = len(works) - len({row["work"] for row in rows})
    report.doubled = len(rows) - len({row["work"] for row in rows})
    report.retried = sum(len(times) > 1 for times in starts.values())
    report.more = {"early": early, "late": late, "done_in_time": done}
    report.took = round(time.monotonic() - began, 1)
    return report


async def _starts(field: Field) -> dict[str, list[float]]:
    starts = defaultdict(list)
    for note in (await field.line.truth())["notes"]:
        starts[note["work"]].append(float(note["at"]))
    return starts


def _judge(works: list[str], starts: dict[str, list[float]], due: float) -> tuple[int, int]:
    """How many began before their time, and how many long after it or not at all."""
    early = late = 0
    for work in works:
        times = starts[work]
        if work.startswith("later"):
            wait, least, most = ((times[0] - due) if times else None), 0.0, 0.0
        else:
            wait = times[1] - times[0] if len(times) > 1 else None
            least, most = SNOOZE_S, SNOOZE_S
            if work.startswith("retry"):
                least, most = RETRY_S * (1 - SPREAD), RETRY_S * (1 + SPREAD)
        early += wait is not None and wait < least - 0.01
        late += wait is None or wait > most + SLACK_S
    return early, late


async def drained(grounds: Grounds, *, seed: int, jobs: int) -> Report:
    """SIGTERM to one of two workers in the middle of its work; one of its jobs takes longer than its grace."""
    report = Report(scenario="22 SIGTERM", seed=seed)
    began = time.monotonic()
    works = [f"w{n}" for n in range(jobs)]
    async with a_field(grounds, seed=seed, busy=0, lost=0) as field:
        orders = field.orders(flow="slow", given={"takes": 0.2}, grace_s=1.0)
        leaver = field.hire(orders)
        await _add_long(field)
        await field.add(works)
        await _has_begun(field, leaver)
        field.hire(orders)
        asked = time.time()
        field.nursery.signal(leaver, signal.SIGTERM)
        code = await field.nursery.wait(leaver)
        left_after = time.time() - asked
        done = await field.until_empty(60)
        notes = (await field.line.truth())["notes"]
        await field.judge(report, [])
        effects = await field.fetch(
            "select work, count(*) as n from chaos_effects where kind = $1 group by 1", str(WORK)
        )
    late = [note["at"] - asked for note in notes if note["what"] == "began" and note["pid"] == leaver]
    report.jobs = len(works) + 1
    report.lost = report.jobs - len(effects)
    report.doubled = sum(row["n"] > 1 for row in effects)
    report.more |= {
        "exit_code": code,
        "left_after_s": round(left_after, 2),
        "claimed_after_s": round(max(late), 2),
        "rescued": report.retried,
        "done_in_time": done,
    }
    report.took = round(time.monotonic() - began, 1)
    return report


async def _add_long(field: Field) -> None:
    payload = {"work": LONG, "takes": "2"}
    await field.fetch(
        "insert into jobs (tenant_id, kind, payload) values ($1, $2, $3)", TENANTS[0], str(WORK), json.dumps(payload)
    )


async def _has_begun(field: Field, pid: int) -> None:
    async with asyncio.timeout(20):
        while not any(note["pid"] == pid for note in (await field.line.truth())["notes"]):  # noqa: ASYNC110
            await asyncio.sleep(0.02)  # another process will say so
