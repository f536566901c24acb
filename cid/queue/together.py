"""What many tasks want done one by one, done for all of them at once.

Polls come back one after the other, each with a row to write. A transaction for each is most of what a poll costs; here
whatever came while one was written goes with the next, and a slow one holds up nobody.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextvars import Context
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

from cid.domain.errors import Upstream

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

In = TypeVar("In")
Out = TypeVar("Out")
Work: TypeAlias = "Callable[[list[In]], Awaitable[Sequence[Out | Exception]]]"
_Waiting: TypeAlias = "tuple[In, int, asyncio.Future[Out]]"


class Together(Generic[In, Out]):
    """`work` gets up to `most` values, of at most `weight` together unless one is heavier, and answers each in order;
    an exception in the place of an answer is raised for that one alone. One `work` is under way at a time.

    When `work` itself fails, other than by Upstream, its values are tried one by one: a bad one must not take the rest
    along. A caller that is cancelled takes nothing back.
    """

    def __init__(self, work: Work[In, Out], *, most: int = 64, weight: int = 4000, linger_s: float = 0.01) -> None:
        self._work = work
        self._most = most
        self._weight = weight
        self._linger_s = linger_s
        self._waiting: deque[_Waiting[In, Out]] = deque()
        self._alone: deque[_Waiting[In, Out]] = deque()
        self._running: asyncio.Task[Sequence[Out | Exception]] | None = None
        self._called: asyncio.TimerHandle | None = None

    async def do(self, value: In, weight: int = 1) -> Out:
        """Raises what `work` raises."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Out] = loop.create_future()
        self._waiting.append((value, weight, answer))
        if self._running is None and self._called is None:
            self._called = loop.call_later(self._linger_s, self._next)
        return await answer

    def _next(self) -> None:
        self._called = None
        taken = [self._alone.popleft()] if self._alone else self._batch()
        if not taken:
            return
        work = self._work([value for value, _, _ in taken])
        # Of nobody's context: it is the work of several hands.
        self._running = asyncio.get_running_loop().create_task(_awaited(work), context=Context())
        self._running.add_done_callback(partial(self._ended, taken))

    def _batch(self) -> list[_Waiting[In, Out]]:
        taken: list[_Waiting[In, Out]] = []
        room = self._weight
        while self._waiting and len(taken) < self._most and (not taken or self._waiting[0][1] <= room):
            taken.append(self._waiting.popleft())
            room -= taken[-1][1]
        return taken

    def _ended(self, taken: list[_Waiting[In, Out]], task: asyncio.Task[Sequence[Out | Exception]]) -> None:
        self._running = None
        if task.cancelled():
            for _, _, future in taken:
                future.cancel()
        elif error := task.exception():
            if len(taken) > 1 and not isinstance(error, Upstream):
                self._alone.extend(taken)
            else:
                for _, _, future in taken:
                    _tell(future, error)
        else:
            for (_, _, future), answer in zip(taken, task.result(), strict=True):
                _tell(future, answer)
        if self._alone or self._waiting:
            self._next()


async def _awaited(work: Awaitable[Sequence[Out | Exception]]) -> Sequence[Out | Exception]:
    return await work


def _tell(future: asyncio.Future[Out], answer: Out | BaseException) -> None:
    if future.done():
        return
    if isinstance(answer, BaseException):
        future.set_exception(answer)
    else:
        future.set_result(answer)
