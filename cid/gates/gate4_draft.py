"""Gate 4, the one dear call: an article and a LinkedIn text from the evidence, or word that it concerns nobody here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TypeAlias

from cid.domain.draft import Article, Question, Reference
from cid.domain.errors import BadReply
from cid.domain.evidence import Claim
from cid.domain.ids import TenantId
from cid.domain.llm import Ask, Json, Subject, Tier
from cid.domain.policy import Drafting
from cid.domain.tenants import Profile
from cid.domain.verdicts import Drop, Pass, Reason, Verdict
from cid.text.clean import unhidden
from cid.text.injection import without
from cid.text.links import foreign, unlinked
from cid.text.words import words

SLUG = 60
_TEXT: Mapping[str, Json] = {"type": "string"}
_ARTICLE: Mapping[str, Json] = {
    "type": "object",
    "properties": {
        "angle": _TEXT,
        "title": {"type": "string", "minLength": 1, "maxLength": 300},
        "slug": _TEXT,
        "description": {"type": "string", "maxLength": 600},
        "body": {"type": "string", "minLength": 1, "maxLength": 60000},
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
    },
    "required": [
        "angle", "title", "slug", "description", "body", "keywords", "questions", "references", "linkedin",
    ],
    "additionalProperties": False,
}  # fmt: skip
SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "properties": {
        "skip": {"type": "string", "enum": ["none", "not_affected"]},
        "why": {"type": "string"},
        "article": {"anyOf": [{"type": "null"}, _ARTICLE]},
    },
    "required": ["skip", "why", "article"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Skip:
    why: str


Outcome: TypeAlias = Article | Skip


def ask(
    profile: Profile, headline: str, claims: Sequence[Claim], policy: Drafting, *, tenant: TenantId, key: str
) -> Ask:
    """`key` is the screening's id. Addresses in what strangers wrote freely are not shown: what was not seen cannot be
    copied, and each claim has its own."""
    form = {"min_words": policy.min_words, "max_words": policy.max_words, "questions": policy.questions}
    listed = [{"id": f"c{number}", **_shown(claim)} for number, claim in enumerate(claims, 1)]
    (shown,) = without(headline)
    return Ask(
        tenant=tenant,
        stage="draft",
        tier=Tier.QUALITY,
        prompt="draft",
        shared={"profile": asdict(profile), "form": form},
        subjects=(Subject(key=key, input={"headline": unlinked(shown), "claims": listed}),),
        schema=SCHEMA,
        # Thinking counts against the ceiling and cannot be switched off everywhere.
        max_tokens=16_000,
        timeout_s=150,
        patience_s=320,
        addresses=tuple(sorted({claim.url for claim in claims})),
    )


def _shown(claim: Claim) -> Mapping[str, str]:
    free = {"text": claim.text, "title": claim.title, "publisher": claim.publisher}
    return {**asdict(claim), **{name: unlinked(text) for name, text in free.items()}}


def read(value: Mapping[str, Json], claims: Sequence[Claim]) -> Outcome:
    """Raises BadReply: also for an address that is none of the evidence's."""
    try:
        if value["skip"] != "none":
            return Skip(str(value["why"]))
        article = _article(value["article"])
    except (KeyError, TypeError, AttributeError) as error:
        raise BadReply(f"draft: {error!r}") from error
    strangers = sorted(set(foreign(_everything(article), (claim.url for claim in claims))))
    if strangers:
        raise BadReply(f"draft: {len(strangers)} addresses that are not in the evidence")
    return article


def decide(outcome: Outcome) -> Verdict:
    if isinstance(outcome, Skip):
        return Drop(Reason.NOT_AFFECTED, outcome.why[:500])
    return Pass(Reason.WRITTEN, outcome.angle[:200])


def _article(value: Mapping[str, Json]) -> Article:
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
        angle=_line(value["angle"]),
    )
    if not article.title or not article.body:
        raise TypeError("an article without title or body")
    return article


def _everything(article: Article) -> str:
    answers = (text for question in article.questions for text in (question.question, question.answer))
    links = (reference.url for reference in article.references)
    titles = (reference.title for reference in article.references)
    return "\n".join((article.title, article.description, article.body, article.linkedin, *answers, *links, *titles))


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
