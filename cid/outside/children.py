"""Killable processes for whatever may take more than a few milliseconds, and for everything a stranger wrote.

A hostile feed costs one child its life after the time it was given; the event loop and everybody else's work go on.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import struct
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path
from types import TracebackType
from typing import Self

from cid.domain.llm import Json
from cid.domain.outside import ChildFailure, Stopping

PROGRAM = "cid.workers.child"
ROOT = Path(__file__).resolve().parents[2]
_LENGTH = struct.Struct("<I")


class ChildPool:
    """Satisfies `ports.Children`. At most `size` children, started when wanted, let go after `idle_s` without work.

    The death signal follows the thread that started a child, so the loop has to run in the main thread.
    """

    def __init__(self, *, size: int = 2, idle_s: float = 60.0) -> None:
        self.size = size
        self.idle_s = idle_s
        self.kills = 0
        self._turns = asyncio.Semaphore(size)
        self._idle: list[tuple[Process, float]] = []
        """The one used last is used next, so that the others grow old."""
        self._busy: set[Process] = set()
        self._rest: asyncio.TimerHandle | None = None
        self._stopping = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def alive(self) -> int:
        return len(self._idle) + len(self._busy)

    async def call(self, name: str, value: Json, *, timeout_s: float = 5.0) -> Json:
        """Raises ChildFailure, or Stopping once `close` was called."""
        request = json.dumps({"name": name, "value": value, "seconds": timeout_s}).encode()
        async with self._turns:
            child = await self._take()
            whole = False
            try:
                async with asyncio.timeout(timeout_s):
                    answer = json.loads(await self._ask(child, request))
                whole = True
            except TimeoutError:
                raise self._blame(f"{name} took longer than {timeout_s:g} s") from None
            except (asyncio.IncompleteReadError, ConnectionError):
                raise self._blame(f"{name} ended its process") from None
            finally:
                # a child that was left in the middle, by a cancelled call too, would answer the next one's question
                await self._give_back(child, whole=whole)
        if "error" in answer:
            raise ChildFailure(answer["error"])
        return answer["value"]

    async def close(self) -> None:
        """Whoever still waits gets Stopping: nothing may be concluded from a child that died with us."""
        self._stopping = True
        if self._rest:
            self._rest.cancel()
        children = [*(child for child, _ in self._idle), *self._busy]
        self._idle.clear()
        for child in children:
            _kill(child)
        for child in children:
            await child.wait()

    async def _take(self) -> Process:
        if self._stopping:
            raise Stopping("the desk is shutting down")
        while self._idle:
            child, _ = self._idle.pop()
            if child.returncode is None:
                break
        else:
            child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-B", "-m", PROGRAM, str(os.getpid())),
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                cwd=ROOT,  # the same `cid` as ours, wherever it was installed from
                env={"LANG": "C.UTF-8"},
                start_new_session=True,
            )
        self._busy.add(child)
        return child

    @staticmethod
    async def _ask(child: Process, request: bytes) -> bytes:
        assert child.stdin
        assert child.stdout
        child.stdin.write(_LENGTH.pack(len(request)))
        child.stdin.write(request)
        await child.stdin.drain()
        (length,) = _LENGTH.unpack(await child.stdout.readexactly(_LENGTH.size))
        return await child.stdout.readexactly(length)

    def _blame(self, why: str) -> ChildFailure | Stopping:
        return Stopping("the desk is shutting down") if self._stopping else ChildFailure(why)

    async def _give_back(self, child: Process, *, whole: bool) -> None:
        self._busy.discard(child)
        if whole and not self._stopping:
            self._idle.append((child, asyncio.get_running_loop().time()))
            self._schedule()
            return
        self.kills += not self._stopping
        _kill(child)
        await child.wait()

    def _schedule(self) -> None:
        if self._rest is None:
            self._rest = asyncio.get_running_loop().call_later(self.idle_s, self._let_go)

    def _let_go(self) -> None:
        """Closing a child's input ends it; it has nothing to finish."""
        self._rest = None
        now = asyncio.get_running_loop().time()
        old = [child for child, since in self._idle if now - since >= self.idle_s]
        self._idle = [(child, since) for child, since in self._idle if child not in old]
        for child in old:
            if child.stdin:
                child.stdin.close()
        if self._idle:
            self._schedule()


def _kill(child: Process) -> None:
    """Not Process.kill, which polls first, reaps the child and leaves the loop's watcher complaining about it."""
    if child.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGKILL)
