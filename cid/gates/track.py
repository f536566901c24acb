"""The tracker desk's gate: does this story belong on the tracker, and under which category, regions and summary? One
cheap call decides all four for a few stories; each is read by itself, and one that breaks a rule touches no other.

A text that speaks to the model is asked about without those sentences, apart from the others; its score counts for
little more than its words are worth, and no rule approves what comes of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta

from cid.domain.errors import BadReply
from cid.domain.ids import TenantId
from cid.domain.llm import Ask, Json, Subject, Tier
from cid.domain.policy import Tracking
from cid.domain.tracker import ApprovalRule, Fault, Tags, Tracker
from cid.domain.verdicts import Drop, Pass, Reason, Verdict
from cid.text.asking import Sign
from cid.text.clean import clean
from cid.text.injection import LEFT_OUT, signs, without
from cid.text.overlap import overlap
from cid.text.prose import numbers, sentences
from cid.text.trackers import code_of, in_order

TEXT = 1500
"""Characters of a clean text that a story is judged by."""
LEEWAY = 10
"""Points by which a model may judge a suspicious text better than its words do."""


class Unfit(BadReply):
    """An answer that breaks a rule of the tracker: which one, in our words."""

    def __init__(self, fault: Fault, why: str) -> None:
        super().__init__(f"track: {why}")
        self.fault = fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What of a story is judged. `key` is the screening's id."""

    key: str
    title: str
    text: str
    """Of the article where it was read, else what its feed says."""
    tries: int = 0
    """So many answers about it came to nothing."""
    problem: str = ""
    """What was wrong with the last of them, in our words."""

    @property
    def signs(self) -> tuple[Sign, ...]:
        """Why it seems to speak to the model."""
        return signs(self.title, self.text[:TEXT])

    @property
    def judged_by(self) -> tuple[str, str]:
        """Title and text without what seems to speak to the model."""
        title, text = without(self.title, self.text[:TEXT])
        return title, text


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One answer that keeps the rules. Not relevant: it has no tags."""

    relevant: bool
    score: int
    tags: Tags | None
    suspicious: bool = False
    given: int | None = None
    """What the model said, where it does not count."""
    signs: tuple[Sign, ...] = ()
    foreign: tuple[str, ...] = ()
    """Figures of the summary that the text has not."""


def takes_all(verdict: Verdict, tracker: Tracker) -> Verdict:
    """What gate 1 makes of an item whose tracker names no keywords: the model decides."""
    if isinstance(verdict, Drop) and verdict.reason is Reason.NO_KEYWORD and not tracker.keywords:
        return Pass(Reason.UNFILTERED, signals=verdict.signals)
    return verdict


def ask(tenant: TenantId, tracker: Tracker, told: Sequence[Told]) -> Ask:
    rules = tracker.summary
    return Ask(
        tenant=tenant,
        stage="track",
        tier=Tier.CHEAP,
        prompt="track",
        shared={
            "tracker": {
                "topic": tracker.topic,
                "keywords": list(tracker.keywords),
                "categories": [asdict(category) for category in tracker.categories],
                "national": {"code": tracker.national, "name": tracker.national_name},
                "regions": [{"code": r.code, "name": r.name, "aliases": list(r.aliases)} for r in tracker.regions],
                "summary": asdict(rules),
            }
        },
        subjects=tuple(_subject(one) for one in told),
        schema=_schema(tracker),
        max_tokens=300 + (150 + rules.max_chars) * len(told),
        timeout_s=60,
    )


def _subject(told: Told) -> Subject:
    title, text = told.judged_by
    shown: dict[str, Json] = {"title": title, "text": text}
    if told.tries:
        # Also makes it another question: an answer that was stored and broke a rule is not given again.
        shown["earlier"] = {"answers": told.tries, "problem": told.problem}
    return Subject(key=told.key, input=shown)


def _schema(tracker: Tracker) -> Mapping[str, Json]:
    """Codes are not listed: an alias is put right, which costs less than asking again."""
    return {
        "type": "object",
        "properties": {
            "relevant": {"type": "boolean"},
            "score": {"type": "integer", "minimum": 0, "maximum": 100},
            "category": {"type": "string", "enum": [*tracker.category_names, ""]},
            "regions": {"type": "array", "items": {"type": "string"}},
            "summary": {"type": "string"},
            "injection_suspected": {"type": "boolean"},
        },
        "required": ["relevant", "score", "category", "regions", "summary", "injection_suspected"],
        "additionalProperties": False,
    }


def read(value: Mapping[str, Json], told: Told, tracker: Tracker) -> Found:
    """Raises Unfit."""
    relevant, score, suspicious = (value.get(name) for name in ("relevant", "score", "injection_suspected"))
    if not isinstance(relevant, bool) or not isinstance(suspicious, bool):
        raise Unfit(Fault.ANSWER, "it is neither relevant nor not")
    # JSON Schema takes 78.0 for an integer; int() would take True for 1.
    if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 100 or score != int(score):
        raise Unfit(Fault.ANSWER, "the score is no whole number from 0 to 100")
    if not relevant:
        return Found(relevant=False, score=int(score), tags=None, suspicious=suspicious)
    title, text = told.judged_by
    tags = checked(tracker, value.get("category"), value.get("regions"), value.get("summary"), of=f"{title}. {text}")
    if LEFT_OUT in tags.summary or signs(tags.summary):
        raise Unfit(Fault.SUMMARY, "the summary speaks to a model")
    known = set(numbers(f"{title} . {text}"))
    foreign = tuple(figure for figure in dict.fromkeys(numbers(tags.summary)) if figure not in known)
    return Found(relevant=True, score=int(score), tags=tags, suspicious=suspicious, foreign=foreign)


def checked(tracker: Tracker, category: Json, regions: Json, summary: Json, *, of: str | None = None) -> Tags:
    """Tags that keep the tracker's rules, whoever wrote them; no region is the national one. `of`: the text that the
    summary is of. Raises Unfit."""
    if category not in tracker.category_names:
        raise Unfit(Fault.CATEGORY, "the category is not on the list")
    if not isinstance(regions, list | tuple) or not all(isinstance(said, str) for said in regions):
        raise Unfit(Fault.REGION, "the regions are no list of codes")
    codes = [code_of(tracker, said) for said in regions]
    if None in codes:
        raise Unfit(Fault.REGION, "a region is not on the list")
    known = in_order(tracker, [code for code in codes if code])
    return Tags(category=category, regions=known or (tracker.national,), summary=_summary(tracker, summary, of))


def _summary(tracker: Tracker, said: Json, of: str | None) -> str:
    rules = tracker.summary
    summary = clean(said) if isinstance(said, str) else ""
    if not summary:
        raise Unfit(Fault.SUMMARY, "the summary is missing")
    if len(summary) > rules.max_chars:
        raise Unfit(Fault.SUMMARY, f"the summary is longer than {rules.max_chars} characters")
    count, least = len(sentences(summary)), rules.min_sentences
    if of is not None:
        least = min(least, max(1, len(sentences(of)) - 1))
    if not least <= count <= rules.max_sentences:
        raise Unfit(Fault.SUMMARY, f"the summary has not {least} to {rules.max_sentences} sentences")
    return summary


def bounded(found: Found, told: Told, tracker: Tracker) -> Found:
    """What counts of the score of a text that seems to speak to the model, whoever noticed it. Only a bound above: one
    below would let a text pass for being suspicious."""
    seen = told.signs
    if not seen and not found.suspicious:
        return found
    worth, _ = overlap(_profile(tracker), *told.judged_by)
    return replace(found, score=min(found.score, worth + LEEWAY), given=found.score, signs=seen, suspicious=True)


def _profile(tracker: Tracker) -> Mapping[str, Json]:
    """The tracker as what a text's words are compared with."""
    return {
        "keywords": tracker.keywords,
        "industry": tracker.topic,
        "primary_audience": "",
        "secondary_audience": "",
        "business_goal": "",
        "pain_points": [category.definition for category in tracker.categories],
        "preferred_angles": [],
        "geography": [region.name for region in tracker.regions],
    }


def decide(found: Found, policy: Tracking) -> Verdict:
    signals: dict[str, str | int | float | bool | None] = {
        "relevant": found.relevant,
        "given": found.score if found.given is None else found.given,
        "speaks_to_model": found.suspicious,
        "category": found.tags.category if found.tags else None,
        "regions": " ".join(found.tags.regions) if found.tags else None,
        "foreign_figures": len(found.foreign),
    }
    detail = _why(found)
    if found.tags is None or found.score < policy.min_score:
        return Drop(Reason.OFF_TOPIC, detail, found.score, signals=signals)
    filed = ", ".join([found.tags.category, *found.tags.regions])
    return Pass(Reason.TRACKED, "; ".join(filter(None, [filed, detail])), found.score, signals=signals)


def _why(found: Found) -> str:
    if not found.suspicious:
        return ""
    why = f" (it {', '.join(found.signs)})" if found.signs else ""
    return f"the text seems to address the model{why}: {found.given} was given, {found.score} counts"


def approves(rule: ApprovalRule, found: Found) -> bool:
    """Whether a standing rule approves it. Never what speaks to the model, nor a summary with a figure of its own."""
    if found.tags is None or found.suspicious or found.foreign:
        return False
    return found.score >= rule.min_score and (not rule.categories or found.tags.category in rule.categories)


def next_try(failed: int, policy: Tracking) -> timedelta | None:
    """How long to wait after so many answers came to nothing (from 1); None: it has failed."""
    return policy.retry_after[failed - 1] if failed <= len(policy.retry_after) else None
