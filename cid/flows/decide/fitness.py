"""The checklist before an approval, enforced: what the page shows is what holds by every other way, too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cid.domain.checklist import unmet
from cid.domain.draft import DraftState, article_from
from cid.domain.errors import Refused
from cid.domain.review import findings
from cid.domain.tenants import Permission
from cid.gates.checklist import checklist
from cid.store import drafts, evidence, policies

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from cid.domain.draft import Draft, Version
    from cid.domain.publication import Channel
    from cid.domain.tenants import Actor
    from cid.ports import Tx
    from cid.services import Services

WRONG = {
    "critical": "A finding is critical:",
    "evidence": "There is no evidence that it could be checked against.",
    "text": "An article needs a title and a text.",
    "disclosure": "It does not say how it was made, on",
    "canonical": "It has no text for the channel whose address all others name; save it again as a new version:",
    "picture": "Its picture has no text for those who cannot see it.",
}
"""What is said where something must be and is not."""


async def fit_to_go(
    sv: Services,
    tx: Tx,
    actor: Actor,
    seen: Draft,
    shown: Version,
    *,
    active: Sequence[Channel],
    accepted: Collection[str],
    reason: str,
) -> None:
    """Raises Refused with what is in the way."""
    policy = await policies.of(tx, tx.tenant, sv.policy)
    said = [review for review in await drafts.reviews(tx, tx.tenant, seen.id) if review.version_id == shown.id]
    items = checklist(
        article_from(shown.article),
        json.loads(shown.payloads),
        findings(said[-1].findings) if said else [],
        await evidence.pack(tx, tx.tenant, seen.screening_id),
        active,
        description=policy.drafting.description,
    )
    against = unmet(items)
    if final := [item for item in against if not item.accept]:
        raise Refused(f"{WRONG[final[0].name]} {final[0].detail}".strip())
    if not against and seen.state is not DraftState.HELD:
        return
    if not actor.may(Permission.OVERRIDE):
        raise Refused("The review held this draft back. Somebody who may override the review has to decide.")
    if left := [item for item in against if item.accept not in accepted]:
        raise Refused(f"{WRONG[left[0].name]} {left[0].detail} Tick each of these to approve it all the same.")
    if not reason:
        raise Refused("The review held this draft back. To approve it all the same, write down why.")
