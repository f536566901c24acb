"""The process's sign of life: a thread with its own event loop and connection, so that a busy loop is no dead one."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from cid.domain.errors import Upstream
from cid.domain.ids import JobId
from cid.pg.sql import query
from cid.queue.link import Link

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import timedelta
    from uuid import UUID

    from cid.ports import Clock

BEAT = query("workers.beat")
GONE = query("workers.gone")
log = structlog.get_logger("queue.heart")


def machine() -> str:
    """Names where a process id means one process: host, boot and process namespace."""
    boot, space = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")
    parts = [socket.gethostname()]
    if boot.exists() and space.exists():
        parts += [boot.read_text()[:8], str(space.stat().st_ino)]
    return "/".join(parts)


class Heart:
    """`asked` is called in the heart's own thread with the running jobs of ours that somebody wants cancelled.

    With every beat `clock` follows the database's.
    """

    def __init__(
        self,
        dsn: str,
        worker: UUID,
        *,
        kinds: Sequence[str],
        version: str,
        every: timedelta,
        silent: timedelta,
        timeout: timedelta,
        pooled: bool = False,
        parts: Callable[[], dict[str, Any]],
        asked: Callable[[frozenset[JobId]], None],
        clock: Clock,
    ) -> None:
        self.worker = worker
        self._dsn = dsn
        self._kinds = list(kinds)
        self._version = version
        self._every_s = every.total_seconds()
        self._fresh_s = silent.total_seconds() / 2
        self._timeout = timeout
        self._pooled = pooled
        self._parts = parts
        self._asked = asked
        self._clock = clock
        self._stopping = threading.Event()
        self._beaten = threading.Event()
        self._last = float("-inf")
        self._since = float("inf")
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Also again, where the thread ended without being asked to."""
        if not self.alive:
            self._thread = threading.Thread(target=self._run, name="heart", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Blocks until the thread has taken its row away, at most as long as a statement may take."""
        self._stopping.set()
        if self._thread:
            self._thread.join(self._timeout.total_seconds() + 1)

    @property
    def alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    @property
    def fresh(self) -> bool:
        """Whether a beat arrived in half the time after which others take our jobs: only then may we claim."""
        return time.monotonic() - self._last < self._fresh_s

    @property
    def steady(self) -> bool:
        """Whether beats arrived for so long that others had time for theirs: only then may this process judge them."""
        return self.fresh and time.monotonic() - self._since >= 2 * self._every_s

    def wait_first(self, seconds: float) -> bool:
        return self._beaten.wait(seconds)

    def _run(self) -> None:
        asyncio.run(self._beat())

    async def _beat(self) -> None:
        link = Link(self._dsn, name="cid heart", timeout=self._timeout, pooled=self._pooled)
        while not self._stopping.is_set():
            wait_s = (
                self._every_s if self._beaten.is_set() else min(1.0, self._every_s)
            )  # the second beat tells how the parts started
            here = self._clock.now()
            try:
                (row,) = await link.fetch(
                    BEAT, self.worker, machine(), os.getpid(), self._version, self._kinds, self._parts()
                )
            except Upstream as error:
                log.warning("beat.failed", error=str(error))
                self._since = float("inf")
                wait_s = min(1.0, self._every_s)
            else:
                self._last = time.monotonic()
                self._since = min(self._since, self._last)
                self._beaten.set()
                self._clock.follow(row["now"], here + (self._clock.now() - here) / 2)
                if row["asked"]:
                    self._asked(frozenset(JobId(job) for job in row["asked"]))
            await asyncio.to_thread(self._stopping.wait, wait_s)
        try:
            await link.fetch(GONE, self.worker)
        except Upstream as error:
            log.info("heart.row_left", error=str(error))
        await link.close()
