"""Sweeps over ten thousand feeds on loopback, and the intervals that sources of three rhythms got over a week.

    python -m bench.poll [--feeds 10000] [--slots N]

One JSON line each. A sweep makes every source due at once and ends when each has been polled. Postgres, the desk and
the server of the feeds share the machine; grouping and rules are not run, so that it is polling that is measured, and
the first sweep stores all entries as seen. `pss_mb` is of the desk and its children.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg

from cid import bootstrap, settings
from cid.cli import frame
from cid.domain.jobs import JobKind
from cid.domain.news import Entry, Polled, PollOutcome, SourceKind
from cid.gates import rhythm
from cid.pg.roles import Logins
from cid.workers.main import Crew, Process
from cid.workers.table import TABLE

FILL = """
with made as (
  insert into sources (id, kind, url, next_poll_at)
  select gen_random_uuid(), 'rss', $2 || '/feed/' || n, cid_now() + interval '1 day' from generate_series(1, $1::int) n
  returning id
), subscribed as (
  insert into subscriptions (tenant_id, id, source_id) select $3, gen_random_uuid(), id from made
)
insert into jobs (id, tenant_id, kind, state, run_at, dedupe_key, payload)
select nextval('job_ids'), '00000000-0000-0000-0000-000000000000', 'poll', 'scheduled', cid_now() + interval '1 day',
  id::text, jsonb_build_object('source', id) from made
"""
DUE = "update jobs set run_at = cid_now() where kind = 'poll' and state = 'scheduled'"
LEFT = "select count(*) from sources where polled_at is null or polled_at < $1"
CAUSES = "select cause, count(*) as sources from sources group by 1 order by 2 desc"
TICK_S = 0.005


class Watch:
    """How late the event loop is, and how much memory we take."""

    def __init__(self) -> None:
        self.late_ms: list[float] = []
        self.pss_mb = 0.0

    async def tick(self) -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(TICK_S)
            self.late_ms.append((time.perf_counter() - began - TICK_S) * 1000)

    async def weigh(self) -> None:
        while True:
            self.pss_mb = max(self.pss_mb, await asyncio.to_thread(pss_mb))
            await asyncio.sleep(2)

    def forget(self) -> None:
        self.late_ms, self.pss_mb = [], 0.0

    def told(self) -> dict[str, float]:
        late = sorted(self.late_ms)
        return {
            "lag_p50_ms": round(statistics.median(late), 1),
            "lag_p99_ms": round(late[int(len(late) * 0.99)], 1),
            "lag_max_ms": round(late[-1], 1),
            "pss_mb": round(self.pss_mb, 1),
        }


def pss_mb() -> float:
    me, total = os.getpid(), 0
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            if int(folder.name) != me and (
                parent != me or b"cid.workers.child" not in (folder / "cmdline").read_bytes()
            ):
                continue
            rows = (folder / "smaps_rollup").read_text().splitlines()
        except (OSError, IndexError):
            continue
        total += next(int(row.split()[1]) for row in rows if row.startswith("Pss:"))
    return total / 1024


async def sweeps(to: Logins, given: settings.Settings, base: str, feeds: int, slots: int | None) -> None:
    polling = replace(given.gates.polling, first=0)
    given = replace(given, gates=replace(given.gates, polling=polling))
    handler = TABLE[JobKind.POLL] if slots is None else replace(TABLE[JobKind.POLL], slots=slots)
    owner = await asyncpg.connect(to.owner, command_timeout=300)
    watch, stop = Watch(), asyncio.Event()
    async with bootstrap.open_services(given, to) as services, asyncio.TaskGroup() as group:
        tenant = await owner.fetchval(
            "insert into tenants (id, slug, name) values (gen_random_uuid(), 'bench', 'Bench') returning id"
        )
        await owner.execute(FILL, feeds, base, tenant)
        await owner.execute("analyze")
        crew = Crew(services=services, dsn=to.worker, tuning=given.queue, table={JobKind.POLL: handler})
        serving = group.create_task(Process(crew).serve(stop, asyncio.Event()))
        watching = [group.create_task(watch.tick()), group.create_task(watch.weigh())]
        await asyncio.sleep(2)
        for mode in ("first", "mix", "all"):
            await asyncio.to_thread(urllib.request.urlopen, f"{base}/set/{mode}")
            watch.forget()
            told = await sweep(owner, feeds)
            print(json.dumps({"bench": "poll", "sweep": mode, "feeds": feeds, **told, **watch.told()}), flush=True)
        for task in watching:
            task.cancel()
        stop.set()
        await serving
    await owner.close()


async def sweep(owner: Any, feeds: int) -> dict[str, Any]:
    began, cpu = time.perf_counter(), time.process_time()
    since = await owner.fetchval("select cid_now()")
    await owner.execute(DUE)
    while await owner.fetchval(LEFT, since):
        await asyncio.sleep(0.25)
        if time.perf_counter() - began > 400:
            break
    seconds = time.perf_counter() - began
    causes = {row["cause"]: row["sources"] for row in await owner.fetch(CAUSES)}
    return {
        "seconds": round(seconds, 1),
        "polls_per_s": round(feeds / seconds),
        "desk_cpu_s": round(time.process_time() - cpu, 1),
        "causes": causes,
    }


# ---------------------------------------------------------------------------------------------- a week of three rhythms

STARTS = datetime(2026, 3, 2, tzinfo=UTC)
DAYS = 14


def steady(dice: random.Random) -> Iterator[datetime]:
    """20 items a day, at any hour."""
    at = STARTS - timedelta(days=2)
    while at < STARTS + timedelta(days=DAYS):
        at += timedelta(seconds=dice.expovariate(20 / 86_400))
        yield at


def office_hours(dice: random.Random) -> Iterator[datetime]:
    """60 items a day in bursts, from 7 to 19 on weekdays, none at other times."""
    for day in range(-2, DAYS):
        midnight = STARTS + timedelta(days=day)
        if midnight.weekday() < 5:
            for burst in sorted(dice.uniform(7, 19) for _ in range(12)):
                for number in range(5):
                    yield midnight + timedelta(hours=burst, minutes=2 * number)


def nearly_dead(_dice: random.Random) -> Iterator[datetime]:
    """One a week."""
    for week in range(-6, DAYS // 7 + 1):
        yield STARTS + timedelta(days=7 * week + 2, hours=10)


def simulated(name: str, items: list[datetime]) -> dict[str, Any]:
    """Polled by the desk's own decisions over two weeks; the second one is told."""
    dice = random.Random(7)
    items = sorted(items)
    habits = rhythm.Habits(kind=SourceKind.RSS, start_s=rhythm.START_S)
    now, seen, polls, intervals, waited = STARTS, 0, 0, [], []
    week = STARTS + timedelta(days=7)
    while now < STARTS + timedelta(days=DAYS):
        there = sum(at <= now for at in items)
        shown = tuple(
            Entry(key=str(n), url=f"https://x.example/{n}", title="-", published_at=items[n])
            for n in range(max(0, there - 20), there)
        )
        fresh = there - seen
        polled = Polled(outcome=PollOutcome.NEW if fresh else PollOutcome.NOT_MODIFIED, entries=shown)
        gap = rhythm.gap(habits, polled, fresh, now)
        habits = replace(habits, gap_s=gap, last_new_at=now if fresh else habits.last_new_at)
        interval = rhythm.interval(habits, now)
        if now >= week:
            polls += 1
            intervals.append(interval.seconds)
            waited += [(now - at).total_seconds() for at in items[seen:there] if at >= week]
        seen = there
        now = rhythm.next_poll(interval, polled, habits.hints, 0, now, phase=0.37, chance=dice.random())
    return {
        "bench": "rhythm",
        "source": name,
        "polls_a_day": round(polls / 7, 1),
        "interval_median_s": statistics.median(intervals),
        "interval_min_s": min(intervals),
        "interval_max_s": max(intervals),
        "found_after_median_s": round(statistics.median(waited)) if waited else None,
        "items": len(waited),
        "why": interval.why,
    }


def rhythms() -> Iterator[dict[str, Any]]:
    for name, make in (("steady", steady), ("office hours", office_hours), ("nearly dead", nearly_dead)):
        yield simulated(name, list(make(random.Random(3))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=10_000)
    parser.add_argument("--slots", type=int)
    parser.add_argument("--only", choices=["rhythms", "sweeps"])
    chosen = parser.parse_args()
    if chosen.only != "sweeps":
        for line in rhythms():
            print(json.dumps(line), flush=True)
    if chosen.only == "rhythms":
        return
    with (
        tempfile.TemporaryDirectory(prefix="cid-bench-") as folder,
        subprocess.Popen([sys.executable, "-m", "bench.farm"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as farm,
    ):
        assert farm.stdin
        assert farm.stdout
        port = int(farm.stdout.readline())
        env = {**os.environ, "CID_DATA": folder, "CID_ALLOW_LOCAL": f"127.0.0.1:{port}", "CID_MODELS": "offline"}
        given = settings.read(env)
        frame.set_up_logs(given, quiet=True)
        try:
            with frame.database(given) as (to, server):
                asyncio.run(bootstrap.prepare(given, to, server))
                asyncio.run(sweeps(to, given, f"http://127.0.0.1:{port}", chosen.feeds, chosen.slots))
        finally:
            farm.stdin.close()


if __name__ == "__main__":
    main()
