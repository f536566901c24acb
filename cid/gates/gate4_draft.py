"""Gate 4, the one dear call: an article and the short texts that go with it, from the evidence, or word that the story
concerns nobody here.

What the model layer asks again for, once: JSON of another shape, an angle that is taken, an address that was not given.
What is left as it is and found by gate 5: length, title, parts, questions. What fails: an article without title or
body, and an address that was not given, again.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TypeAlias

from cid.domain.angles import Angle, Competition
from cid.domain.draft import Article, Question, Reference
from cid.domain.errors import BadReply
from cid.domain.evidence import Avoid, Claim
from cid.domain.ids import TenantId
from cid.domain.llm import Ask, Json, Subject, Tier
from cid.domain.policy import Drafting
from cid.domain.structures import Structure
from cid.domain.tenants import Profile
from cid.domain.verdicts import Drop, Pass, Reason, Verdict
from cid.text.audience import block
from cid.text.clean import unhidden
from cid.text.injection import without
from cid.text.links import foreign, unlinked
from cid.text.words import first_found, phrases, words

SLUG = 60
_TEXT: Mapping[str, Json] = {"type": "string"}
_ARTICLE: Mapping[str, Mapping[str, Json]] = {
    "angle": {"type": "string", "enum": [str(angle) for angle in Angle]},
    "angle_reason": {"type": "string", "maxLength": 600},
    "title": {"type": "string", "minLength": 1, "maxLength": 300},
    "slug": _TEXT,
    "description": {"type": "string", "maxLength": 600},
    "body": {"type": "string", "minLength": 1, "maxLength": 100000},
    "keywords": {"type": "array", "items": _TEXT, "maxItems": 30},
    "questions": {
        "type": "array",
        "maxItems": 20,
        "items": {
            "type": "object",
            "properties": {"question": _TEXT, "answer": _TEXT},
            "required": ["question", "answer"],
            "additionalProperties": False,
        },
    },
    "references": {
        "type": "array",
        "maxItems": 60,
        "items": {
            "type": "object",
            "properties": {"title": _TEXT, "url": _TEXT},
            "required": ["title", "url"],
            "additionalProperties": False,
        },
    },
    "linkedin": {"type": "string", "maxLength": 6000},
    "short_post": {"type": "string", "maxLength": 1000},
    "newsletter": {"type": "string", "maxLength": 3000},
    "image_brief": {"type": "string", "maxLength": 1000},
}


def schema(avoid: Collection[Angle] = ()) -> Mapping[str, Json]:
    """Without the angles in `avoid`; with all where nothing would be left."""
    free = [str(angle) for angle in Angle if angle not in avoid] or [str(angle) for angle in Angle]
    fields = {**_ARTICLE, "angle": {"type": "string", "enum": free}}
    article = {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}
    return {
        "type": "object",
        "properties": {
            "skip": {"type": "string", "enum": ["none", "not_affected"]},
            "why": {"type": "string"},
            "article": {"anyOf": [{"type": "null"}, article]},
        },
        "required": ["skip", "why", "article"],
        "additionalProperties": False,
    }


SCHEMA: Mapping[str, Json] = schema()


@dataclass(frozen=True, slots=True)
class Skip:
    why: str


Outcome: TypeAlias = Article | Skip
NOBODY = Competition()


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """The tenant's own article that is live."""

    title: str
    url: str
    told: str
    """Its description and the beginning of its body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What is to be written about, and how."""

    headline: str
    claims: Sequence[Claim]
    """In the order of their use to the readers."""
    structure: Structure | None
    avoid: Sequence[Avoid] = ()
    recommended: Angle | None = None
    competition: Competition = NOBODY
    internal: Sequence[Reference] = ()
    """The tenant's own live articles that may be linked to."""
    guardrails: Sequence[str] = ()
    published: Published | None = None
    """What it is an update of: the first `news` claims say what happened since."""
    news: int = 0

    @property
    def addresses(self) -> frozenset[str]:
        """The only ones that the article may hold."""
        own = [*(link.url for link in self.internal), self.published.url if self.published else ""]
        return frozenset([*(claim.url for claim in self.claims), *own]) - {""}


def ask(profile: Profile, told: Assignment, policy: Drafting, *, tenant: TenantId, key: str) -> Ask:
    """`key` is the screening's id. Addresses in what strangers wrote freely are not shown: what was not seen cannot be
    copied, and each claim has its own. CPU work of tens of milliseconds."""
    (headline,) = without(told.headline)
    return Ask(
        tenant=tenant,
        stage="draft",
        tier=Tier.QUALITY,
        prompt="draft",
        shared={
            "client": block(profile),
            "guardrails": list(told.guardrails),
            "rules": _rules(policy, told.structure),
            "structure": _skeleton(told.structure),
        },
        subjects=(
            Subject(
                key=key,
                input={
                    "headline": unlinked(headline),
                    "keywords": matched(profile, told),
                    "claims": [{"id": f"c{number}", **_shown(claim)} for number, claim in enumerate(told.claims, 1)],
                    "claims_to_avoid": [_avoided(one) for one in told.avoid],
                    "recommended_angle": told.recommended.value if told.recommended else "",
                    "angles_taken": [str(angle) for angle in told.competition.avoid],
                    "angles_free": [str(angle) for angle in told.competition.gaps],
                    "own_articles": [{"title": unlinked(link.title), "url": link.url} for link in told.internal],
                    **_update(told),
                },
            ),
        ),
        schema=schema(told.competition.avoid),
        # Thinking counts against the ceiling and cannot be switched off everywhere.
        max_tokens=16_000,
        timeout_s=150,
        patience_s=320,
        addresses=tuple(sorted(told.addresses)),
    )


def matched(profile: Profile, told: Assignment) -> list[str]:
    """The tenant's keywords that the story tells of, as they are written in its profile; the headline's come first."""
    head = words(told.headline)
    text = [*head, *(word for claim in told.claims for word in (*words(claim.text), "."))]
    found = [phrase for phrase in phrases(profile.keywords) if first_found([phrase], text)]
    return [phrase.written for phrase in sorted(found, key=lambda phrase: first_found([phrase], head) is None)]


def _rules(policy: Drafting, structure: Structure | None) -> Mapping[str, Json]:
    least, most = structure.questions(policy.questions) if structure else (0, policy.questions)
    return {
        "words": [
            max(policy.min_words, structure.min_words if structure else 0),
            min(policy.max_words, structure.max_words if structure else policy.max_words),
        ],
        "questions": [least, most],
        "description_characters": list(policy.description),
        "short_post_characters": policy.short_post,
        "own_articles": policy.internal_links,
        "title": {
            "question": policy.title_question,
            "first_keyword_within_words": policy.title_keyword_within,
            "ends_with_year": policy.title_year,
            "never": [
                pattern
                for listed in policy.forbidden_titles.values()
                for pattern in listed
                if not pattern.startswith("-")
            ],
        },
    }


def _skeleton(structure: Structure | None) -> Mapping[str, Json]:
    if structure is None:
        return {}
    parts = [
        {name: value for name, value in asdict(part).items() if value and value != (0, 0)} for part in structure.parts
    ]
    return {"name": structure.name, "about": structure.about, "parts": parts}


def _update(told: Assignment) -> Mapping[str, Json]:
    if told.published is None:
        return {}
    title, text = without(told.published.title, told.published.told)
    shown = {"title": unlinked(title), "url": told.published.url, "told": unlinked(text)}
    return {"update_of": shown, "new_claims": [f"c{number}" for number in range(1, told.news + 1)]}


def _shown(claim: Claim) -> Mapping[str, str]:
    free = {"text": claim.text, "title": claim.title, "publisher": claim.publisher}
    # A model put it so after reading strangers' text.
    put = {"safe_phrasing": unlinked(without(claim.safe_phrasing)[0])} if claim.safe_phrasing else {}
    known = {"kind": claim.kind, "confidence": claim.confidence, "source": claim.source_class, "url": claim.url}
    return {**{name: unlinked(text) for name, text in free.items()}, **known, **put}


def _avoided(one: Avoid) -> Mapping[str, str]:
    text, why = without(one.text, one.why)
    return {"text": unlinked(text), "why": unlinked(why)}


def read(value: Mapping[str, Json], told: Assignment) -> Outcome:
    """Raises BadReply: also for an address that is neither the evidence's nor one of the tenant's own articles."""
    try:
        if value["skip"] != "none":
            return Skip(_line(value["why"]))
        article = _article(value["article"], told.structure)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise BadReply(f"draft: {error!r}") from error
    strangers = sorted(set(foreign(_everything(article), told.addresses)))
    if strangers:
        raise BadReply(f"draft: {len(strangers)} addresses that are not in the evidence")
    return _linking(article, told.published) if told.published else article


def _linking(article: Article, published: Published) -> Article:
    """An update leads to what it updates, whether the model wrote so or not."""
    if published.url in article.body:
        return article
    title = re.sub(r"([\\`*_\[\]<>#|~!])", r"\\\1", " ".join(published.title.split()))
    return replace(article, body=f"{article.body}\n\n[{title}](<{published.url}>)")


def decide(outcome: Outcome) -> Verdict:
    if isinstance(outcome, Skip):
        return Drop(Reason.NOT_AFFECTED, outcome.why[:500])
    signals = {
        "angle": outcome.angle,
        "structure": outcome.structure or None,
        "words": len(outcome.body.split()),
        "questions": len(outcome.questions),
    }
    why = f": {outcome.angle_reason}" if outcome.angle_reason else ""
    return Pass(Reason.WRITTEN, f"{outcome.angle.replace('_', ' ')}{why}"[:200], signals=signals)


def _article(value: Mapping[str, Json], structure: Structure | None) -> Article:
    title = _line(value["title"])
    references = {row["url"]: _line(row["title"]) for row in value["references"]}
    article = Article(
        title=title,
        slug=_slug(value["slug"]) or _slug(title) or "article",
        description=_line(value["description"]),
        body=_text(value["body"]),
        keywords=tuple(dict.fromkeys(_line(keyword) for keyword in value["keywords"])),
        questions=tuple(
            Question(question=_line(row["question"]), answer=_text(row["answer"])) for row in value["questions"]
        ),
        references=tuple(Reference(title=name, url=_line(url)) for url, name in references.items()),
        linkedin=_text(value["linkedin"]),
        short_post=_text(value["short_post"]),
        newsletter=_text(value["newsletter"]),
        image_brief=_line(value["image_brief"]),
        structure=structure.name if structure else "",
        angle=Angle(value["angle"]).value,
        angle_reason=_line(value["angle_reason"]),
    )
    if not article.title or not article.body:
        raise TypeError("an article without title or body")
    return article


def _everything(article: Article) -> str:
    answers = (text for question in article.questions for text in (question.question, question.answer))
    links = (reference.url for reference in article.references)
    titles = (reference.title for reference in article.references)
    short = (article.linkedin, article.short_post, article.newsletter, article.image_brief, article.angle_reason)
    keywords = article.keywords
    return "\n".join((article.title, article.description, article.body, *short, *keywords, *answers, *links, *titles))


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise TypeError(f"not a text: {type(value).__name__}")
    # Postgres keeps no NUL, and half a surrogate pair has no bytes.
    return unhidden(value.replace("\0", "").encode(errors="ignore").decode()).strip()


def _line(value: Json) -> str:
    return " ".join(_text(value).split())


def _slug(text: str) -> str:
    joined = "-".join(re.sub(r"[^a-z0-9]+", "-", word).strip("-") for word in words(_line(text)))
    cut = re.sub(r"-{2,}", "-", joined).strip("-")
    return cut if len(cut) <= SLUG else cut[: SLUG + 1].rpartition("-")[0] or cut[:SLUG]
