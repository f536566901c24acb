"""What a draft stands on, and what is left to look at before it goes out: for the page where people decide."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cid.domain.draft import article_from
from cid.domain.review import findings
from cid.gates import checks
from cid.gates.checklist import checklist
from cid.store import channels, clusters, drafts, evidence, policies, tenants

if TYPE_CHECKING:
    from cid.domain.checklist import Item
    from cid.domain.draft import Draft, Version
    from cid.domain.ground import Ground
    from cid.domain.publication import Channel
    from cid.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    ground: Ground
    items: Sequence[Item]
    channels: Sequence[Channel]
    """Those that are active, in the order in which they are shown."""
    zone: str


async def looked(sv: Services, draft: Draft, version: Version) -> Looked:
    """Of one version, by rules alone: nothing is asked of a model."""
    tenant = draft.tenant_id
    async with sv.db.read(tenant) as tx:
        pack = await evidence.pack(tx, tenant, draft.screening_id)
        policy = await policies.of(tx, tenant, sv.policy)
        reports = await evidence.reports(tx, tenant, draft.story_id)
        profile = await tenants.profile(tx, tenant)
        internal = {post.url: post.title for post in await clusters.live(tx, tenant)}
        active = await channels.active(tx, tenant)
        zone = await tenants.zone(tx, tenant)
        said = [review for review in await drafts.reviews(tx, tenant, draft.id) if review.version_id == version.id]
    article = article_from(version.article)
    found = await asyncio.to_thread(
        checks.ground,
        article,
        pack,
        reports,
        policy.drafting,
        checks=policy.checks,
        profile=profile,
        internal=internal,
    )
    items = checklist(
        article,
        json.loads(version.payloads),
        findings(said[-1].findings) if said else [],
        pack,
        active,
        description=policy.drafting.description,
    )
    return Looked(ground=found, items=items, channels=active, zone=zone)
