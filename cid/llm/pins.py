"""Which versions of prompts people made live."""

from __future__ import annotations

from collections.abc import Mapping

from cid.pg.sql import query
from cid.ports import Tx

PINS = query("prompts.pins")


async def pins(tx: Tx) -> Mapping[str, str]:
    """Name → version; a name without one goes by its files."""
    return {name: pin["version"] for name, pin in (await tx.fetchval(PINS)).items()}
