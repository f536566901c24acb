"""A run → a file that leaves the desk. What it takes more than a moment to make is made beside the event loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from cid.domain.errors import NotFound, Unknown
from cid.domain.export import MIMES, File, Format
from cid.outside.briefing_pdf import pdf
from cid.render.briefing_csv import briefing_csv, briefing_csv_zip
from cid.render.briefing_json import briefing_json
from cid.render.briefing_stix import briefing_stix
from cid.render.briefing_words import file_name
from cid.store import audit, runs

if TYPE_CHECKING:
    from cid.domain.dossier import Dossier
    from cid.domain.ids import RunId, UserId
    from cid.domain.tenants import Tenant
    from cid.services import Services


async def export(
    sv: Services, tenant: Tenant, run_id: RunId, format_: str, *, by: UserId | None = None, via: str = "page"
) -> File:
    """Of any run, finished or not: what there is.

    `by`: who took it along, for the log; None: the command line. Raises Unknown for a format that is none, NotFound,
    Missing where PDF was not installed, Upstream where a PDF could not be made in time.
    """
    form = _format(format_)
    async with sv.db.read(tenant.id) as tx:
        dossier = await runs.dossier(tx, tenant.id, run_id)
    if dossier is None:
        raise NotFound(f"{tenant.slug} has no run {run_id}.")
    body = (
        await pdf(sv.outside.children, dossier, tenant.name)
        if form is Format.PDF
        else await _made(sv, dossier, tenant, form)
    )
    async with sv.db.tx(tenant.id) as tx:
        detail = {"form": str(form), "tlp": str(dossier.run.tlp), "via": via}
        await audit.add(tx, sv.clock.now(), by, "run.exported", target=str(run_id), detail=detail)
    return File(name=file_name(dossier, form), mime=MIMES[form], body=body)


def _format(name: str) -> Format:
    try:
        return Format(name)
    except ValueError:
        raise Unknown(f"There is no such format: it is one of {', '.join(Format)}.") from None


async def _made(sv: Services, dossier: Dossier, tenant: Tenant, form: Format) -> bytes:
    name, now = tenant.name, sv.clock.now()
    match form:
        case Format.CSV:
            return await asyncio.to_thread(briefing_csv, dossier, tenant=name)
        case Format.CSV_ZIP:
            return await asyncio.to_thread(briefing_csv_zip, dossier, tenant=name)
        case Format.STIX:
            return await asyncio.to_thread(briefing_stix, dossier, tenant=name, at=now)
    return await asyncio.to_thread(briefing_json, dossier, tenant=name, at=now)
