"""What people decided about versions of prompts, and what came of each version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from cid.domain.ids import UserId
from cid.pg.rows import each
from cid.pg.sql import query
from cid.ports import Tx

PINS = query("prompts.pins")
LOCK = query("prompts.lock")
PIN = query("prompts.pin")
FIGURES = query("prompts.figures")
CHANGES = query("prompts.changes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    version: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What one version was asked."""

    prompt: str
    version: str
    hash: str
    """In hexadecimal."""
    calls: int
    cost: Decimal
    """US dollars."""
    repairs: int
    refused: int
    failed: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    at: datetime
    who: str
    prompt: str
    action: str
    before: str
    after: str


SHAPES = {FIGURES: Figure, CHANGES: Change}


async def pins(tx: Tx) -> dict[str, Pin]:
    return _pins(await tx.fetchval(PINS))


async def lock(tx: Tx) -> dict[str, Pin]:
    """In a platform transaction: as `pins`, and nobody else changes them before its end."""
    return _pins(await tx.fetchval(LOCK))


async def put(tx: Tx, pinned: Mapping[str, Pin], user: UserId | None) -> None:
    """After `lock`."""
    value = {name: {"version": pin.version, "since": pin.since.isoformat()} for name, pin in pinned.items()}
    await tx.execute(PIN, value, user)


async def figures(tx: Tx, within: timedelta) -> list[Figure]:
    return each(Figure, await tx.fetch(FIGURES, within))


async def changes(tx: Tx, *, limit: int) -> list[Change]:
    return each(Change, await tx.fetch(CHANGES, limit))


def _pins(value: Mapping[str, Mapping[str, str]]) -> dict[str, Pin]:
    return {
        name: Pin(version=pin["version"], since=datetime.fromisoformat(pin["since"])) for name, pin in value.items()
    }
