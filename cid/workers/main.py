"""The process: its parts under one task group, from the first beat to the last."""

from __future__ import annotations

import asyncio
import gc
import os
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import structlog

import cid
from cid.domain.errors import Misconfigured
from cid.domain.ids import JobId
from cid.domain.jobs import JobKind
from cid.domain.policy import GatePolicy
from cid.domain.tuning import Periodic, QueueTuning, WakeUps
from cid.pg.embedded import Server
from cid.queue import care, wakeups
from cid.queue.claims import Claimer, Terms
from cid.queue.consumer import Consumer, Lane
from cid.queue.endings import Endings
from cid.queue.heart import Heart
from cid.queue.link import Link
from cid.services import Services
from cid.workers import upkeep
from cid.workers.parts import Board, Part, supervise
from cid.workers.run import Edge
from cid.workers.table import Handler

log = structlog.get_logger("process")
chance = random.SystemRandom().random


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """What this process is to do. An empty `table`: it claims nothing (`cid web`)."""

    services: Services
    dsn: str
    """The worker role's, for the queue's own connections."""
    tuning: QueueTuning
    table: Mapping[JobKind, Handler]
    schedule: Sequence[Periodic] = ()
    server: Server | None = None
    """Our own Postgres, to be started again when it dies."""
    others: Sequence[Part] = ()
    lingers: bool = True
    """False: groups go out as they are (`cid worker --once`)."""


class Process:
    """One running crew. `serve` for ever; `drain` works off what is due and ends."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._worker = uuid4()
        self._loop = asyncio.get_running_loop()
        self.board = Board(crew.services.clock)
        self._claim_link = self._link("claim")
        self._end_link = self._link("end")
        self._wire_link = self._link("wire")
        policy = crew.services.policy
        lanes = [_lane(kind, handler, policy, lingers=crew.lingers) for kind, handler in crew.table.items()]
        self._endings = Endings(self._end_link, freed=self._freed)
        self.edge = Edge(crew.services, crew.table, self._endings, chance)
        self._limited = {lane.terms.kind for lane in lanes if lane.terms.limited}
        self._heart = Heart(
            crew.dsn,
            self._worker,
            kinds=sorted(crew.table),
            version=cid.__version__,
            every=crew.tuning.beat,
            silent=crew.tuning.silent,
            timeout=crew.tuning.statement,
            pooled=crew.tuning.pooled,
            parts=lambda: {**self.board.shown(), **crew.services.polls.line.shown()},
            asked=self._asked,
            clock=crew.services.clock,
        )
        self._claimer = Claimer(self._claim_link, self._worker)
        self._consumer = Consumer(
            self._claimer,
            lanes,
            self.edge.run,
            poll=crew.tuning.poll,
            may_claim=lambda: self._heart.fresh,
            chance=chance,
        )

    async def serve(self, stop: asyncio.Event, hurry: asyncio.Event) -> None:
        """Until `stop`; then jobs in hand get their grace, or none once `hurry` is set."""
        crew = self._crew
        await self._begin()
        unsubscribe = wakeups.subscribe(lambda kinds, _told: self._consumer.wake(kinds))
        parts = [Part("endings", self._endings.run), *self._upkeep(), *crew.others]
        if crew.server:
            parts.append(Part("postgres", lambda: upkeep.watch_postgres(crew.server)))  # type: ignore[arg-type]
        if os.getpid() == 1:
            parts.append(Part("orphans", upkeep.adopt))
        claims = Part("claims", lambda: self._consumer.run(stop, crew.tuning.grace, hurry))
        try:
            async with asyncio.TaskGroup() as group:
                running = [group.create_task(supervise(part, self.board, chance), name=part.name) for part in parts]
                if crew.table:
                    await supervise(claims, self.board, chance)
                await stop.wait()
                await self._written()
                for task in running:
                    task.cancel()
        finally:
            unsubscribe()
            await self._close()

    async def drain(self) -> Mapping[str, int]:
        """Works off what is due and ends; answers outcome → jobs."""
        await self._begin()
        try:
            async with asyncio.TaskGroup() as group:
                writing = group.create_task(self._endings.run())
                await self._consumer.run_once(rounds=self._more)
                await self._endings.drained()
                writing.cancel()
        finally:
            await self._close()
        return self.edge.counts

    async def _more(self) -> bool:
        """Whether something waits once everything is written and what is due was moved."""
        await self._endings.drained()
        async with self._crew.services.platform.tx() as tx:
            await care.move_due(tx)
        return await self._claimer.waiting(list(self._crew.table))

    def _upkeep(self) -> list[Part]:
        crew, tuning = self._crew, self._crew.tuning
        platform = crew.services.platform
        hears = tuning.mode is WakeUps.LISTEN and bool(crew.table)
        wire = wakeups.Wire(self._wire_link, hear=self._consumer.wake if hears else None)
        parts = [Part("wake-ups", wire.run), Part("heart", lambda: upkeep.watch_heart(self._heart))]
        if crew.table:
            parts += [
                Part("mover", lambda: upkeep.move(platform, tuning.move, chance)),
                Part(
                    "reaper",
                    lambda: upkeep.reap(platform, self._heart, crew.table, every=tuning.reap, silent=tuning.silent),
                ),
                Part("schedule", lambda: upkeep.schedule(platform, crew.schedule, tuning.schedule)),
            ]
        return parts

    async def _begin(self) -> None:
        async with self._crew.services.platform.tx() as tx:
            await care.set_marks(tx, self._crew.tuning.high_water)
        # What was loaded to start lives as long as the process: collections need not look at it again and again.
        gc.collect()
        gc.freeze()
        self._heart.start()
        if not await asyncio.to_thread(self._heart.wait_first, self._crew.tuning.statement.total_seconds()):
            await self._close()
            raise Misconfigured("The database does not take our sign of life: see the log, and run `cid doctor`.")

    async def _written(self) -> None:
        """Give the last endings a moment: what stays unwritten is run again elsewhere."""
        try:
            async with asyncio.timeout(5):
                await self._endings.drained()
        except TimeoutError:
            log.warning("endings.left", jobs=self._endings.waiting)

    async def _close(self) -> None:
        await asyncio.to_thread(self._heart.stop)
        for link in (self._claim_link, self._end_link, self._wire_link):
            await link.close()

    def _link(self, use: str) -> Link:
        tuning = self._crew.tuning
        return Link(self._crew.dsn, name=f"cid {use}", timeout=tuning.statement, pooled=tuning.pooled)

    def _freed(self, kinds: set[JobKind]) -> None:
        """Jobs of these kinds ended: where a limit held others back, there may be room now."""
        self._consumer.wake(kinds & self._limited)

    def _asked(self, ids: frozenset[JobId]) -> None:
        """In the heart's thread."""
        self._loop.call_soon_threadsafe(self.edge.cancel, ids)


def _lane(kind: JobKind, handler: Handler, policy: GatePolicy, *, lingers: bool) -> Lane:
    terms = Terms(
        kind=kind,
        deadline=handler.deadline,
        group=handler.grouped(policy) if handler.grouped else handler.group,
        linger=handler.linger if lingers else timedelta(0),
        most=handler.most,
        most_per_key=handler.most_per_key,
        rate=handler.rate,
        rate_per_key=handler.rate_per_key,
    )
    return Lane(terms=terms, slots=handler.slots)
