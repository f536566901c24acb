"""Batches and their calls on record. Where nothing else is said, `tx` is a transaction of the batch's tenant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from cid.domain.ids import TenantId
from cid.domain.llm import Json
from cid.llm import waiting
from cid.llm.models import Choice
from cid.llm.waiting import Batch, BatchState
from cid.pg.sql import query
from cid.ports import Tx

SEATS = query("batches.seats")
JOIN = query("batches.join")
OPEN = query("batches.open")
DUE = query("batches.due")
LOAD = query("batches.load")
MOVE = query("batches.move")
BEGIN = query("batches.begin")
WIRES = query("batches.wires")
KNOWN = query("batches.known")


async def seats(tx: Tx, tenant: TenantId, stage: str, hashes: Iterable[bytes]) -> dict[bytes, str]:
    """Input hash → the batch it is asked in; empty: it was, and is not any more."""
    rows = await tx.fetch(SEATS, tenant, stage, [digest.hex() for digest in hashes])
    return {bytes.fromhex(row["input_hash"]): row["batch"] or "" for row in rows}


async def seat(tx: Tx, tenant: TenantId, choice: Choice, size: int, new: UUID) -> UUID:
    """A batch that takes one more request of `size` bytes; `new` names the one that is opened when there is none."""
    joined = await tx.fetchval(
        JOIN, tenant, choice.provider, choice.model, size, waiting.MOST_CALLS, waiting.MOST_BYTES
    )
    if joined is None:
        await tx.execute(OPEN, new, tenant, choice.provider, choice.model, size, waiting.GATHER)
        return new
    return UUID(str(joined))


async def due(tx: Tx, most: int) -> list[tuple[TenantId, UUID]]:
    """In a platform transaction."""
    return [(TenantId(row["tenant_id"]), row["id"]) for row in await tx.fetch(DUE, most)]


async def load(tx: Tx, tenant: TenantId, batch: UUID) -> tuple[Batch, datetime] | None:
    """And what time it is there."""
    row = await tx.fetchrow(LOAD, tenant, batch)
    if row is None:
        return None
    loaded = Batch(
        key=str(row["id"]),
        provider=row["provider"],
        model=row["model"],
        calls=tuple(row["calls"]),
        state=BatchState(row["state"]),
        id=row["external_id"],
        planned_at=row["planned_at"],
        sent_at=row["submitted_at"],
        due_at=row["due_at"],
        attempts=row["attempts"],
        why=row["error"],
    )
    return loaded, row["now"]


async def move(tx: Tx, tenant: TenantId, before: Batch, after: Batch) -> bool:
    """False: it is not any more what it was when it was looked at, or models are switched off and it is about to go."""
    sql = BEGIN if after.state is BatchState.SUBMITTING else MOVE
    return bool(
        await tx.fetchval(
            sql,
            tenant,
            UUID(before.key),
            before.state,
            before.attempts,
            before.due_at,
            after.state,
            after.id,
            after.attempts,
            after.due_at,
            after.sent_at,
            after.why[:500],
        )
    )


async def wires(tx: Tx, tenant: TenantId, batch: Batch) -> dict[str, Mapping[str, Json]]:
    """Call id → what is sent of it, in the order of `Batch.calls`."""
    return {row["id"]: row["wire"] for row in await tx.fetch(WIRES, tenant, UUID(batch.key))}


async def known(tx: Tx, provider: str, since: datetime) -> list[str]:
    """In a platform transaction: ids, at the vendor, of batches sent after `since` that were heard of."""
    return [row["external_id"] for row in await tx.fetch(KNOWN, provider, since)]
