"""Which structure a draft is written to."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from cid.domain.evidence import Claim
from cid.domain.policy import Drafting
from cid.domain.structures import Structure


def choose(policy: Drafting, claims: Sequence[Claim], screening: UUID) -> Structure | None:
    """The tenant's fixed one, or one of those that the evidence can fill; the one that wants least where none is.
    Which of several is left to the screening's id: tried again it is the same, and no two in a row need be. None: there
    are none."""
    fixed = policy.structure_of(policy.structure)
    if fixed or not policy.structures:
        return fixed
    publishers = len({claim.publisher or claim.url for claim in claims})
    fillable = [
        structure
        for structure in policy.structures
        if len(claims) >= structure.min_claims and publishers >= structure.min_publishers
    ]
    if not fillable:
        return min(policy.structures, key=lambda structure: (structure.min_claims, structure.name))
    return sorted(fillable, key=lambda structure: structure.name)[screening.int % len(fillable)]
