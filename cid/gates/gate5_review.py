"""Gate 5, second half: one cheap call reads the draft against its evidence; thresholds decide what it comes to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from cid.domain.draft import Article
from cid.domain.errors import BadReply
from cid.domain.evidence import Pack
from cid.domain.ids import TenantId
from cid.domain.llm import Ask, Json, Subject, Tier
from cid.domain.policy import Reviewing
from cid.domain.review import Course, Finding, Severity
from cid.domain.tenants import Profile
from cid.text.briefs import about, avoided
from cid.text.clean import unhidden

CATEGORIES = ("fabrication", "factual_risk", "off_topic", "brand_safety", "audience_fit", "structure", "style")
BLOCKING = frozenset(CATEGORIES[:4])
"""Only these can be critical: no reader was ever misled by a missing table."""
FIELDS = ("title", "description", "body", "questions", "linkedin", "other")
SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "properties": {
        "score": {"type": "integer", "minimum": 0, "maximum": 100},
        "findings": {
            "type": "array",
            "maxItems": 60,
            "items": {
                "type": "object",
                "properties": {
                    "severity": {"type": "string", "enum": [str(severity) for severity in Severity]},
                    "category": {"type": "string", "enum": list(CATEGORIES)},
                    "field": {"type": "string", "enum": list(FIELDS)},
                    "where": {"type": "string"},
                    "what": {"type": "string"},
                    "fix": {"type": "string"},
                },
                "required": ["severity", "category", "field", "where", "what", "fix"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["score", "findings"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    score: int
    findings: tuple[Finding, ...]


def ask(
    profile: Profile,
    article: Article,
    pack: Pack,
    found: Sequence[Finding],
    *,
    rules: Sequence[str] = (),
    tenant: TenantId,
    key: str,
) -> Ask:
    """`key` is the version's id; `found` is what the checks found already; `rules` stand for every draft."""
    return Ask(
        tenant=tenant,
        stage="review",
        tier=Tier.CHEAP,
        prompt="review",
        shared={"profile": about(profile, rules)},
        subjects=(
            Subject(
                key=key,
                input={
                    "article": asdict(article),
                    "claims": [asdict(claim) for claim in pack.claims],
                    "avoid": avoided(pack),
                    "found": [finding.what for finding in found],
                },
            ),
        ),
        schema=SCHEMA,
        max_tokens=8_000,
        timeout_s=80,
        addresses=tuple(sorted({claim.url for claim in pack.claims} | {ref.url for ref in article.references})),
    )


def read(value: Mapping[str, Json]) -> Opinion:
    """Raises BadReply. A category that cannot block is major at most, whatever the model says."""
    try:
        score = value["score"]
        findings = tuple(_finding(row) for row in value["findings"])
    except (KeyError, TypeError, ValueError) as error:
        raise BadReply(f"review: {error!r}") from error
    if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 100 or score != int(score):
        raise BadReply("review: the score is no whole number from 0 to 100")
    return Opinion(score=int(score), findings=findings)


def _finding(row: Mapping[str, Json]) -> Finding:
    # what an earlier version of the prompt was answered has no field
    texts = {key: row[key] for key in ("category", "where", "what", "fix")} | {"field": row.get("field", "")}
    if not all(isinstance(text, str) for text in texts.values()) or texts["category"] not in CATEGORIES:
        raise ValueError("a finding of another shape")
    texts["field"] = texts["field"] if texts["field"] in FIELDS else ""
    shown = {key: unhidden(text)[:1000] for key, text in texts.items()}
    finding = Finding(severity=Severity(row["severity"]), **shown)
    if finding.severity is Severity.CRITICAL and finding.category not in BLOCKING:
        return replace(finding, severity=Severity.MAJOR)
    return finding


def classify(score: int, findings: Sequence[Finding], policy: Reviewing) -> Course:
    """Anything critical blocks; nearly good is worth one revision; the rest is a person's."""
    severities = {finding.severity for finding in findings}
    if Severity.CRITICAL in severities:
        return Course.BLOCKED
    if score >= policy.ready_score and Severity.MAJOR not in severities:
        return Course.READY
    return Course.REVISE if score >= policy.revise_score else Course.PERSON


def listed(findings: Sequence[Finding]) -> str:
    """As reviews keep them."""
    return json.dumps([asdict(finding) for finding in findings], ensure_ascii=False)
