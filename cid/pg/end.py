"""The end of a tenant, which is the owner's alone: no other role may delete what is append-only."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cid.pg.place import connect, logins

if TYPE_CHECKING:
    from uuid import UUID

    from cid.pg.place import Place


async def delete_tenant(place: Place, tenant: UUID) -> dict[str, int]:
    """Every row of it, by table how many; all or nothing. Raises Misconfigured where the database is not to be had."""
    async with logins(place) as to:
        conn = await connect(to.owner)
        try:
            return dict(json.loads(await conn.fetchval("select delete_tenant($1)::text", tenant)))
        finally:
            await conn.close()
