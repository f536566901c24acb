"""Who did what. Append-only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from cid.domain.ids import PLATFORM, TenantId, UserId, uuid7
from cid.domain.llm import Json
from cid.pg.sql import query
from cid.ports import Tx

ADD = query("audit.add")


async def add(
    tx: Tx,
    now: datetime,
    user: UserId | None,
    action: str,
    *,
    target: str = "",
    detail: Mapping[str, Json] | None = None,
    tenant: TenantId | None = None,
) -> None:
    """Into the log of the transaction's tenant. `action` is a noun and a verb, as in `user.disabled`.

    `tenant` names one in a platform transaction, for what the platform's own tables keep of it.
    """
    if tenant is None and tx.tenant != PLATFORM:
        tenant = tx.tenant
    await tx.execute(ADD, uuid7(now), tenant, user, action, target, dict(detail or {}))
