"""What tenants turned of the gates' numbers, and what the gates were set to when they judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cid.domain.ids import TenantId, UserId
from cid.domain.llm import Json
from cid.domain.policy import GatePolicy
from cid.domain.verdicts import Gate
from cid.pg.rows import into
from cid.pg.sql import query
from cid.ports import Tx
from cid.text.policies import Configured, overridden

OWN = query("policies.own")
CHANGED = query("policies.changed")
SET = query("policies.set")
NOTE = query("policies.note")
NOTED = query("policies.noted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A tenant's own numbers, and who turned them last."""

    body: Mapping[str, Mapping[str, Json]]
    changed_at: datetime
    changed_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    gate: Gate
    body: Mapping[str, Json]
    first_at: datetime


SHAPES = {CHANGED: Changed, NOTED: Noted}


async def of(tx: Tx, tenant: TenantId, shipped: GatePolicy) -> GatePolicy:
    """`shipped` with what the tenant turned of it. Raises Misconfigured when the two do not fit any more."""
    own: Mapping[str, Mapping[str, Json]] | None = await tx.fetchval(OWN, tenant)
    return overridden(shipped, own) if own else shipped


async def changed(tx: Tx, tenant: TenantId) -> Changed | None:
    row = await tx.fetchrow(CHANGED, tenant)
    return into(Changed, row) if row else None


async def set_(tx: Tx, tenant: TenantId, body: Mapping[str, Mapping[str, Json]], by: UserId | None) -> None:
    await tx.execute(SET, tenant, body, by)


async def note(tx: Tx, what: Configured) -> bytes:
    """Keeps it under its hash, and answers that."""
    await tx.execute(NOTE, tx.tenant, what.hash, what.gate, what.body)
    return what.hash


async def noted(tx: Tx, tenant: TenantId, hash_: bytes) -> Noted | None:
    row = await tx.fetchrow(NOTED, tenant, hash_)
    return into(Noted, row) if row else None
