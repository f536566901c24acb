"""What is to be said of the story's reports rather than of the draft."""

from __future__ import annotations

from collections.abc import Iterator

from cid.domain.review import Finding, Severity
from cid.gates.checks.material import Material, finding
from cid.text.injection import signs


def suspicious(one: Material) -> Iterator[Finding]:
    """A story of which a report speaks to a model is read by a person, whatever came of it."""
    for report in one.reports:
        if found := signs(report.title, report.summary):
            yield finding(
                Severity.MAJOR,
                "brand_safety",
                "evidence",
                f"A report ({report.publisher or 'unnamed'}) seems to address a model; it {', '.join(found)}.",
                "Compare the text with the other reports before you decide.",
            )


def stale(one: Material) -> Iterator[Finding]:
    if one.now is None or not one.reports:
        return
    newest = max(report.reported_at for report in one.reports)
    if one.now - newest > one.checks.max_age:
        hours = int((one.now - newest).total_seconds() // 3600)
        yield finding(
            Severity.MINOR,
            "factual_risk",
            "evidence",
            f"The newest report is {hours} hours old.",
            "Look whether the story has moved on.",
        )
