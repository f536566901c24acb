"""What is looked at once more before a draft goes out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from cid.domain.review import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of the list. What must be is enforced; what should be is shown."""

    name: str
    must: bool
    done: bool
    detail: str = ""
    """What is wrong, or what was counted."""
    accept: str = ""
    """What a person names to go on all the same; empty: nobody can."""


def key_of(finding: Finding) -> str:
    """Names a finding in a form: the same words give the same key."""
    told = repr((str(finding.severity), finding.category, finding.check, finding.where, finding.what))
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def unmet(items: Sequence[Item]) -> list[Item]:
    return [item for item in items if item.must and not item.done]
