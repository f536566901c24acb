"""What needs somebody's attention among a tenant's sources: those that rest, and what may replace them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cid.domain.health import SEARCHED, Tier
from cid.store import health
from cid.web import words
from cid.web.views import AttentionView, ProposalLine, RestLine

if TYPE_CHECKING:
    from cid.domain.ids import TenantId
    from cid.ports import Tx
    from cid.store.health import Proposed, Resting

SHOWN = 10
TRIED_SHOWN = 25


async def attended(tx: Tx, tenant: TenantId) -> AttentionView:
    resting = await health.attention(tx, tenant, limit=SHOWN + 1)
    proposals = await health.proposed(tx, tenant, [row.id for row in resting[:SHOWN]])
    return AttentionView(
        rests=[_rest(row, [one for one in proposals if one.source_id == row.id]) for row in resting[:SHOWN]],
        more=len(resting) > SHOWN,
        itself=await health.itself_everywhere(tx, tenant),
    )


def _rest(row: Resting, proposals: Sequence[Proposed]) -> RestLine:
    return RestLine(
        row=row,
        name=row.title or row.url,
        outcome=words.SOURCE_WORDS[row.outcome][0] if row.outcome else "",
        proposals=[_proposal(one) for one in proposals],
        tried=[(words.TIERS[Tier(one["tier"])], one["url"], one["why"]) for one in row.tried[:TRIED_SHOWN]],
        searchable=row.kind in SEARCHED,
    )


def _proposal(row: Proposed) -> ProposalLine:
    kinship, tone = words.KINSHIPS[row.kinship]
    return ProposalLine(row=row, where=words.TIERS[row.tier], kinship=kinship, tone=tone)
