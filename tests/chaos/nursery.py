"""A warm parent: imports everything once, then forks on request, so that a new process costs milliseconds.

Spoken to by one JSON line at a time, answered by one. It alone reaps its children, so a pid that it knows is no
stranger's; its children die with it, and it ends with whoever started it.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_PR_SET_PDEATHSIG = 1


class Nursery:
    """The side of the harness. Every child's output goes to `log`."""

    def __init__(self, log: Path, *, models: bool = False) -> None:
        """`models`: also rear callers of models; the vendor's SDK takes a second to import."""
        self.log = log
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.nursery", *(["models"] if models else [])],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, role: str, **orders: Any) -> int:
        """The pid of a new process that plays `role` with `orders`."""
        return int(self._ask(do="start", role=role, orders=orders, log=str(self.log)))

    def signal(self, pid: int, number: signal.Signals) -> bool:
        """Whether it still ran."""
        return bool(self._ask(do="signal", pid=pid, number=int(number)))

    def ended(self, pid: int) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        code: int | None = self._ask(do="ended", pid=pid)
        return code

    async def wait(self, pid: int, patience_s: float = 30) -> int:
        async with asyncio.timeout(patience_s):
            while (code := self.ended(pid)) is None:  # noqa: ASYNC110 - a child says nothing
                await asyncio.sleep(0.005)
        return code

    def close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()

    def _ask(self, **order: Any) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


def main() -> None:
    from tests.chaos.ledger import ledger
    from tests.chaos.publisher import publisher
    from tests.chaos.worker import worker

    roles: dict[str, Callable[[dict[str, Any]], None]] = {"ledger": ledger, "worker": worker, "publisher": publisher}
    if "models" in sys.argv:
        from tests.chaos.caller import caller

        roles["caller"] = caller
    _rear(roles)


def _rear(roles: dict[str, Callable[[dict[str, Any]], None]]) -> None:
    codes: dict[int, int | None] = {}
    for line in sys.stdin:
        order = json.loads(line)
        answer: Any
        match order["do"]:
            case "start":
                answer = _fork(roles[order["role"]], order["orders"], order["log"])
                codes[answer] = None
            case "signal":
                answer = _code(codes, order["pid"]) is None
                if answer:
                    os.kill(order["pid"], order["number"])
            case _:
                answer = _code(codes, order["pid"])
        print(json.dumps(answer), flush=True)
    for pid in codes:
        if _code(codes, pid) is None:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _code(codes: dict[int, int | None], pid: int) -> int | None:
    if codes[pid] is None:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            codes[pid] = os.waitstatus_to_exitcode(status)
    return codes[pid]


def _fork(role: Callable[[dict[str, Any]], None], orders: dict[str, Any], log: str) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the harness, which ends us
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for stream in (1, 2):
            os.dup2(out, stream)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        role(orders)
        code = 0
    except BaseException:  # noqa: BLE001 - nothing of the child may run on in the parent's loop
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
