"""What a draft stands on, as its page shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cid.domain.evidence import Avoid, Claim, EvidenceState
from cid.domain.ids import ScreeningId, TenantId
from cid.ports import Tx
from cid.store import evidence, found_pages
from cid.store.found_pages import Around

ROOM = 240
"""Characters of the page on either side of a quote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimLine:
    claim: Claim
    before: str
    """What stands in the page before the quote; both are empty where the page is no longer kept."""
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceView:
    state: EvidenceState
    made: bool
    """False: no evidence was stored."""
    lines: Sequence[ClaimLine]
    avoid: Sequence[Avoid]
    notes: Sequence[str]


async def evidence_view(tx: Tx, tenant: TenantId, screening: ScreeningId) -> EvidenceView:
    pack = await evidence.pack(tx, tenant, screening)
    placed = [claim for claim in pack.claims if claim.page and claim.offset is not None]
    quotes = [(bytes.fromhex(claim.page), claim.offset or 0, len(claim.text)) for claim in placed]
    found = await found_pages.around(tx, quotes, ROOM) if quotes else {}
    standing = {id(claim): found.get(number) for number, claim in enumerate(placed, 1)}
    return EvidenceView(
        state=pack.state,
        made=bool(pack.claims or pack.notes),
        lines=[_line(claim, standing.get(id(claim))) for claim in pack.claims],
        avoid=pack.avoid,
        notes=pack.notes,
    )


def _line(claim: Claim, around: Around | None) -> ClaimLine:
    """Where the page's own white space differs from the quote's, what comes after it is not shown."""
    if around is None:
        return ClaimLine(claim=claim, before="", after="")
    whole = " ".join(around.quote.split()) == claim.text
    before = around.before
    if len(before) >= ROOM:
        before = f"…{before.partition(' ')[2]}"
    after = around.after if whole else ""
    if len(after) >= ROOM:
        after = f"{after.rpartition(' ')[0]} …"
    return ClaimLine(claim=claim, before=before, after=after)
