"""What is kept of how a decision came about: enough to show later that a person really looked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

from cid.domain.ids import ReviewId


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """What the place where somebody decided can say of it. Nothing in it lets anybody do anything."""

    link: UUID | None = None
    """The link in a mail that they came by; it is used up by the decision."""
    address: str = ""
    """A keyed hash of the network address: the same address gives the same text, and nobody reads it back."""
    agent: str = ""
    """The browser's own words."""
    seconds: int | None = None
    """Between the first sight of what was decided on and the decision, by the server's clock; None: not known."""
    compared: bool = False
    """They opened the comparison of this version with another."""
    review: ReviewId | None = None
    """The review whose findings were on the screen; None: there was none, or it was not shown."""
    findings: int | None = None
    """How many findings were on the screen."""
    checklist: Mapping[str, bool] = field(default_factory=dict)
    """What was to be ticked, and whether it was."""

    def facts(self) -> dict[str, Any]:
        """As plain JSON."""
        value = asdict(self)
        return value | {
            "link": str(self.link) if self.link else None,
            "review": str(self.review) if self.review else None,
            "agent": self.agent[:200],
            "checklist": dict(self.checklist),
        }


NOBODY = Witness()
"""For a decision whose place can say nothing of it."""
