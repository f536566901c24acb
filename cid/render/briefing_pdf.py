"""A run as a PDF that one can hand on (https://docs.reportlab.com/; needs the extra `pdf`)."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

from cid.domain.dossier import Dossier
from cid.domain.shape import built

if TYPE_CHECKING:
    from collections.abc import Mapping


def render_briefing(value: Mapping[str, Any]) -> dict[str, str]:
    """For a child. `value`: {"dossier": as `shape.plain` has it, "tenant": its name}; answers {"pdf": base64}, or
    {"missing": module} where reportlab or what goes with it is not installed."""
    try:
        body = briefing_pdf(built(Dossier, value["dossier"]), tenant=value["tenant"])
    except ModuleNotFoundError as error:
        return {"missing": error.name or "reportlab"}
    return {"pdf": b64encode(body).decode("ascii")}


def briefing_pdf(dossier: Dossier, *, tenant: str) -> bytes:
    """The same dossier makes the same bytes. `tenant`: its name. Raises ModuleNotFoundError without the extra."""
    # every other format works where the extra is not installed
    from cid.render.pdf_pages import pages  # noqa: PLC0415 - the extra need not be there

    return pages(dossier, tenant=tenant)
