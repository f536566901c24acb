"""The claim loop: one connection, one kind after the other, as many jobs as there are free slots."""

from __future__ import annotations

import asyncio
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
log = structlog.get_logger("queue.consumer")


@dataclass(slots=True, kw_only=True)
class Lane:
    """One kind in this process. Times are the event loop's."""

    terms: Terms
    slots: int
    free: int = field(init=False)
    look_at: float = 0.0
    looked_at: float = NEVER
    heard_at: float = NEVER

    def __post_init__(self) -> None:
        self.free = self.slots

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
    """

    def __init__(
        self,
        claimer: Claimer,
        lanes: Sequence[Lane],
        work: Callable[[list[Job]], Awaitable[None]],
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
        self._hands: set[asyncio.Task[None]] = set()

    def wake(self, kinds: Iterable[str]) -> None:
        """Look at these kinds ('*': at all) now rather than at the next poll."""
        now, said = asyncio.get_running_loop().time(), set(kinds)
        for kind, lane in self._lanes.items():
            if kind in said or EVERY_KIND in said:
                lane.heard(now)
        self._heard.set()

    @property
    def busy(self) -> dict[str, int]:
        return {str(kind): lane.slots - lane.free for kind, lane in self._lanes.items() if lane.free < lane.slots}

    async def run(self, stop: asyncio.Event, grace: timedelta, hurry: asyncio.Event) -> None:
        """Claims until `stop`, then gives the jobs in hand `grace`, or until `hurry`, and cancels the rest."""
        failures = 0
        async with asyncio.TaskGroup() as hands:
            looking = hands.create_task(self._stopper(stop))
            while not stop.is_set():
                try:
                    await self._look(hands)
                    failures = 0
                except Upstream as error:
                    failures += 1
                    log.warning("claim.failed", error=str(error), failures=failures)
                    await self._pause(min(0.1 * 2**failures, 5.0))
            looking.cancel()
            if self._hands:
                log.info("claims.draining", hands=len(self._hands))
                impatient = hands.create_task(self._impatient(hurry))
                await asyncio.wait(self._hands, timeout=grace.total_seconds())
                impatient.cancel()
            for hand in self._hands:
                hand.cancel()

    async def run_once(self, *, rounds: Callable[[], Awaitable[bool]]) -> None:
        """Claims until nothing of our kinds waits or runs. `rounds` brings up what is due; False: there is nothing."""
        async with asyncio.TaskGroup() as hands:
            while True:
                found = [await self._fill(lane, hands) for lane in self._lanes.values() if lane.free]
                if any(found):
                    continue
                if self._hands:
                    await asyncio.wait(self._hands, return_when=asyncio.FIRST_COMPLETED)
                elif not await rounds():
                    return

    async def _impatient(self, hurry: asyncio.Event) -> None:
        await hurry.wait()
        for hand in self._hands:
            hand.cancel()

    async def _stopper(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._heard.set()

    async def _look(self, hands: asyncio.TaskGroup) -> None:
        """Claim for every kind that is due, or wait until one is."""
        now = asyncio.get_running_loop().time()
        if not self._may_claim():
            await self._pause(0.5)
            return
        due = [lane for lane in self._lanes.values() if lane.free and lane.next_look() <= now]
        for lane in due:
            await self._fill(lane, hands)
        if not due:
            next_at = min((lane.next_look() for lane in self._lanes.values() if lane.free), default=now + self._poll_s)
            await self._pause(next_at - now)

    async def _fill(self, lane: Lane, hands: asyncio.TaskGroup) -> bool:
        began = asyncio.get_running_loop().time()
        claimed = await self._claimer.claim(lane.terms, lane.free)
        now = asyncio.get_running_loop().time()
        if claimed.handouts:
            lane.found(now)
        else:
            # Spread: processes that started together must not poll together.
            lane.found_nothing(began, now, self._poll_s * (0.75 + 0.5 * self._chance()), claimed.wait_s)
        lane.free -= len(claimed.handouts)
        for jobs in claimed.handouts:
            hand = hands.create_task(self._hand(lane, jobs))
            self._hands.add(hand)
            hand.add_done_callback(self._hands.discard)
        return bool(claimed.handouts)

    async def _hand(self, lane: Lane, jobs: list[Job]) -> None:
        try:
            await self._work(jobs)
        finally:
            lane.free += 1
            if lane.terms.limited:
                lane.heard(asyncio.get_running_loop().time())
            self._heard.set()

    async def _pause(self, seconds: float) -> None:
        self._heard.clear()
        try:
            async with asyncio.timeout(max(seconds, 0)):
                await self._heard.wait()
        except TimeoutError:
            return
