"""Who asks one service from one process: one after the other, with a pause between two."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from cid.domain.errors import Deferred

if TYPE_CHECKING:
    from cid.ports import Clock


class Pace:
    """Turns `every_s` seconds apart, one at a time. Whoever would wait longer than `patience_s` is sent away until its
    turn could be, so that no job is held while others ask."""

    def __init__(self, clock: Clock, what: str, *, every_s: float, patience_s: float = 15.0) -> None:
        self._clock = clock
        self._what = what
        self._every = every_s
        self._patience = patience_s
        self._one = asyncio.Lock()
        self._next = 0.0
        """The loop's time at which the next turn may begin."""
        self._sent_away = 0.0
        """The one that was given to whoever was sent away last."""

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Raises Deferred."""
        loop = asyncio.get_running_loop()
        start = max(self._next, loop.time())
        wait = start - loop.time()
        if wait > self._patience:
            # one after the other: hundreds that came back at one moment would all be sent away again but for a few
            self._sent_away = max(self._sent_away + self._every, start)
            until = self._clock.now() + timedelta(seconds=self._sent_away - loop.time())
            raise Deferred(f"{self._what} is asked by others first", until=until)
        self._next = start + self._every
        await asyncio.sleep(wait)
        async with self._one:
            try:
                yield
            finally:
                self._next = max(self._next, loop.time() + self._every)

    def rest(self, seconds: float) -> None:
        """The service asked to be left alone: by everybody."""
        self._next = max(self._next, asyncio.get_running_loop().time() + seconds)
