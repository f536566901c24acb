"""From which side a story may be told, and which sides others have taken."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Angle(StrEnum):
    LOCAL_IMPACT = "local_impact"
    ACTION_LIST = "action_list"
    CONTRARIAN = "contrarian"
    FAQ_EXPLAINER = "faq_explainer"
    EXPERT_COMMENTARY = "expert_commentary"
    DATA_STORY = "data_story"
    RISK_WARNING = "risk_warning"
    OPPORTUNITY = "opportunity"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One competitor's article on the story."""

    publisher: str
    title: str
    url: str
    angle: Angle | None
    """None: its title fits no pattern."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Competition:
    """What competitors made of a story."""

    taken: tuple[Taken, ...] = ()
    avoid: tuple[Angle, ...] = ()
    gaps: tuple[Angle, ...] = ()
    """Angles that nobody took."""

    @property
    def first_mover(self) -> bool:
        return not self.taken
