"""Which findings come back: the same category said in the same words, figures and names of places apart."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cid.domain.guardrails import LONGEST
from cid.domain.ids import DraftId
from cid.text.clean import shorten
from cid.text.words import words

LEAST = 2
"""Drafts in which it was found."""
MOST = 12
OURS = frozenset({"review", "revision", "story", "evidence"})
"""Where a finding stands that is about the desk's own work and not about an article."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurring:
    category: str
    what: str
    """As it was said last."""
    fix: str
    drafts: int
    draft: DraftId
    """The newest of them."""

    @property
    def rule(self) -> str:
        """What it might be as a standing rule; people word it."""
        return shorten(f"{self.what} {self.fix}".strip(), LONGEST)


def key(category: str, what: str) -> tuple[str, str]:
    """Two findings with one key are the same one."""
    said = ("#" if any(char.isdigit() for char in word) else word for word in words(what))
    return category, " ".join(said)


def recurring(found: Iterable[tuple[DraftId, str]]) -> Sequence[Recurring]:
    """`found`: drafts, the newest first, each with its findings as stored. The commonest first."""
    seen: dict[tuple[str, str], set[DraftId]] = {}
    last: dict[tuple[str, str], tuple[dict[str, str], DraftId]] = {}
    for draft, findings in found:
        for finding in json.loads(findings):
            if finding["where"] in OURS:
                continue
            one = key(finding["category"], finding["what"])
            seen.setdefault(one, set()).add(draft)
            last.setdefault(one, (finding, draft))
    often = sorted((one for one in seen if len(seen[one]) >= LEAST), key=lambda one: (-len(seen[one]), one))
    return [
        Recurring(
            category=last[one][0]["category"],
            what=last[one][0]["what"],
            fix=last[one][0].get("fix", ""),
            drafts=len(seen[one]),
            draft=last[one][1],
        )
        for one in often[:MOST]
    ]
