"""What keeps the queue moving, in every process and with no leader: due, lost and periodic jobs, the sign of life."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import structlog

from cid.domain.errors import Upstream
from cid.domain.jobs import JobKind
from cid.domain.tuning import Periodic
from cid.pg.embedded import Server
from cid.ports import PlatformDb
from cid.queue import care, periodic, wakeups
from cid.queue.heart import Heart, machine
from cid.workers.table import Handler

WATCH_S = 0.5
DEEP_S = 60.0
"""How often jobs are looked for that no row of a silent process leads to."""
NOBODY_IS_SILENT = timedelta(days=36500)
"""Only jobs of processes without a row are rescued: those are known to be dead."""
log = structlog.get_logger("upkeep")


async def move(platform: PlatformDb, every: timedelta, chance: Callable[[], float]) -> None:
    """Bring due jobs to ready, at once again while there are many."""
    while True:
        async with platform.tx() as tx:
            moved = await care.move_due(tx)
        wakeups.ready(moved)
        if sum(moved.values()) < care.BATCH:
            await asyncio.sleep(every.total_seconds() * (0.75 + 0.5 * chance()))


async def reap(
    platform: PlatformDb, heart: Heart, table: Mapping[JobKind, Handler], *, every: timedelta, silent: timedelta
) -> None:
    """Give the jobs of dead processes back. A process that was out of touch itself judges nobody."""
    tries = {kind: handler.tries for kind, handler in table.items()}
    loop, deep_at = asyncio.get_running_loop(), 0.0
    while True:
        async with platform.tx() as tx:
            buried = await care.bury(tx, machine(), _runs, but=heart.worker)
        deep = bool(buried) or loop.time() >= deep_at
        if deep:
            deep_at = loop.time() + DEEP_S
        async with platform.tx() as tx:
            rescued = await care.rescue(tx, silent if heart.steady else NOBODY_IS_SILENT, tries, deep=deep)
        for outcome, kinds in rescued.items():
            log.warning("jobs.rescued", outcome=outcome, kinds=kinds)
        wakeups.ready(rescued.get("ready", {}))
        if sum(sum(kinds.values()) for kinds in rescued.values()) >= care.BATCH:
            deep_at = 0.0  # there are more
        else:
            await asyncio.sleep(every.total_seconds())


async def schedule(platform: PlatformDb, entries: Sequence[Periodic], every: timedelta) -> None:
    while True:
        async with platform.tx() as tx:
            names = await periodic.enqueue_due(tx, entries)
        if names:
            log.debug("periodic.enqueued", names=names)
        await asyncio.sleep(every.total_seconds())


async def watch_heart(heart: Heart) -> None:
    """Start the thread where it ended, and fail, visibly, while beats do not arrive."""
    heart.start()
    while True:
        if not heart.alive:
            raise Upstream("the thread that beats ended; it is started again")
        if not heart.fresh:
            raise Upstream("our sign of life does not arrive: nothing is claimed until it does")
        await asyncio.sleep(WATCH_S)


async def watch_postgres(server: Server) -> None:
    """Start our Postgres again when it died. In the main thread, and blocking: nothing works without it anyway."""
    while True:
        if server.process is not None and server.process.poll() is not None:
            log.error("postgres.died", status=server.process.returncode)
            server.restart()
            log.warning("postgres.restarted")
        await asyncio.sleep(WATCH_S)


async def adopt(every_s: float = 5.0) -> None:
    """As PID 1: reap the children that others left to us. A zombie that is one at the second look has no waiter."""
    before: set[int] = set()
    while True:
        zombies = _zombies()
        for pid in zombies & before:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)  # noqa: ASYNC222 - it does not hang
        before = zombies
        await asyncio.sleep(every_s)


def _zombies() -> set[int]:
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent = path.read_text().rsplit(")", 1)[1].split()[:2]
            if state == "Z" and int(parent) == os.getpid():
                found.add(int(path.parent.name))
    return found


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
