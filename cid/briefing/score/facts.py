"""What of a briefing the rubric looks at, told once: lengths, shares, and what is there at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from cid.domain.briefing import (
    CONFIDENCE,
    EVIDENCE,
    FACTORS,
    ROLES,
    Analysis,
    Briefing,
    Evidence,
    Finding,
    Limitations,
    Methodology,
    Subject,
)
from cid.text.words import words

_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""A character of these says about as much as two letters, and about half a word, of the scripts that put spaces."""
GOOD_SHARE, FAIR_SHARE = 0.8, 0.5
REFERENCE_LENGTH = 20
"""Letters that a reference has more of."""


def said(text: str) -> bool:
    return bool(text.strip())


def length(text: str) -> int:
    """Letters, as the rubric's limits mean them: a character of a script without spaces counts as two."""
    bare = text.strip()
    return len(bare) + len(_UNSPACED.findall(bare))


def word_count(text: str) -> int:
    """Words; of a script without spaces half as many as characters."""
    return len(words(text)) - len(_UNSPACED.findall(text)) // 2


def share(held: Iterable[bool]) -> float:
    """0 where there is nothing to hold."""
    told = list(held)
    return sum(told) / len(told) if told else 0.0


def rests(evidence: Evidence) -> bool:
    return said(evidence.reference) or any(said(one.quote) for one in evidence.citations)


@dataclass(frozen=True)
class Facts:
    briefing: Briefing

    @cached_property
    def findings(self) -> Sequence[Finding]:
        return [one for one in self.briefing.key_findings if said(one.finding)]

    @cached_property
    def evidence(self) -> Sequence[Evidence]:
        return [one for finding in self.findings for one in finding.evidence if rests(one)]

    @cached_property
    def with_evidence(self) -> Sequence[Finding]:
        return [one for one in self.findings if any(map(rests, one.evidence))]

    @cached_property
    def with_confidence(self) -> Sequence[Finding]:
        return [one for one in self.findings if one.confidence in CONFIDENCE]

    @cached_property
    def kinds(self) -> set[str]:
        return {one.kind for one in self.evidence if one.kind in EVIDENCE}

    @cached_property
    def sections(self) -> dict[str, bool]:
        """Which of the seven there are."""
        b = self.briefing
        return {
            "executive_summary": said(b.executive_summary),
            "key_findings": bool(self.findings),
            "subject_profile": b.subject_profile != Subject(),
            "narrative_analysis": b.narrative_analysis != Analysis(),
            "confidence_assessment": bool(b.confidence_assessment.overall or b.confidence_assessment.factors),
            "limitations": b.limitations != Limitations(),
            "methodology": b.methodology != Methodology(),
        }

    @cached_property
    def references(self) -> int:
        return sum(said(one.reference) for one in self.briefing.evidence_references)

    @cached_property
    def overall(self) -> str:
        found = self.briefing.confidence_assessment.overall
        return found if found in CONFIDENCE else ""

    @cached_property
    def factors(self) -> dict[str, str]:
        """The levels that are valid ones, by factor."""
        told = self.briefing.confidence_assessment.factors
        return {name: factor.level for name, factor in told.items() if factor.level in CONFIDENCE}

    @cached_property
    def required_factors(self) -> int:
        return sum(name in self.factors for name in FACTORS)

    @cached_property
    def role(self) -> str:
        found = self.briefing.narrative_analysis.source_attribution.role
        return found if found in ROLES else ""

    @cached_property
    def origin(self) -> bool:
        return said(self.briefing.narrative_analysis.source_attribution.content_origin)

    def limits(self, name: str) -> int:
        return sum(said(one) for one in getattr(self.briefing.limitations, name))

    @cached_property
    def period(self) -> bool:
        b = self.briefing
        both = said(b.metadata.period_start) and said(b.metadata.period_end)
        return said(b.methodology.period) or said(b.subject_profile.period) or both

    @cached_property
    def counted(self) -> bool:
        """How many items it rests on, and that they are not none."""
        return bool(self.briefing.subject_profile.items_analyzed or self.briefing.methodology.items_analyzed)

    @cached_property
    def has_counts(self) -> bool:
        """A count that is known: followers, or items; nought is one as well."""
        profile, method = self.briefing.subject_profile, self.briefing.methodology
        return any(one is not None for one in (profile.followers, profile.items_analyzed, method.items_analyzed))

    @cached_property
    def indicators_with_figures(self) -> bool:
        told = self.briefing.narrative_analysis.behavioral_indicators
        return any(any(map(str.isnumeric, one.description)) for one in told)

    @cached_property
    def aligned(self) -> bool:
        return any(said(one.alignment) for one in self.briefing.narrative_analysis.primary_narratives)

    @cached_property
    def associated(self) -> bool:
        return any(map(said, self.briefing.narrative_analysis.network_context.known_associations))
