"""What a preview needs beside the payload."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from typing import TYPE_CHECKING
from uuid import UUID

from cid.domain.ids import ImageId
from cid.store import images
from cid.web.keys import actor, services

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

    from cid.domain.ids import TenantId
    from cid.domain.llm import Json


async def picture_of(request: web.Request, payload: Mapping[str, Json], tenant: TenantId | None = None) -> str:
    """As a data URL, because the frame reaches nothing; empty: there is none. `tenant`: the actor's, unless said."""
    image, whose = payload.get("image"), tenant or actor(request).tenant.id
    if not image:
        return ""
    async with services(request).db.read(whose) as tx:
        found = await images.picture(tx, whose, ImageId(UUID(image["id"])))
    if found is None:
        return ""
    body = await asyncio.to_thread(b64encode, found[0])
    return f"data:{found[1]};base64,{body.decode()}"
