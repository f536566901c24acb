"""The rubric of form: seven dimensions of ten points, each of sub-checks that say why they gave what they gave.

Dimensions, sub-checks and cut-offs are those of the published quality rubric of CDDBS (its seven-dimension scorer for
briefings of schema 1.2), so that scores can be compared. Two sub-checks of structural_completeness are other ones: the
published ones give nine points at most. docs/quality-of-briefings.md names them.
"""

from __future__ import annotations

from collections.abc import Callable

from cid.briefing.score.facts import FAIR_SHARE, GOOD_SHARE, REFERENCE_LENGTH, Facts, length, share, word_count
from cid.domain.briefing import EVIDENCE, SECTIONS, Briefing
from cid.domain.scorecard import Dimension, Point, Rating

LEAST = ((60, Rating.EXCELLENT), (50, Rating.GOOD), (40, Rating.ACCEPTABLE), (30, Rating.POOR))
"""Points from which on a rating is reached, of 70."""


def rated(total: int) -> Rating:
    return next((rating for least, rating in LEAST if total >= least), Rating.FAILING)


def dimensions(briefing: Briefing | None) -> tuple[Dimension, ...]:
    """All seven, always; without a briefing they hold no point."""
    facts = Facts(briefing if isinstance(briefing, Briefing) else Briefing())
    return tuple(Dimension(name=name, points=tuple(look(facts))) for name, look in LOOKS.items())


def _point(check: str, points: int, why: str, of: int = 2) -> Point:
    return Point(check=check, points=points, of=of, why=why)


def _both(check: str, held: tuple[bool, bool], why: tuple[str, str, str]) -> Point:
    """A point for each of two things, and a sentence for two, one and none."""
    points = sum(held)
    return _point(check, points, why[2 - points])


def _shared(check: str, part: float, what: str) -> Point:
    points = 2 if part >= GOOD_SHARE else 1 if part >= FAIR_SHARE else 0
    return _point(check, points, f"{part:.0%} {what}; {GOOD_SHARE:.0%} give two points, {FAIR_SHARE:.0%} one.")


def _references(facts: Facts) -> Point:
    listed, inline = facts.references, len(facts.evidence)
    why = f"The list of evidence has {listed} lines, findings name {inline} pieces; three lines give two points."
    return _point("evidence_references", 2 if listed >= 3 else 1 if listed or inline >= 3 else 0, why)


def _alternatives(facts: Facts, check: str = "alternatives") -> Point:
    there = facts.limits("alternative_interpretations")
    return _point(check, 2 if there else 0, f"{there} other readings of the same facts are named; one is wanted.")


def _all_findings(check: str, held: int, facts: Facts, what: str) -> Point:
    of = len(facts.findings)
    points = 2 if of and held == of else 1 if held else 0
    return _point(check, points, f"{held} of {of} findings {what}.")


def _structure(facts: Facts) -> list[Point]:
    made = [
        _point(name, int(facts.sections[name]), "It is there." if facts.sections[name] else "It is missing.", of=1)
        for name in SECTIONS
    ]
    listed, wanted = facts.references, len(facts.findings)
    lists = 2 if listed and listed >= wanted else 1 if listed else 0
    why = f"The list of evidence has {listed} lines for {wanted} findings; as many as findings give two points."
    metadata = facts.briefing.metadata
    known = bool(metadata.briefing_id.strip() and metadata.generated_at.strip())
    says = "It has its id and says when it was made." if known else "Its id or when it was made is missing."
    return [*made, _point("list_of_evidence", lists, why), _point("metadata", int(known), says, of=1)]


def _attribution(facts: Facts) -> list[Point]:
    if not facts.findings:
        return [_point(name, 0, "There are no findings.") for name in ATTRIBUTION]
    long = share(length(one.reference) > REFERENCE_LENGTH for one in facts.evidence)
    valid = share(one.kind in EVIDENCE for one in facts.evidence)
    return [
        _all_findings("evidence", len(facts.with_evidence), facts, "name evidence"),
        _shared("references", long, f"of the references have more than {REFERENCE_LENGTH} letters"),
        _shared("evidence_types", valid, "of the evidence is of a type that there is"),
        _both(
            "source_attribution",
            (bool(facts.role), facts.origin),
            (
                "The source's role and where its content comes from are said.",
                "The source's role, or where its content comes from, is missing.",
                "Neither the source's role nor where its content comes from is said.",
            ),
        ),
        _references(facts),
    ]


ATTRIBUTION = ("evidence", "references", "evidence_types", "source_attribution", "evidence_references")


def _confidence(facts: Facts) -> list[Point]:
    known = facts.required_factors
    changing = facts.limits("assessment_changing_factors")
    return [
        _point("overall", 2 * bool(facts.overall), "It is said." if facts.overall else "No valid level is said."),
        _all_findings("by_finding", len(facts.with_confidence), facts, "say how sure they are"),
        _point(
            "factors",
            2 if known == 4 else 1 if known >= 2 or facts.factors else 0,
            f"{known} of the 4 factors have a valid level.",
        ),
        _alternatives(facts),
        _point("changing_factors", 2 if changing else 0, f"{changing} things that would change it are named."),
    ]


def _presentation(facts: Facts) -> list[Point]:
    pieces, kinds = len(facts.evidence), len(facts.kinds)
    return [
        _all_findings("evidence", len(facts.with_evidence), facts, "name evidence"),
        _point(
            "pieces", 2 if pieces >= 3 else min(pieces, 1), f"There are {pieces} pieces of evidence; three are wanted."
        ),
        _both(
            "figures",
            (facts.indicators_with_figures, facts.has_counts),
            (
                "Indicators hold figures, and what was counted is known.",
                "Indicators without figures, or nothing that was counted.",
                "No indicator holds a figure, and nothing was counted.",
            ),
        ),
        _point("types", max(0, min(kinds - 1, 2)), f"{kinds} types of evidence; three give two points, two give one."),
        _references(facts),
    ]


def _rigor(facts: Facts) -> list[Point]:
    unknown, gaps = facts.limits("cannot_determine") > 0, facts.limits("data_gaps") > 0
    other = facts.limits("alternative_interpretations") > 0
    changing = facts.limits("assessment_changing_factors") > 0
    sure = bool(facts.findings and facts.overall and facts.with_confidence)
    return [
        _point("role", 2 * bool(facts.role), "It is said." if facts.role else "The source's role is not said."),
        _both(
            "period_and_count",
            (facts.period, facts.counted),
            (
                "The period and the number of items are said.",
                "The period, or the number of items, is missing.",
                "Neither the period nor the number of items is said.",
            ),
        ),
        _both(
            "what_is_not_known",
            (unknown, gaps),
            (
                "What cannot be told and what data is missing are said.",
                "What cannot be told, or what data is missing, is not said.",
                "Neither what cannot be told nor what data is missing is said.",
            ),
        ),
        _point(
            "findings_with_confidence",
            2 * sure,
            "Findings and the whole say how sure they are." if sure else "Findings or their confidence are missing.",
        ),
        _both(
            "other_readings",
            (other, changing),
            (
                "Other readings, and what would change the assessment, are named.",
                "Other readings, or what would change the assessment, are missing.",
                "Neither other readings nor what would change the assessment are named.",
            ),
        ),
    ]


def _actionability(facts: Facts) -> list[Point]:
    long = sum(length(one.finding) > 30 for one in facts.findings)
    letters = length(facts.briefing.executive_summary)
    method = facts.briefing.methodology
    made = bool(method.data_collection.strip() and (method.model.strip() or method.prompt_version.strip()))
    return [
        _point(
            "findings",
            2 if facts.findings and long == len(facts.findings) else 1 if facts.findings else 0,
            f"{long} of {len(facts.findings)} findings have more than 30 letters.",
        ),
        _both(
            "judgement",
            (bool(facts.overall), bool(facts.overall and facts.role)),
            (
                "The overall confidence and the source's role are said.",
                "The source's role is not said.",
                "The overall confidence is not said.",
            ),
        ),
        _point(
            "summary",
            2 if letters >= 100 else 1 if letters >= 50 else 0,
            f"The summary has {letters} letters; 100 give two points, 50 one.",
        ),
        _both(
            "narratives_and_network",
            (facts.aligned, facts.associated),
            (
                "Narratives are aligned with known ones, and associations are named.",
                "No narrative is aligned with a known one, or no association is named.",
                "No narrative is aligned with a known one, and no association is named.",
            ),
        ),
        _both(
            "methodology",
            (facts.sections["methodology"], made),
            (
                "How items were collected and what wrote the briefing are said.",
                "How items were collected, or what wrote the briefing, is missing.",
                "There is no methodology.",
            ),
        ),
    ]


def _readability(facts: Facts) -> list[Point]:
    there = sum(facts.sections.values())
    complete = sum(one in facts.with_confidence for one in facts.with_evidence)
    told = [facts.briefing.confidence_assessment.overall, *(one.confidence for one in facts.findings)]
    valid = len(facts.with_confidence) + bool(facts.overall)
    words, findings = word_count(facts.briefing.executive_summary), len(facts.findings)
    return [
        _point("sections", 2 if there == len(SECTIONS) else int(there >= 5), f"{there} of {len(SECTIONS)} are there."),
        _point(
            "complete_findings",
            2 if findings and complete == findings else int(findings > 0),
            f"{complete} of {findings} findings have their confidence and evidence.",
        ),
        _point(
            "confidence_values",
            2 if valid == len(told) else int(valid > 0),
            f"{valid} of {len(told)} levels of confidence are valid ones.",
        ),
        _point(
            "length_of_summary",
            2 if 20 <= words <= 150 else int(10 <= words <= 200),
            f"The summary has {words} words; 20 to 150 give two points, 10 to 200 one.",
        ),
        _point(
            "number_of_findings",
            2 if 3 <= findings <= 5 else int(1 <= findings <= 7),
            f"There are {findings}; three to five give two points, one to seven one.",
        ),
    ]


LOOKS: dict[str, Callable[[Facts], list[Point]]] = {
    "structural_completeness": _structure,
    "attribution_quality": _attribution,
    "confidence_signaling": _confidence,
    "evidence_presentation": _presentation,
    "analytical_rigor": _rigor,
    "actionability": _actionability,
    "readability": _readability,
}
