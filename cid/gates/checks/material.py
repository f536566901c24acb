"""A draft and what it may stand on, taken apart once for all checks."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from cid.domain.archive import Archive
from cid.domain.draft import Article
from cid.domain.evidence import Claim, Pack, Report
from cid.domain.policy import Checks, Drafting
from cid.domain.review import Finding, Severity
from cid.domain.structures import Part, PartKind, Structure
from cid.domain.tenants import Profile
from cid.text import markdown
from cid.text.figures import Known, figures
from cid.text.prose import SIGNIFICANT, Quoted, quoted, sentences
from cid.text.words import words

_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s")
_LIST = re.compile(r"^\s{0,3}(?:[-*+]|\d{1,3}[.)])\s")
WHERE = 120
"""Characters of a draft that a finding quotes."""
STEM = 5
"""Letters by which two words are taken for forms of one, in languages that inflect at the end."""


@dataclass(frozen=True)
class Passage:
    """One line of one text as readers see it."""

    field: str
    text: str
    raw: str
    kind: str
    """prose, item, cell or heading."""

    @cached_property
    def words(self) -> tuple[str, ...]:
        return tuple(words(self.text))

    @cached_property
    def sentences(self) -> list[str]:
        return sentences(self.text)

    @cached_property
    def quotes(self) -> list[Quoted]:
        return quoted(self.text)

    @property
    def running(self) -> bool:
        """Whether it is made of sentences, so that a capital letter says something."""
        return self.kind in {"prose", "item"}


@dataclass(frozen=True)
class Source:
    """All that one address says."""

    url: str
    publishers: frozenset[str]
    claims: tuple[Claim, ...]

    @cached_property
    def said(self) -> tuple[tuple[str, ...], ...]:
        """The words of each claim."""
        return tuple(tuple(words(claim.text)) for claim in self.claims)

    @cached_property
    def folded(self) -> str:
        """The words of all, each between spaces; a bar between two claims."""
        return " " + " | ".join(" ".join(said) for said in self.said) + " "


@dataclass(frozen=True, kw_only=True)
class Material:
    article: Article
    pack: Pack
    reports: Sequence[Report]
    drafting: Drafting
    checks: Checks
    profile: Profile
    archive: Archive
    internal: Mapping[str, str] = field(default_factory=dict)
    """Address → title of the tenant's own published articles that may be linked to."""
    now: datetime | None = None
    """None: nobody asked how old the reports are."""
    extractive: bool = False
    """Written by no model: made of the reports' own sentences, as every page of it says."""

    @cached_property
    def texts(self) -> tuple[tuple[str, str], ...]:
        """(field, text) of all that readers may get to see."""
        one = self.article
        fields = ("title", "description", "body", "linkedin", "short_post", "newsletter", "image_brief")
        asked = [
            (name, text)
            for row in one.questions
            for name, text in (("questions", row.question), ("answers", row.answer))
        ]
        return tuple((name, text) for name, text in [*((name, getattr(one, name)) for name in fields), *asked] if text)

    @cached_property
    def written(self) -> str:
        return "\n".join(text for _, text in self.texts)

    @cached_property
    def structure(self) -> Structure | None:
        return self.drafting.structure_of(self.article.structure)

    def parts_of(self, kind: PartKind) -> list[Part]:
        return [part for part in self.structure.parts if part.kind is kind] if self.structure else []

    @cached_property
    def sections(self) -> list[markdown.Section]:
        return markdown.sections(self.article.body)

    @cached_property
    def passages(self) -> tuple[Passage, ...]:
        return tuple(passage for name, text in self.texts for passage in _passages(name, text))

    @cached_property
    def body(self) -> tuple[Passage, ...]:
        return tuple(passage for passage in self.passages if passage.field == "body")

    @cached_property
    def body_words(self) -> int:
        return sum(len(passage.words) for passage in self.body)

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        claims: dict[str, list[Claim]] = {}
        for claim in self.pack.claims:
            claims.setdefault(claim.url, []).append(claim)
        return tuple(
            Source(url, frozenset(claim.publisher for claim in said if claim.publisher), tuple(said))
            for url, said in claims.items()
        )

    @cached_property
    def ground(self) -> tuple[str, ...]:
        """Every text that a statement may rest on: claims and their titles, the headlines of the story, what readers
        are sent to, and what the tenant says of itself."""
        told = [text for claim in self.pack.claims for text in (claim.text, claim.safe_phrasing)]
        # a publisher's name may hold a figure, and a title is common to many claims
        told += dict.fromkeys(text for claim in self.pack.claims for text in (claim.title, claim.publisher))
        told += [text for report in self.reports for text in (report.title, report.summary)]
        told += [title for title, _ in self.pack.references]
        told += self.internal.values()
        return tuple(text for text in dict.fromkeys([*told, *self.own]) if text)

    @cached_property
    def own(self) -> tuple[str, ...]:
        """The profile's words."""
        one = self.profile
        single = (one.industry, one.primary_audience, one.secondary_audience, one.business_goal, one.voice)
        return (*single, *one.geography, *one.keywords, *one.pain_points, *one.preferred_angles)

    @cached_property
    def ground_words(self) -> frozenset[str]:
        """What claims say, taken from the sources, whose words are known already, and the rest of the ground."""
        said = {word for source in self.sources for claim in source.said for word in claim}
        claimed = {claim.text for claim in self.pack.claims}
        return frozenset(said.union(*(words(text) for text in self.ground if text not in claimed)))

    @cached_property
    def claim_stems(self) -> Mapping[str, set[str]]:
        """Of each claim's text, without its figures."""
        pairs = (zip(source.claims, source.said, strict=True) for source in self.sources)
        return {claim.text: long_stems(said) for pair in pairs for claim, said in pair}

    @cached_property
    def _contents(self) -> dict[str, set[str]]:
        return {}

    def content_of_claim(self, text: str) -> set[str]:
        """And its figures; kept, as many sentences may ask."""
        if text not in self._contents:
            self._contents[text] = content_of(text)
        return self._contents[text]

    @cached_property
    def known_figures(self) -> Known:
        return Known(self.ground)

    @cached_property
    def foreign_tongue(self) -> bool:
        """Whether draft and claims are in different languages: then few of the short words, which every sentence of a
        language is made of, are common to both."""
        short = [word for passage in self.body for word in passage.words if 2 <= len(word) <= 3 and word.isalpha()]
        if len(short) < 20 or not self.sources:
            return False
        theirs = {word for source in self.sources for claim in source.said for word in claim}
        theirs |= {word for text in self.ground for word in (words(text) if len(text) < 400 else ())}
        return sum(word in theirs for word in short) < len(short) * 0.3

    @cached_property
    def strict(self) -> bool:
        """Whether a wrong figure harms people in the tenant's industry."""
        return not set(words(self.profile.industry)).isdisjoint(
            word for one in self.checks.strict for word in words(one)
        )

    @property
    def unsupported(self) -> Severity:
        return self.checks.unsupported_strict if self.strict else self.checks.unsupported


def _passages(name: str, text: str) -> Iterator[Passage]:
    for raw in text.splitlines():
        kind = _kind(name, raw)
        for part in markdown.plain(_ESCAPED.sub(r"\1", raw)).splitlines():
            if part:
                yield Passage(name, part, raw, kind)


def _kind(name: str, raw: str) -> str:
    if name in {"title", "questions"} or _HEADING.match(raw):
        return "heading"
    if raw.lstrip().startswith("|"):
        return "cell"
    return "item" if _LIST.match(raw) else "prose"


def finding(severity: Severity, category: str, where: str, what: str, fix: str) -> Finding:
    return Finding(severity=severity, category=category, where=where[:WHERE], what=what, fix=fix)


def stem(word: str) -> str:
    return word[:STEM]


def listed(parts: Collection[str], most: int = 8) -> str:
    """The first few, as a finding quotes them."""
    return ", ".join(list(dict.fromkeys(parts))[:most])


def content_of(text: str) -> set[str]:
    """Stems of the words that say something, and figures."""
    return long_stems(words(text)) | {str(min(figure.readings)) for figure in figures(text)}


def long_stems(told: Sequence[str]) -> set[str]:
    return {stem(word) for word in told if len(word) >= SIGNIFICANT and not word.isdigit()}
