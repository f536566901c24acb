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
    """The earliest first."""
    avoid: tuple[Angle, ...] = ()
    """Those taken, and those that the tenant's profile will not have."""
    gaps: tuple[Angle, ...] = ()
    """The others: nobody took them, and nothing speaks against them."""
    followed: int = 0
    """Competitors' sources that could be read. Without any, nobody knows who was first."""

    @property
    def first_mover(self) -> bool:
        """Whether the tenant would be before all of its competitors; not where it follows none."""
        return self.followed > 0 and not self.taken
