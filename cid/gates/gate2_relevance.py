"""Gate 2: does this story matter to this tenant? One cheap call scores several stories by title and summary.

Keywords go out with numbers and come back as numbers: an answer is shorter than with the words.

A text that speaks to the model is asked about without those sentences, apart from the others, and its score counts for
little more than its words alone are worth. It is not judged by words only: that would be an easy way out of a model's
judgement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from cid.domain.errors import BadReply
from cid.domain.ids import TenantId
from cid.domain.llm import Ask, Json, Subject, Tier
from cid.domain.policy import Relevance
from cid.domain.tenants import Profile
from cid.domain.verdicts import Drop, Pass, Reason, Verdict
from cid.text.asking import Sign
from cid.text.injection import signs, without
from cid.text.overlap import overlap

LEEWAY = 10
"""Points by which a model may judge a suspicious text better than its words do."""
SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "properties": {
        "score": {"type": "integer", "minimum": 0, "maximum": 100},
        "matched": {"type": "array", "items": {"type": "integer", "minimum": 0}, "maxItems": 20},
    },
    "required": ["score", "matched"],
    "additionalProperties": False,
}
SPEAKS = 0
"""Among `matched`: no keyword, but that the text speaks to whoever scores it. A field of its own would be said of every
story, and is nearly never true."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """What of a story is judged. `key` is the screening's id."""

    key: str
    title: str
    summary: str
    publisher: str

    @property
    def signs(self) -> tuple[Sign, ...]:
        """Why it seems to speak to the model."""
        return signs(self.title, self.summary)

    @property
    def judged_by(self) -> tuple[str, str]:
        """Title and summary without what seems to speak to the model."""
        title, summary = without(self.title, self.summary)
        return title, summary


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    value: int
    matched: tuple[str, ...]
    suspicious: bool
    """The text seems to speak to the model that scores it."""
    given: int | None = None
    """What the model said, where it does not count."""
    signs: tuple[Sign, ...] = ()


def ask(tenant: TenantId, profile: Profile, headlines: Sequence[Headline], policy: Relevance) -> Ask:
    return Ask(
        tenant=tenant,
        stage="relevance",
        tier=Tier.CHEAP,
        prompt="relevance",
        shared={"profile": told(profile)},
        subjects=tuple(_subject(headline, policy) for headline in headlines),
        schema=SCHEMA,
        max_tokens=200 + 80 * len(headlines),
        timeout_s=40,
    )


def told(profile: Profile) -> Mapping[str, Json]:
    """As a model is told of it: its keywords with their numbers, from 1 on."""
    return {**asdict(profile), "keywords": {str(number): word for number, word in enumerate(profile.keywords, 1)}}


def _subject(headline: Headline, policy: Relevance) -> Subject:
    title, summary = headline.judged_by
    shown = {"title": title, "summary": summary[: policy.summary_chars], "publisher": headline.publisher}
    return Subject(key=headline.key, input=shown)


def read(value: Mapping[str, Json], profile: Profile) -> Score:
    """Raises BadReply. Numbers that are none of a keyword are left out: they would be the model's own."""
    try:
        score, matched = value["score"], {number for number in value["matched"] if type(number) is int}
    except (KeyError, TypeError) as error:
        raise BadReply(f"relevance: {error!r}") from error
    # JSON Schema takes 78.0 for an integer; int() would take True for 1.
    if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 100 or score != int(score):
        raise BadReply("relevance: the score is no whole number from 0 to 100")
    ordered = tuple(keyword for number, keyword in enumerate(profile.keywords, 1) if number in matched)
    return Score(value=int(score), matched=ordered, suspicious=SPEAKS in matched)


def bounded(score: Score, headline: Headline, profile: Profile) -> Score:
    """What counts of the score of a text that seems to speak to the model, whoever noticed it. Only a bound above: one
    below would let a text pass for being suspicious."""
    found = headline.signs
    if not found and not score.suspicious:
        return score
    worth, _ = overlap(asdict(profile), *headline.judged_by)
    return replace(score, value=min(score.value, worth + LEEWAY), given=score.value, signs=found, suspicious=True)


def decide(score: Score, policy: Relevance) -> Verdict:
    about = ", ".join(score.matched) or "none of the keywords"
    detail = f"about {about}" + (f"; the text seems to address the model{_why(score)}" if score.suspicious else "")
    signals = {"matched": len(score.matched), "given": score.given, "speaks_to_the_model": score.suspicious}
    if score.value < policy.min_score:
        return Drop(Reason.LOW_RELEVANCE, detail, score.value, signals)
    return Pass(Reason.RELEVANT, detail, score.value, signals)


def _why(score: Score) -> str:
    why = f" (it {', '.join(score.signs)})" if score.signs else ""
    return why if score.given is None else f"{why}: {score.given} was given, {score.value} counts"
