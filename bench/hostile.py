"""Every way to misbehave that tests/hostile.py knows, polled at once beside healthy feeds: what each came to, and what
the event loop lost by it.

    python -m bench.hostile [--healthy 50] [--timeout 8] [--at http://127.0.0.1:PORT --paths a,b,c]

The servers are processes of their own. While every misbehaving feed is polled at once, the healthy ones are polled over
and over; a ticker notes how late the event loop was for it, and how much of the processor the loop's own thread took
meanwhile, which is what held it where other programs share the machine. `--at` asks another server of the same kind.
Prints a table and, last, one JSON line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from unittest import mock
from urllib.parse import urlsplit

from cid.domain.news import Polled, PollOutcome
from cid.outside.children import ChildPool
from cid.outside.http import GuardedHttp
from cid.sources import rss
from cid.sources.rss import RssReader
from tests import make
from tests.fakes import FrozenClock
from tests.hostile import LIVELY, STEADY, hostile_server

MODES = tuple(sorted(({*STEADY, *LIVELY} | {"chain"}) - {"echo", "secret", "conditional"}))
TICK_S = 0.002


@dataclass
class Ticker:
    late_ms: list[float] = field(default_factory=list)
    held_ms: list[float] = field(default_factory=list)

    async def run(self) -> None:
        while True:
            before, used = time.perf_counter(), time.thread_time()
            await asyncio.sleep(TICK_S)
            self.late_ms.append((time.perf_counter() - before - TICK_S) * 1e3)
            self.held_ms.append((time.thread_time() - used) * 1e3)

    def figures(self) -> dict[str, list[float]]:
        return {
            "late_ms_p99_max": [round(_rank(self.late_ms, share), 1) for share in (0.99, 1)],
            "held_ms_p99_max": [round(_rank(self.held_ms, share), 1) for share in (0.99, 1)],
        }


@dataclass
class Healthy:
    times_ms: list[float] = field(default_factory=list)
    failed: int = 0

    async def poll(self, reader: RssReader, url: str, until: asyncio.Event) -> None:
        while not until.is_set():
            before = time.perf_counter()
            polled = await reader.poll(make.polled_source(url))
            self.times_ms.append((time.perf_counter() - before) * 1e3)
            self.failed += polled.outcome is not PollOutcome.NEW
            await asyncio.sleep(0.5)


async def serve() -> None:
    async with hostile_server() as server:
        print(server.port, flush=True)
        await asyncio.Event().wait()


async def measure(hostile: str, healthy: str, paths: Sequence[str], count: int) -> dict[str, object]:
    allowed = [urlsplit(base).netloc for base in (hostile, healthy)]
    ticker, calm, fine, over = Ticker(), Ticker(), Healthy(), asyncio.Event()
    async with GuardedHttp(allow_local=allowed) as http, ChildPool(size=2) as children, asyncio.TaskGroup() as group:
        reader = RssReader(http, children, FrozenClock())
        idle = group.create_task(calm.run())
        await asyncio.gather(*(reader.poll(make.polled_source(f"{healthy}/good")) for _ in range(count)))
        await asyncio.sleep(2)
        idle.cancel()
        ticking = group.create_task(ticker.run())
        steady = [group.create_task(fine.poll(reader, f"{healthy}/good?{n}", over)) for n in range(count)]
        polled = await asyncio.gather(*(_poll(reader, f"{hostile}/{path}") for path in paths))
        over.set()
        await asyncio.gather(*steady)
        ticking.cancel()
    for path, (found, took_s) in zip(paths, polled, strict=True):
        print(f"{path:<16} {found.outcome:<13} {found.cause or '':<16} {took_s:6.2f} s  {found.detail}")
    return {
        "bench": "hostile",
        "modes": len(paths),
        "unnamed": sum(not found.outcome.healthy and not (found.cause and found.detail) for found, _ in polled),
        "healthy_polls": len(fine.times_ms),
        "healthy_failed": fine.failed,
        "healthy_ms_p50_max": [round(_rank(fine.times_ms, share), 1) for share in (0.5, 1)],
        "loop": ticker.figures(),
        "loop_without_them": calm.figures(),
        "children_killed": children.kills,
    }


async def _poll(reader: RssReader, url: str) -> tuple[Polled, float]:
    before = time.perf_counter()
    return await reader.poll(make.polled_source(url)), time.perf_counter() - before


def _rank(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--serve", action="store_true", help="be the server")
    parser.add_argument("--healthy", type=int, default=50)
    parser.add_argument("--timeout", type=float, default=8.0, help="seconds for a whole poll")
    parser.add_argument("--at", default="", help="another server of this kind")
    parser.add_argument("--paths", type=lambda text: tuple(text.split(",")), default=MODES)
    asked = parser.parse_args()
    if asked.serve:
        asyncio.run(serve())
        return
    servers = [_server() for _ in range(1 if asked.at else 2)]
    try:
        ports = [f"http://127.0.0.1:{int((server.stdout or sys.stdin).readline())}" for server in servers]
        with mock.patch.object(rss, "TIMEOUT_S", asked.timeout):
            print(json.dumps(asyncio.run(measure(asked.at or ports[-1], ports[0], asked.paths, asked.healthy))))
    finally:
        for server in servers:
            server.kill()
            server.wait()


def _server() -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-m", "bench.hostile", "--serve"], stdout=subprocess.PIPE, text=True)


if __name__ == "__main__":
    main()
