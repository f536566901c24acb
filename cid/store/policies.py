"""What tenants turned of the gates' numbers, and what the gates were set to when they judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cid.domain.ids import TenantId, UserId
from cid.domain.llm import Json
from cid.domain.policy import GatePolicy
from cid.domain.verdicts import Gate
from cid.pg.rows import each, into
from cid.pg.sql import query
from cid.ports import Tx
from cid.text.policies import Configured, by_section, fitted

OWN = query("policies.own")
CHANGED = query("policies.changed")
SET = query("policies.set")
RESET = query("policies.reset")
NOTE = query("policies.note")
NOTED = query("policies.noted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One number that a tenant turned, and who turned it last."""

    section: str
    name: str
    value: Json
    changed_at: datetime
    changed_by: str
    """Empty: nobody that the tenant knows by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    gate: Gate
    body: Mapping[str, Json]
    first_at: datetime


SHAPES = {CHANGED: Changed, NOTED: Noted}


async def of(tx: Tx, tenant: TenantId, shipped: GatePolicy) -> GatePolicy:
    """`shipped` with what the tenant turned of it, as far as that fits."""
    rows = await tx.fetch(OWN, tenant)
    return fitted(shipped, by_section((row["section"], row["name"], row["value"]) for row in rows))[0]


async def changed(tx: Tx, tenant: TenantId) -> list[Changed]:
    return each(Changed, await tx.fetch(CHANGED, tenant))


async def set_(tx: Tx, tenant: TenantId, values: Mapping[str, Mapping[str, Json]], by: UserId | None) -> None:
    """These numbers; the others stay as they are."""
    for section, named in values.items():
        for name, value in named.items():
            await tx.execute(SET, tenant, section, name, value, by)


async def reset(tx: Tx, tenant: TenantId, section: str, name: str) -> bool:
    """False when it was the platform's already."""
    return await tx.fetchval(RESET, tenant, section, name) is not None


async def note(tx: Tx, what: Configured) -> bytes:
    """Keeps it under its hash, and answers that."""
    await tx.execute(NOTE, tx.tenant, what.hash, what.gate, what.body)
    return what.hash


async def noted(tx: Tx, tenant: TenantId, hash_: bytes) -> Noted | None:
    row = await tx.fetchrow(NOTED, tenant, hash_)
    return into(Noted, row) if row else None
