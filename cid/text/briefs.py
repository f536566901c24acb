"""What the reviewing models are told besides the draft: whose it is, and what it must not say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cid.domain.evidence import Pack
from cid.domain.llm import Json
from cid.domain.tenants import Profile
from cid.text.audience import block
from cid.text.injection import without


def about(profile: Profile, rules: Sequence[str]) -> Mapping[str, Json]:
    """The tenant as the writing model saw it, with the rules that stand for its every draft: one value, so that every
    version of a prompt that takes a profile takes them."""
    return {**block(profile), "standing_rules": list(rules)}


def avoided(pack: Pack) -> list[Mapping[str, Json]]:
    """What must not be said, without what speaks to a model."""
    shown = (without(avoid.text, avoid.why) for avoid in pack.avoid)
    return [{"text": text, "why": why} for text, why in shown]
