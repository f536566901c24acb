"""A briefing: the seven sections, findings with typed evidence, and what each item was read as.

The fields are those of the predecessor's schema 1.2, so that its briefings can be read; what it lacked is added: a
citation names an item of the run and quotes it, and says whether the quote was found there.

Strings that should be one of a vocabulary are kept as such and empty where nothing valid was said: the scorecard counts
what is missing, and reading loses no briefing over one word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from cid.domain.ids import CallId

SECTIONS = (
    "executive_summary",
    "key_findings",
    "subject_profile",
    "narrative_analysis",
    "confidence_assessment",
    "limitations",
    "methodology",
)
EVIDENCE = ("post", "pattern", "network", "metadata", "external", "forward", "channel_meta")
CONFIDENCE = ("high", "moderate", "low")
FACTORS = ("data_completeness", "source_reliability", "analytical_consistency", "corroboration")
FREQUENCY = ("dominant", "frequent", "occasional")
STANCES = ("repeats", "reports", "debunks")
ROLES = ("official_state_media", "proxy", "deniable", "authentic", "unknown")


class Found(StrEnum):
    """Whether a quote stands in the item that it is said to be from."""

    FOUND = "found"
    NEAR = "near"
    """In other punctuation or case, or words left out."""
    NOT_FOUND = "not_found"
    NO_ITEM = "no_item"
    """The item it names is none of the run's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    item: int | None
    """The number of one of the run's items."""
    quote: str
    found: Found | None = None
    """None: nobody looked yet."""
    start: int | None = None
    """Of what was found, in letters of the item's title, a line feed and its text."""
    end: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    kind: str
    """One of EVIDENCE, or empty."""
    reference: str
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    finding: str
    confidence: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The subject profile."""

    name: str = ""
    handle: str = ""
    platform: str = ""
    country: str = ""
    kind: str = ""
    description: str = ""
    language: str = ""
    items_analyzed: int | None = None
    period: str = ""
    created: str = ""
    followers: int | None = None
    following: int | None = None
    verified: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A narrative as the analyst tells it."""

    narrative: str
    frequency: str = ""
    alignment: str = ""
    """The id of one of the catalogue, or empty."""
    stance: str = ""
    """What the items do with the claim, one of STANCES, or empty."""
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    indicator: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    known_associations: tuple[str, ...] = ()
    amplification_patterns: str = ""
    cross_platform_presence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    role: str = ""
    content_origin: str = ""
    amplification_chain: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    primary_narratives: tuple[Told, ...] = ()
    behavioral_indicators: tuple[Indicator, ...] = ()
    network_context: Network = Network()
    source_attribution: Attribution = Attribution()


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    level: str
    notes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """The confidence assessment."""

    overall: str = ""
    factors: Mapping[str, Factor] = field(default_factory=dict)
    """By the names in FACTORS; others are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limitations:
    cannot_determine: tuple[str, ...] = ()
    data_gaps: tuple[str, ...] = ()
    alternative_interpretations: tuple[str, ...] = ()
    assessment_changing_factors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Methodology:
    """Filled in by the desk from what it did, never by the model."""

    data_collection: str = ""
    period: str = ""
    items_analyzed: int | None = None
    model: str = ""
    prompt_version: str = ""
    validation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Referenced:
    """One line of the list of evidence: what findings rest on, by item."""

    id: str
    kind: str
    reference: str
    notes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemReading:
    """What one item was read as, joined by the item's number."""

    item: int
    framing: str = ""
    key_claims: tuple[str, ...] = ()
    actors: tuple[str, ...] = ()
    unverified: tuple[str, ...] = ()
    """Statements that nobody is named for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    briefing_id: str = ""
    generated_at: str = ""
    """RFC 3339, UTC."""
    model_version: str = ""
    prompt_version: str = ""
    cid_version: str = ""
    period_start: str = ""
    period_end: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Briefing:
    executive_summary: str = ""
    key_findings: tuple[Finding, ...] = ()
    subject_profile: Subject = Subject()
    narrative_analysis: Analysis = Analysis()
    confidence_assessment: Assessment = Assessment()
    limitations: Limitations = Limitations()
    methodology: Methodology = Methodology()
    evidence_references: tuple[Referenced, ...] = ()
    item_readings: tuple[ItemReading, ...] = ()
    metadata: Metadata = Metadata()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBriefing:
    """A run's briefing as it is kept. Written once."""

    briefing: Briefing | None
    """None: the answer had no structure; then `raw` is all there is."""
    raw: str
    """The model's reply to the letter; empty where the answer was taken over from an earlier call of the same input."""
    problems: tuple[str, ...]
    """What was wrong with the answer, a sentence each: fields that were missing, values that were no valid ones."""
    schema_version: str
    provider: str
    """`provider/model`; begins with `offline` where no model wrote it."""
    prompt_version: str
    prompt_hash: bytes
    input_hash: bytes
    call_id: CallId | None
    made_at: datetime

    @property
    def structured(self) -> bool:
        return self.briefing is not None

    @property
    def extractive(self) -> bool:
        """Made of extracts, without a model."""
        return self.provider.startswith("offline")

    @property
    def report(self) -> str:
        """What is read as the report: its prose, a line each, or the reply as it came. Spans count letters of this."""
        return self.raw if self.briefing is None else prose(self.briefing)


def prose(briefing: Briefing) -> str:
    """What the analyst says in sentences, in the order of the sections, without quotes and what the desk filled in."""
    told, wider = briefing.narrative_analysis, briefing.narrative_analysis.network_context
    limits, sure = briefing.limitations, briefing.confidence_assessment
    lines = [
        briefing.executive_summary,
        *(one.finding for one in briefing.key_findings),
        briefing.subject_profile.description,
        *(one.narrative for one in told.primary_narratives),
        *(one.description for one in told.behavioral_indicators),
        wider.amplification_patterns,
        told.source_attribution.content_origin,
        told.source_attribution.amplification_chain,
        *(factor.notes for factor in sure.factors.values()),
        *limits.cannot_determine,
        *limits.data_gaps,
        *limits.alternative_interpretations,
        *limits.assessment_changing_factors,
        *(line for one in briefing.item_readings for line in (one.framing, *one.key_claims, *one.unverified)),
    ]
    return "\n".join(line for line in lines if line)
