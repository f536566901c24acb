"""Scenario 4: the whole service is killed, embedded Postgres and all, and started again on the same data."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import asyncpg

from cid.pg import roles
from tests.chaos.field import Report
from tests.chaos.nursery import ROOT

GENEROUS_S = 60


class Desk:
    """`cid up` on `data`."""

    def __init__(self, data: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        began = time.monotonic()
        with (data.parent / "desk.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cid", "up", "--port", str(self.port), "--data", str(data), "--no-sample"],
                cwd=ROOT,
                env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "CID_LOG": "json"},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout
        readable, _, _ = select.select([self.process.stdout], [], [], GENEROUS_S)
        assert readable, (data.parent / "desk.log").read_text()[-2000:]
        self.said = self.process.stdout.readline()
        while not self._answers():
            assert time.monotonic() < began + GENEROUS_S
            time.sleep(0.005)
        self.ready_s = time.monotonic() - began

    def _answers(self) -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self) -> set[tuple[int, str]]:
        """SIGKILL; answers all of its descendants as they were."""
        family = descendants(self.process.pid)
        self.process.kill()
        self.process.wait()
        assert self.process.stdout
        self.process.stdout.close()
        return family


def descendants(pid: int) -> set[tuple[int, str]]:
    """(pid, when it started): a number that is used again is another process."""
    found: dict[int, tuple[int, str]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if fields[0] != "Z":
            found[int(stat.parent.name)] = (int(fields[1]), fields[19])
    family: set[int] = {pid}
    while more := {child for child, (parent, _) in found.items() if parent in family} - family:
        family |= more
    return {(child, found[child][1]) for child in family - {pid}}


def alive(family: set[tuple[int, str]]) -> set[tuple[int, str]]:
    left = set()
    for pid, started in family:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if fields[0] != "Z" and fields[19] == started:
            left.add((pid, started))
    return left


async def whole(*, seed: int, cycles: int) -> Report:
    """Rows are acknowledged until the very moment of the kill; `ready_*`: from its start until it takes a visitor."""
    report = Report(scenario="4 the whole service killed", seed=seed, kills=cycles)
    began = time.monotonic()
    acked: list[int] = []
    ready, ends = [], []
    with tempfile.TemporaryDirectory(prefix="cid-chaos-") as folder:
        data = Path(folder) / "data"
        desk = Desk(data)
        first_s = desk.ready_s
        for cycle in range(cycles):
            await _acknowledge(data, acked, seconds=0.3 + 0.2 * ((seed + cycle) % 3))
            family = desk.kill()
            killed = time.monotonic()
            while alive(family) and time.monotonic() < killed + 10:  # noqa: ASYNC110 - other processes
                await asyncio.sleep(0.01)
            ends.append(time.monotonic() - killed)
            report.more["orphans"] = report.more.get("orphans", 0) + len(alive(family))
            desk = Desk(data)
            ready.append(desk.ready_s)
        kept = await _kept(data)
        desk.process.send_signal(signal.SIGTERM)
        code = desk.process.wait(GENEROUS_S)
        assert desk.process.stdout
        desk.process.stdout.close()
    report.jobs = len(acked)
    report.lost = len(set(acked) - set(kept))
    report.doubled = len(kept) - len(set(kept))
    report.more |= {
        "first_start_s": round(first_s, 2),
        "ready_p50_s": round(sorted(ready)[len(ready) // 2], 2),
        "ready_max_s": round(max(ready), 2),
        "family_gone_s": round(max(ends), 2),
        "exit_code": code,
    }
    report.took = round(time.monotonic() - began, 1)
    return report


def _owner(data: Path) -> Any:
    return asyncpg.connect(roles.embedded(str(data / "pgdata")).owner)


async def _acknowledge(data: Path, acked: list[int], *, seconds: float) -> None:
    """Rows of our own and jobs that wait for next year, in one transaction each."""
    owner = await _owner(data)
    await owner.execute("create table if not exists chaos_acked (id int)")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        async with owner.transaction():
            await owner.execute("insert into chaos_acked values ($1)", len(acked))
            await owner.execute(
                """insert into jobs (tenant_id, kind, state, run_at, payload)
                   values (gen_random_uuid(), 'publish', 'scheduled', now() + interval '1 year', '{}')"""
            )
        acked.append(len(acked))
    owner.terminate()


async def _kept(data: Path) -> list[int]:
    owner = await _owner(data)
    rows = await owner.fetch("select id from chaos_acked")
    jobs = await owner.fetchval("select count(*) from jobs where kind = 'publish'")
    await owner.close()
    assert jobs == len(rows), "a row without its job, or a job without its row"
    return [row["id"] for row in rows]
