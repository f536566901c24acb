"""What a briefing says in prose, and what there is in its items to hold that against. Every text is walked once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from cid.domain.briefing import Briefing, Citation, Finding, Found
from cid.domain.run import RunItem
from cid.text.inflection import key
from cid.text.naming import names, writes_nouns_large
from cid.text.prose import numbers, quoted, sentences
from cid.text.words import fold, words

CONTENT = 5
"""Letters from which on a word, whatever the language, is more often one of content than of grammar."""
GRAMMAR = 3
"""Letters up to which it is more often one of grammar."""
KIN = 0.5
"""Share of a briefing's short words that are in the items too, from which on both are in one language."""
_EAST = "\u3000"
"""Scripts without spaces: from here on a character is a syllable or a word, before it a letter."""
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)

_LETTERS = re.compile(r"[^\W\d_]+")


def content(said: Sequence[str]) -> list[str]:
    """The words that say something, in one form for all of theirs; of scripts without spaces, runs of characters."""
    made: list[str] = []
    run = ""
    for word in said:
        if len(word) == 1 and _UNSPACED.match(word):
            run += word
            continue
        if run:
            made += _grams(run)
            run = ""
        if len(word) >= CONTENT:
            made.append(key(word))
    return made + _grams(run)


def _grams(run: str) -> list[str]:
    size = 2 if run[:1] >= _EAST else 4
    return [run[at : at + size] for at in range(len(run) - size + 1)]


def without_quotations(text: str) -> str:
    """What others said, in marks, is not what the briefing says."""
    made, last = [], 0
    for one in quoted(text):
        made.append(text[last : one.start])
        last = one.end
    return " ".join([*made, text[last:]])


@dataclass(frozen=True)
class Ground:
    """The items, as claims are held against them."""

    items: Sequence[RunItem]
    about: str
    """The subject's own names: that a sentence names it says nothing about what it rests on."""

    @cached_property
    def by_number(self) -> Mapping[int, RunItem]:
        return {one.number: one for one in self.items}

    @cached_property
    def _spelled(self) -> dict[int, str]:
        return {}

    def spelled(self, number: int) -> str:
        """An item's words, a space around each."""
        if number not in self._spelled:
            item = self.by_number[number]
            self._spelled[number] = f" {' '.join(words(f'{item.title} {item.text}'))} "
        return self._spelled[number]

    @cached_property
    def _text(self) -> str:
        return "\n\n".join(part for one in self.items for part in (one.title, one.text) if part)

    @cached_property
    def _own(self) -> frozenset[str]:
        said = " ".join([self.about, *(one.publisher for one in self.items)])
        return frozenset(key(word) for word in words(said.replace(".", " ")))

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        return frozenset(content(self._said)) - self._own

    @cached_property
    def _said(self) -> list[str]:
        return words(self._text)

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset(self._said)

    @cached_property
    def _sentences(self) -> list[str]:
        return sentences(self._text)

    @cached_property
    def nouns(self) -> bool:
        """They write every noun large: then a capital says little."""
        return writes_nouns_large(self._sentences)

    @cached_property
    def names(self) -> frozenset[str]:
        """Words of names, in one form for all of theirs; a word that is written small elsewhere is none."""
        small = {fold(word) for word in _LETTERS.findall(self._text) if word[0].islower()}
        found = {
            word
            for name in names(self._sentences, nouns=self.nouns)
            for part in name.parts
            for word in words(part)
            if len(word) > 1 and word not in small
        }
        return frozenset(map(key, found)) - self._own

    @cached_property
    def numbers(self) -> frozenset[str]:
        """Those of two digits and more: the small ones are everywhere."""
        return frozenset(one for one in numbers(self._text) if len(one) > 1)


@dataclass(frozen=True)
class Prose:
    """A briefing's prose, by where it stands."""

    briefing: Briefing

    @cached_property
    def claims(self) -> Sequence[tuple[str, str]]:
        """What it says of the world: name of the place, and text."""
        b, analysis = self.briefing, self.briefing.narrative_analysis
        found = [("summary", b.executive_summary)]
        found += [(f"finding {number}", one.finding) for number, one in enumerate(b.key_findings, 1)]
        found += [("narrative", one.narrative) for one in analysis.primary_narratives]
        found += [("indicator", one.description) for one in analysis.behavioral_indicators]
        return [(where, text) for where, text in found if text.strip()]

    @cached_property
    def prose(self) -> Sequence[str]:
        """All that its writer said, without what it quotes."""
        return [bare for text in self._all() if (bare := without_quotations(text)).strip()]

    def _all(self) -> Iterator[str]:
        b, analysis = self.briefing, self.briefing.narrative_analysis
        yield from (text for _where, text in self.claims)
        yield from (one.reference for finding in b.key_findings for one in finding.evidence)
        yield from (analysis.network_context.amplification_patterns, analysis.source_attribution.content_origin)
        yield from (analysis.source_attribution.amplification_chain, b.subject_profile.description)
        yield from (factor.notes for factor in b.confidence_assessment.factors.values())
        limits = b.limitations
        yield from (*limits.cannot_determine, *limits.data_gaps, *limits.alternative_interpretations)
        yield from limits.assessment_changing_factors

    @cached_property
    def words(self) -> Sequence[list[str]]:
        """Of each of `prose`."""
        return [words(text) for text in self.prose]

    @cached_property
    def citations(self) -> Sequence[tuple[Finding, Citation]]:
        return [
            (finding, one)
            for finding in self.briefing.key_findings
            for piece in finding.evidence
            for one in piece.citations
            if one.quote.strip()
        ]


def held(citation: Citation, ground: Ground) -> Found:
    """What was found of a quote; where nobody looked, whether its words stand side by side in the item."""
    if citation.found is not None:
        return citation.found
    item = citation.item or 0
    if item not in ground.by_number:
        return Found.NO_ITEM
    wanted = words(citation.quote)
    stands = wanted and f" {' '.join(wanted)} " in ground.spelled(item)
    return Found.NEAR if stands else Found.NOT_FOUND


def borne(finding: Finding, ground: Ground) -> bool:
    """A quote of it stands in an item."""
    looked = (held(one, ground) for piece in finding.evidence for one in piece.citations if one.quote.strip())
    return any(one in {Found.FOUND, Found.NEAR} for one in looked)


def same_language(said: Sequence[str], ground: Ground) -> bool:
    """By the short of the words `said`, most of which are grammar: in one language both sides are full of the same."""
    short = [word for word in said if len(word) <= GRAMMAR and not word.isdigit()]
    return not short or sum(word in ground.words for word in short) >= KIN * len(short)
