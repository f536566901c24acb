"""The parts of the process: each is started again when it fails, later each time, and says how it fares."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import structlog

from cid.domain.errors import CidError
from cid.ports import Clock

FIRST_S, LONGEST_S, CALM_S = 0.1, 30.0, 5.0
log = structlog.get_logger("parts")


class PartState(StrEnum):
    RUNNING = "running"
    WAITING = "waiting"
    """Failed; starts again in a moment."""
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Part:
    """`run` works until it is cancelled; returning means that it is finished for good."""

    name: str
    run: Callable[[], Awaitable[None]]


@dataclass(slots=True)
class Fare:
    """How a part fares."""

    state: PartState
    since: datetime
    restarts: int = 0
    error: str = ""


@dataclass(slots=True)
class Board:
    """Every part's fare, written to `workers.parts` with each beat."""

    clock: Clock
    fares: dict[str, Fare] = field(default_factory=dict)

    def set(self, name: str, state: PartState, error: str | None = None) -> None:
        now = self.clock.now()
        fare = self.fares.setdefault(name, Fare(state, now))
        fare.state, fare.since = state, now
        if error is not None:
            fare.error = error
            fare.restarts += 1

    def shown(self) -> dict[str, Any]:
        return {
            name: {
                "state": str(fare.state),
                "since": fare.since.isoformat(timespec="seconds"),
                "restarts": fare.restarts,
                "error": fare.error,
            }
            for name, fare in tuple(self.fares.items())
        }


async def supervise(part: Part, board: Board, chance: Callable[[], float]) -> None:
    """Run `part` again whenever it fails. A part that ran calmly for a while begins with the shortest wait again."""
    loop = asyncio.get_running_loop()
    wait_s = FIRST_S
    while True:
        started = loop.time()
        board.set(part.name, PartState.RUNNING)
        try:
            await part.run()
        except CidError as error:
            said = f"{type(error).__name__}: {error}"
            log.warning("part.failed", part=part.name, error=said)
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
            log.exception("part.crashed", part=part.name)
        else:
            board.set(part.name, PartState.ENDED)
            return
        if loop.time() - started > CALM_S:
            wait_s = FIRST_S
        board.set(part.name, PartState.WAITING, said)
        await asyncio.sleep(wait_s * (0.75 + 0.5 * chance()))
        wait_s = min(wait_s * 2, LONGEST_S)
