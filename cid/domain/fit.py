"""How well a story fits the people whom a tenant writes for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from cid.domain.angles import Angle


class Risk(StrEnum):
    """Of writing about it. For people's eyes: nothing is decided by it."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Shares are from 0 to 1."""

    audience_relevance: float
    business_relevance: float
    actionability: float
    risk_level: Risk
    recommended_angle: Angle | None
    """None: none of the eight stands out."""
    claims_to_use: tuple[str, ...]
    """Keys of claims, the most useful for these readers first; empty: all, in the pack's order."""
