"""Telling consumers that there is work: in this process at once, elsewhere by NOTIFY.

What is said here may be lost with the process; polling finds it all the same.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import structlog

from cid.domain.errors import Upstream
from cid.pg.sql import query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cid.queue.link import Link

NOTIFY = query("wakeups.notify")
TELL = query("wakeups.tell")
CHANNEL = "cid_jobs"
EVERY_KIND = "*"
COALESCE_S = 0.005
PROBE_S = 10.0
ANSWER_S = 5.0

log = structlog.get_logger("queue.wakeups")
_listeners: list[Callable[[frozenset[str], frozenset[str]], None]] = []
_said_at: dict[str, float] = {}
OURS = uuid4().hex
"""Marks what this process's commits told: it knows that already."""


def subscribe(listener: Callable[[frozenset[str], frozenset[str]], None]) -> Callable[[], None]:
    """`listener` hears of every batch of kinds that became ready by this process's commits, and which of them the
    commit itself told the other processes; answers its unsubscribe.
    """
    _listeners.append(listener)
    return lambda: _listeners.remove(listener)


def ready(kinds: Iterable[str], told: frozenset[str] = frozenset()) -> None:
    said = frozenset(kinds)
    if said:
        for listener in tuple(_listeners):
            listener(said, told)


def with_commit(kinds: Iterable[str], now: float) -> tuple[frozenset[str], str]:
    """Of these kinds, those that were not told of in the last moment, and the statement that tells other processes of
    them: sent along behind a commit it costs no way to the server. Every commit may not: notifying ones queue up.
    """
    due = frozenset(kind for kind in kinds if now - _said_at.get(kind, float("-inf")) >= COALESCE_S)
    _said_at.update(dict.fromkeys(due, now))
    if not due:
        return due, ""
    names = ", ".join("'" + f"{kind} {OURS}".replace("'", "''") + "'" for kind in sorted(due))
    return due, TELL.replace("$1", f"array[{names}]")


class Wire:
    """Says by NOTIFY what became ready here and, unless `hear` is None, hears what became ready elsewhere.

    One connection does both, so a probe sent to ourselves shows whether it still hears: a connection that died behind
    a firewall raises nothing for hours.
    """

    def __init__(
        self,
        link: Link,
        *,
        hear: Callable[[frozenset[str]], None] | None,
        probe_s: float = PROBE_S,
        answer_s: float = ANSWER_S,
    ) -> None:
        self._link = link
        self._hear = hear
        self._probe_s = probe_s
        self._answer_s = answer_s
        self._probe = f"probe {uuid4()}"
        self._said: set[str] = set()
        self._wanted = asyncio.Event()
        self._answered = asyncio.Event()
        self._cut = False
        self._sent_at = float("-inf")
        self.probes = 0
        """How many probes were heard."""

    async def run(self) -> None:
        """Until its connection fails, which raises Upstream; whoever supervises it starts it again."""
        loop = asyncio.get_running_loop()
        unsubscribe = subscribe(self._say)
        try:
            if self._hear:
                await self._listen(self._hear)
            while True:
                try:
                    async with asyncio.timeout(self._probe_s if self._hear else None):
                        await self._wanted.wait()
                except TimeoutError:
                    await self._check()
                else:
                    # The first goes at once; what follows it is gathered.
                    await asyncio.sleep(max(0.0, self._sent_at + COALESCE_S - loop.time()))
                    self._sent_at = loop.time()
                    await self._send()
        finally:
            unsubscribe()
            self._link.drop()

    async def _send(self) -> None:
        said, self._said = self._said, set()
        self._wanted.clear()
        if self._cut:
            raise Upstream("database: the listening connection was cut")
        if said:
            await self._link.fetch(NOTIFY, sorted(said))

    def _say(self, kinds: frozenset[str], told: frozenset[str] = frozenset()) -> None:
        self._said |= kinds - told
        if self._said:
            self._wanted.set()

    async def _listen(self, hear: Callable[[frozenset[str]], None]) -> None:
        conn = await self._link.connection()
        own = conn.get_server_pid()

        def heard(_conn: Any, pid: int, _channel: str, payload: object) -> None:
            if payload == self._probe:
                self._answered.set()
            elif pid != own:
                kind, _, whose = str(payload).partition(" ")
                if whose != OURS:
                    hear(frozenset({kind}))

        await conn.add_listener(CHANNEL, heard)
        self._cut = False
        conn.add_termination_listener(self._was_cut)
        hear(frozenset({EVERY_KIND}))  # whatever was said while nobody listened

    def _was_cut(self, _conn: Any) -> None:
        self._cut = True
        self._wanted.set()

    async def _check(self) -> None:
        self._answered.clear()
        await self._link.fetch(NOTIFY, [self._probe])
        try:
            async with asyncio.timeout(self._answer_s):
                await self._answered.wait()
        except TimeoutError as error:
            raise Upstream("database: the listening connection is deaf") from error
        self.probes += 1
