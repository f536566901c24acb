"""The article as stored text and back."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from cid.domain.draft import Article, Image, Question, Reference

if TYPE_CHECKING:
    from collections.abc import Mapping

# What neither Postgres text, UTF-8 nor XML 1.0 can hold. Tab and newline stay.
_UNSTORABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


LATER = ("short_post", "newsletter", "image_brief", "structure", "angle_reason")
"""Fields that versions made before they existed do not have."""


def canonical(value: object) -> str:
    """JSON with one spelling per value: keys sorted, nothing between them, text as it is."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def storable(text: str) -> str:
    return _UNSTORABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def cleaned(article: Article) -> Article:
    """Without characters that cannot be stored; empty list entries go, because a form sends its empty rows too."""
    questions = (Question(question=storable(q.question), answer=storable(q.answer)) for q in article.questions)
    references = (Reference(title=storable(r.title), url=storable(r.url)) for r in article.references)
    return Article(
        title=storable(article.title),
        slug=storable(article.slug),
        description=storable(article.description),
        body=storable(article.body),
        keywords=tuple(filter(None, map(storable, article.keywords))),
        questions=tuple(q for q in questions if q.question and q.answer),
        references=tuple(r for r in references if r.url),
        linkedin=storable(article.linkedin),
        short_post=storable(article.short_post),
        newsletter=storable(article.newsletter),
        image_brief=storable(article.image_brief),
        structure=storable(article.structure),
        angle=storable(article.angle),
        angle_reason=storable(article.angle_reason),
        image=replace(article.image, alt=storable(article.image.alt), credit=storable(article.image.credit))
        if article.image
        else None,
    )


def write_article(article: Article) -> str:
    """Canonical JSON, as `versions.article` keeps it."""
    return canonical(asdict(article))


def read_article(text: str) -> Article:
    """The other way. Raises KeyError or ValueError for what `write_article` never wrote."""
    return article_of(json.loads(text))


def article_of(value: Mapping[str, Any]) -> Article:
    return Article(
        title=value["title"],
        slug=value["slug"],
        description=value["description"],
        body=value["body"],
        keywords=tuple(value["keywords"]),
        questions=tuple(Question(question=q["question"], answer=q["answer"]) for q in value["questions"]),
        references=tuple(Reference(title=r["title"], url=r["url"]) for r in value["references"]),
        linkedin=value["linkedin"],
        angle=value["angle"],
        image=Image(**value["image"]) if value.get("image") else None,
        **{name: value.get(name, "") for name in LATER},
    )
