"""Gate 2: does this story matter to this tenant? One cheap call scores up to eight stories by title and summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from cid.domain.errors import BadReply
from cid.domain.ids import TenantId
from cid.domain.llm import Ask, Json, Subject, Tier
from cid.domain.policy import Relevance
from cid.domain.tenants import Profile
from cid.domain.verdicts import Drop, Pass, Reason, Verdict

SUMMARY = 400
"""Characters of a summary that are enough to judge by."""
SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "properties": {
        "score": {"type": "integer", "minimum": 0, "maximum": 100},
        "matched": {"type": "array", "items": {"type": "string"}, "maxItems": 50},
        "injection_suspected": {"type": "boolean"},
    },
    "required": ["score", "matched", "injection_suspected"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """What of a story is judged. `key` is the screening's id."""

    key: str
    title: str
    summary: str
    publisher: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    value: int
    matched: tuple[str, ...]
    suspicious: bool
    """The text seems to speak to the model that scores it."""


def ask(tenant: TenantId, profile: Profile, headlines: Sequence[Headline]) -> Ask:
    return Ask(
        tenant=tenant,
        stage="relevance",
        tier=Tier.CHEAP,
        prompt="relevance",
        shared={"profile": asdict(profile)},
        subjects=tuple(
            Subject(
                key=headline.key,
                input={
                    "title": headline.title,
                    "summary": headline.summary[:SUMMARY],
                    "publisher": headline.publisher,
                },
            )
            for headline in headlines
        ),
        schema=SCHEMA,
        max_tokens=200 + 120 * len(headlines),
        timeout_s=40,
    )


def read(value: Mapping[str, Json], profile: Profile) -> Score:
    """Raises BadReply. Keywords that are none of the profile's are left out: they would be the model's own."""
    try:
        score, matched, suspicious = value["score"], value["matched"], value["injection_suspected"]
        known = set(profile.keywords).intersection(matched)
    except (KeyError, TypeError) as error:
        raise BadReply(f"relevance: {error!r}") from error
    # JSON Schema takes 78.0 for an integer; int() would take True for 1.
    if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 100 or score != int(score):
        raise BadReply("relevance: the score is no whole number from 0 to 100")
    ordered = tuple(keyword for keyword in profile.keywords if keyword in known)
    return Score(value=int(score), matched=ordered, suspicious=suspicious is True)


def decide(score: Score, policy: Relevance) -> Verdict:
    about = ", ".join(score.matched) or "none of the keywords"
    detail = f"about {about}" + ("; the text seems to address the model" if score.suspicious else "")
    if score.value < policy.min_score:
        return Drop(Reason.LOW_RELEVANCE, detail, score.value)
    return Pass(Reason.RELEVANT, detail, score.value)
