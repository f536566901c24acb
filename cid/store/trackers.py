"""What a tenant tracks, and what the tracker's gate judges by."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from cid.domain.ids import ItemId, ScreeningId, TenantId, UserId
from cid.domain.llm import Json
from cid.domain.tenants import GRANTS, Permission, Role
from cid.domain.tracker import ApprovalRule, Tracker
from cid.pg.rows import each, into
from cid.pg.sql import query
from cid.ports import Tx
from cid.text.trackers import read

BODY = query("trackers.body")
SET = query("trackers.set")
RULE = query("trackers.rule")
SET_RULE = query("trackers.set_rule")
TOLD = query("trackers.told")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A standing rule, and whose it is."""

    rule: Mapping[str, Json]
    rule_by: UserId
    rule_at: datetime
    who: str
    role: Role | None
    """That person's today; None: no member any more, or switched off."""

    @property
    def holds(self) -> bool:
        """Whether that person could still make it: else nobody stands behind what it approves."""
        return self.role is not None and Permission.MANAGE in GRANTS[self.role]

    @property
    def value(self) -> ApprovalRule:
        return ApprovalRule(min_score=self.rule["min_score"], categories=tuple(self.rule["categories"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The item that opened a screening."""

    screening_id: ScreeningId
    item_id: ItemId
    title: str
    text: str
    """As much as was asked for."""
    url: str
    published_at: datetime | None
    sample: bool


SHAPES = {RULE: Standing, TOLD: Opened}


async def of(tx: Tx, tenant: TenantId) -> Tracker | None:
    """None: nothing is tracked. Raises Misconfigured where what is stored does not fit the program any more."""
    body: Mapping[str, Json] | None = await tx.fetchval(BODY, tenant)
    return read(body) if body else None


async def set_(tx: Tx, tenant: TenantId, tracker: Tracker) -> None:
    await tx.execute(SET, tenant, asdict(tracker))


async def rule(tx: Tx, tenant: TenantId) -> Standing | None:
    row = await tx.fetchrow(RULE, tenant)
    return into(Standing, row) if row else None


async def set_rule(tx: Tx, tenant: TenantId, value: ApprovalRule | None, by: UserId) -> bool:
    """False where nothing is tracked."""
    return await tx.fetchval(SET_RULE, tenant, asdict(value) if value else None, by) is not None


async def told(tx: Tx, tenant: TenantId, screenings: Collection[ScreeningId], *, chars: int) -> list[Opened]:
    return each(Opened, await tx.fetch(TOLD, tenant, list(screenings), chars))
