"""The claim loop: one connection, one kind after the other, as many jobs as there are free slots."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from cid.domain.errors import Upstream
from cid.queue.wakeups import EVERY_KIND

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence
    from datetime import timedelta

    from cid.domain.jobs import Job
    from cid.queue.claims import Claimer, Terms

NEVER = float("-inf")
PACE_S = 0.01
"""While less than half of the slots are free, claims come no closer: many small ones cost more than few big ones."""
TURNS = 50
"""After so many hand-outs in a row that did not suspend, a hand lets others run."""
log = structlog.get_logger("queue.consumer")


@dataclass(slots=True, kw_only=True)
class Lane:
    """One kind in this process. Times are the event loop's."""

    terms: Terms
    slots: int
    free: int = field(init=False)
    limited: bool = field(init=False)
    look_at: float = 0.0
    looked_at: float = NEVER
    heard_at: float = NEVER

    def __post_init__(self) -> None:
        self.free, self.limited = self.slots, self.terms.limited

    def heard(self, now: float) -> None:
        """There may be work. Groups that still fill need no more than four looks in a linger."""
        self.heard_at = now
        self.look_at = min(self.look_at, max(now, self.looked_at + self._quarter_s))

    def next_look(self) -> float:
        return self.look_at if 2 * self.free >= self.slots else max(self.look_at, self.looked_at + PACE_S)

    def found(self, now: float) -> None:
        self.looked_at = self.look_at = now

    def found_nothing(self, began: float, now: float, poll_s: float, wait_s: float | None = None) -> None:
        """`wait_s`: then a limit or a linger lets something through. What was heard since `began` is looked for now."""
        self.looked_at = now
        if self.heard_at >= began:
            poll_s = self._quarter_s
        self.look_at = now + min(poll_s, poll_s if wait_s is None else wait_s + 0.001)

    @property
    def _quarter_s(self) -> float:
        return self.terms.linger.total_seconds() / 4


class Consumer:
    """`work` runs one hand-out and raises nothing but CancelledError.

    `may_claim` False: our sign of life does not arrive, so what we claim would be taken from us.

    Hand-outs are run by hands: tasks that take one after the other. A hand that begins one calls the next hand if more
    wait, so that whatever suspends runs side by side, and what does not suspend costs no task.
    """

    def __init__(
        self,
        claimer: Claimer,
        lanes: Sequence[Lane],
        work: Callable[[list[Job], asyncio.Task[None]], Awaitable[None]],
        *,
        poll: timedelta,
        may_claim: Callable[[], bool],
        chance: Callable[[], float],
    ) -> None:
        self._claimer = claimer
        self._lanes = {lane.terms.kind: lane for lane in lanes}
        self._work = work
        self._poll_s = poll.total_seconds()
        self._may_claim = may_claim
        self._chance = chance
        self._heard = asyncio.Event()
        self._given: deque[tuple[Lane, list[Job]]] = deque()
        self._resting: list[asyncio.Future[None]] = []
        self._called = False
        self._hands: set[asyncio.Task[None]] = set()
        self._out = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def wake(self, kinds: Iterable[str]) -> None:
        """Look at these kinds ('*': at all) now rather than at the next poll."""
        now, said = asyncio.get_running_loop().time(), set(kinds)
        for kind, lane in self._lanes.items():
            if kind in said or EVERY_KIND in said:
                lane.heard(now)
        self._heard.set()

    async def run(self, stop: asyncio.Event, grace: timedelta, hurry: asyncio.Event) -> None:
        """Claims until `stop`, then gives the jobs in hand `grace`, or until `hurry`, and cancels the rest."""
        failures = 0
        async with asyncio.TaskGroup() as group:
            looking = group.create_task(self._stopper(stop))
            while not stop.is_set():
                try:
                    await self._look(group)
                    failures = 0
                except Upstream as error:
                    failures += 1
                    log.warning("claim.failed", error=str(error), failures=failures)
                    await self._pause(min(0.1 * 2**failures, 5.0))
            looking.cancel()
            if self._out:
                log.info("claims.draining", hands=self._out)
                impatient = group.create_task(self._impatient(hurry))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(grace.total_seconds()):
                        await self._idle.wait()
                impatient.cancel()
            self._dismiss()

    async def run_once(self, *, rounds: Callable[[], Awaitable[bool]]) -> None:
        """Claims until nothing of our kinds waits or runs. `rounds` brings up what is due; False: there is nothing."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._heard.clear()
                due = [lane for lane in self._lanes.values() if 2 * lane.free >= lane.slots]
                found = [await self._fill(lane, group) for lane in due]
                if any(found):
                    continue
                if self._out:
                    await self._heard.wait()
                elif not await rounds():
                    break
            self._dismiss()

    def _dismiss(self) -> None:
        for hand in self._hands:
            hand.cancel()

    async def _impatient(self, hurry: asyncio.Event) -> None:
        await hurry.wait()
        self._dismiss()

    async def _stopper(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._heard.set()

    async def _look(self, group: asyncio.TaskGroup) -> None:
        """Claim for every kind that is due, or wait until one is."""
        now = asyncio.get_running_loop().time()
        if not self._may_claim():
            await self._pause(0.5)
            return
        due = [lane for lane in self._lanes.values() if lane.free and lane.next_look() <= now]
        for lane in due:
            await self._fill(lane, group)
        if not due:
            next_at = min((lane.next_look() for lane in self._lanes.values() if lane.free), default=now + self._poll_s)
            await self._pause(next_at - now)

    async def _fill(self, lane: Lane, group: asyncio.TaskGroup) -> bool:
        began = asyncio.get_running_loop().time()
        handouts, wait_s = await self._claimer.claim(lane.terms, lane.free)
        now = asyncio.get_running_loop().time()
        if not handouts:
            # Spread: processes that started together must not poll together.
            lane.found_nothing(began, now, self._poll_s * (0.75 + 0.5 * self._chance()), wait_s)
            return False
        lane.found(now)
        lane.free -= len(handouts)
        self._out += len(handouts)
        self._idle.clear()
        self._given.extend((lane, jobs) for jobs in handouts)
        self._call(group)
        await asyncio.sleep(0)  # let it begin before we claim again
        return True

    def _call(self, group: asyncio.TaskGroup) -> None:
        """One hand at a time: the next is called by this one, when it begins and more is left."""
        if self._called or not self._given:
            return
        self._called = True
        while self._resting:
            rest = self._resting.pop()
            if not rest.done():
                rest.set_result(None)
                return
        hand = group.create_task(self._hand(group))
        self._hands.add(hand)
        hand.add_done_callback(self._hands.discard)

    async def _hand(self, group: asyncio.TaskGroup) -> None:
        loop, me = asyncio.get_running_loop(), asyncio.current_task()
        assert me
        while True:
            self._called = False
            turns = 0
            while self._given:
                lane, jobs = self._given.popleft()
                self._call(group)
                try:
                    await self._work(jobs, me)
                finally:
                    self._through(lane)
                turns += 1
                if not turns % TURNS:
                    await asyncio.sleep(0)
            rest = loop.create_future()
            self._resting.append(rest)
            await rest

    def _through(self, lane: Lane) -> None:
        lane.free += 1
        if lane.limited:
            lane.heard(asyncio.get_running_loop().time())
        self._heard.set()
        self._out -= 1
        if not self._out:
            self._idle.set()

    async def _pause(self, seconds: float) -> None:
        self._heard.clear()
        try:
            async with asyncio.timeout(max(seconds, 0)):
                await self._heard.wait()
        except TimeoutError:
            return
