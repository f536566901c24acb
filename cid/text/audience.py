"""The ideal client profile, as every gate that writes for readers or judges for them is shown it."""

from __future__ import annotations

from collections.abc import Mapping

from cid.domain.llm import Json
from cid.domain.tenants import Profile


def block(profile: Profile) -> Mapping[str, Json]:
    """What the tenant says of its readers and of itself; what it did not say is left out. Keywords and excluded topics
    are no part: they choose stories, not readers."""
    said: Mapping[str, Json] = {
        "industry": profile.industry,
        "language": profile.language,
        "places": list(profile.geography),
        "primary_audience": profile.primary_audience,
        "secondary_audience": profile.secondary_audience,
        "pain_points": list(profile.pain_points),
        "business_goal": profile.business_goal,
        "preferred_angles": list(profile.preferred_angles),
        "avoided_angles": list(profile.avoided_angles),
        "voice": profile.voice,
    }
    return {name: value for name, value in said.items() if value}


def is_blank(profile: Profile) -> bool:
    """Whether it says nothing of readers that anybody could judge by."""
    return not any((profile.primary_audience, profile.secondary_audience, profile.pain_points, profile.business_goal))
