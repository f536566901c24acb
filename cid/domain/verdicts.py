"""What gates say. Append-only; a screening's history is its verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias


class Gate(StrEnum):
    RULES = "rules"
    RELEVANCE = "relevance"
    SIGNAL = "signal"
    EVIDENCE = "evidence"
    FIT = "fit"
    DRAFT = "draft"
    REVIEW = "review"
    TRACK = "track"
    """The tracker desk's one gate after the rules: relevance, category, region and summary in one answer."""


GATE_NUMBER: dict[Gate, str] = {
    Gate.RULES: "1",
    Gate.RELEVANCE: "2",
    Gate.SIGNAL: "3",
    Gate.EVIDENCE: "3.3",
    Gate.FIT: "3.5",
    Gate.DRAFT: "4",
    Gate.REVIEW: "5",
    Gate.TRACK: "T",
}


class Reason(StrEnum):
    """Why something passed or was dropped: a closed set, fit for a metric label. The particulars go into `detail`."""

    # gate 1
    TOO_SHORT = "too_short"
    LOW_TRUST = "low_trust"
    STALE = "stale"
    EXCLUDED_TOPIC = "excluded_topic"
    URGENT = "urgent"
    KEYWORD = "keyword"
    NO_KEYWORD = "no_keyword"
    # gate 2
    RELEVANT = "relevant"
    LOW_RELEVANCE = "low_relevance"
    PREFILTERED = "prefiltered"
    # gate 3
    SIGNAL = "signal"
    LOW_SIGNAL = "low_signal"
    # evidence: never a reason to drop
    GATHERED = "gathered"
    REPORTS_ONLY = "reports_only"
    NO_EVIDENCE = "no_evidence"
    # gate 3.5
    FITS = "fits"
    WRONG_AUDIENCE = "wrong_audience"
    NO_AUDIENCE = "no_audience"
    # gate 4
    WRITTEN = "written"
    NOT_AFFECTED = "not_affected"
    OVER_PLAN = "over_plan"
    # gate 4, when further reports came after the draft
    FOLLOWED = "followed"
    NOTHING_NEW = "nothing_new"
    NOT_FOLLOWED = "not_followed"
    # the tracker desk
    UNFILTERED = "unfiltered"
    """Gate 1 of a tracker without keywords: what is left is for the model."""
    TRACKED = "tracked"
    OFF_TOPIC = "off_topic"
    # any gate: its story became part of another, which had gone further
    MERGED = "merged"
    # gate 5
    REVIEWED = "reviewed"
    REVISED = "revised"
    # an outage policy of `pass` or `drop` was applied, by a person's recorded choice
    OUTAGE = "outage"


Signals: TypeAlias = Mapping[str, str | int | float | bool | Sequence[str] | None]
"""What a gate went by, by name; None says that it was missing."""


@dataclass(frozen=True, slots=True)
class Pass:
    reason: Reason
    detail: str = ""
    score: float | None = None
    signals: Signals = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Drop:
    reason: Reason
    detail: str = ""
    score: float | None = None
    signals: Signals = field(default_factory=dict)


Verdict: TypeAlias = Pass | Drop
