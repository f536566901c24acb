"""The approval record of a draft, on a page that prints and as JSON; and rendering it anew."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from aiohttp import web

from cid.domain.ids import DraftId, VersionId
from cid.flows import decide
from cid.flows import record as records
from cid.render.record import Link
from cid.web.keys import actor, services
from cid.web.render import page


@dataclass(frozen=True, slots=True, kw_only=True)
class Renew:
    version: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordView:
    draft: DraftId
    record: Mapping[str, Any]
    links: Sequence[Link]
    """Of the chain from version to publication."""

    @property
    def holds(self) -> bool:
        return all(link.holds for link in self.links)


async def shown(request: web.Request) -> web.StreamResponse:
    sv, tenant, draft = services(request), actor(request).tenant, _draft(request)
    kept = await records.record(sv, tenant, draft)
    return page(
        request,
        "drafts_record.html",
        RecordView(draft=draft, record=kept, links=await records.verify(sv, tenant, draft)),
    )


async def as_json(request: web.Request) -> web.StreamResponse:
    kept = await records.record(services(request), actor(request).tenant, _draft(request))
    headers = {"Content-Disposition": f'attachment; filename="approval-record-{_draft(request)}.json"'}
    body = json.dumps(kept, ensure_ascii=False, indent=1)
    return web.Response(text=body, content_type="application/json", headers=headers)


async def renew(request: web.Request, form: Renew) -> web.StreamResponse:
    await decide.renew(services(request), actor(request), _draft(request), VersionId(form.version))
    raise web.HTTPSeeOther(f"/t/{actor(request).tenant.slug}/drafts/{_draft(request)}?said=draft_renewed")


def _draft(request: web.Request) -> DraftId:
    return DraftId(UUID(request.match_info["draft"]))
