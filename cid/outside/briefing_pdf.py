"""A briefing as PDF, set in a child: pages take seconds of a processor, and what they hold was written by strangers."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from dataclasses import replace
from typing import TYPE_CHECKING

from cid.domain.errors import Missing, Upstream
from cid.domain.outside import ChildFailure
from cid.domain.shape import plain

if TYPE_CHECKING:
    from cid.domain.dossier import Dossier
    from cid.ports import Children

PDF_S = 45.0
"""Of a child, before it is killed: a page takes some hundredths of a second."""


async def pdf(children: Children, dossier: Dossier, tenant: str) -> bytes:
    """`tenant`: as it is called. Raises Missing where PDF was not installed, Upstream where it was not made in time."""
    # no page shows whole articles: they need not go through the pipe
    lean = replace(dossier, items=tuple(replace(item, text="") for item in dossier.items))
    value = {"dossier": await asyncio.to_thread(plain, lean), "tenant": tenant}
    try:
        answer = await children.call("render_briefing", value, timeout_s=PDF_S)
    except ChildFailure as error:
        raise Upstream(f"the PDF was not made: {error}") from error
    if "missing" in answer:
        raise Missing(
            f"This desk was installed without what makes PDFs ({answer['missing']}): "
            "install the extra `pdf`, or take another format."
        )
    return b64decode(answer["pdf"])
