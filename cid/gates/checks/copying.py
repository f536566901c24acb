"""How much of a draft is a source's own wording, outside quotations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TypeAlias

from cid.domain.ground import Likeness
from cid.domain.review import Finding, Severity
from cid.gates.checks.material import Material, Source, finding
from cid.text.words import words

Gram: TypeAlias = tuple[str, ...]
GRAM = 5
BREAK = "|"
"""Stands where a run ends: at a quotation, at the end of a line."""
LEAST = 40
"""Runs of five words that a draft must have before shares of them say anything."""


def own_words(one: Material) -> list[str]:
    """All that the body says itself, quotations left out."""
    said: list[str] = []
    for passage in one.body:
        at = 0
        for quote in passage.quotes:
            said += [*words(passage.text[at : quote.start]), BREAK]
            at = quote.end
        said += [*(words(passage.text[at:]) if at else passage.words), BREAK]
    return said


def grams(said: Sequence[str]) -> list[Gram]:
    return list(zip(*(said[start:] for start in range(GRAM)), strict=False))


def runs(one: Material) -> Iterator[Finding]:
    """Words in a row as in one source. The twelve of a script whose every character counts as a word say less: there
    it takes twice as many."""
    if one.extractive:
        yield _extractive()
        return
    said = own_words(one)
    most = one.checks.run_words * (2 if _unspaced(said) else 1)
    for source, places in _shared(one, grams(said)).items():
        for start, end in _in_a_row(places):
            length = end - start + GRAM - 1
            text = " ".join(said[start : start + length])
            if length > most and f" {text} " in one.sources[source].folded:
                yield _run(one.sources[source], text, length, most)


def _run(source: Source, text: str, length: int, most: int) -> Finding:
    return finding(
        Severity.CRITICAL if length > 2 * most else Severity.MAJOR,
        "brand_safety",
        text,
        f"{length} words stand in a row as in {source.url[:200]}, more than {most}.",
        "Say it in other words, or quote it and say whose it is.",
    )


def _extractive() -> Finding:
    return finding(
        Severity.MINOR,
        "brand_safety",
        "body",
        "The text is made of the reports' own sentences: no model wrote it.",
        "Write it in your own words before you publish it.",
    )


def _shared(one: Material, mine: Sequence[Gram]) -> Mapping[int, list[int]]:
    """Source → the places in the draft at which a gram of it stands. The draft's grams are the table, for sources are
    longer by far."""
    places: dict[Gram, list[int]] = {}
    for at, gram in enumerate(mine):
        places.setdefault(gram, []).append(at)
    return {
        number: sorted(at for gram in found for at in places[gram])
        for number, source in enumerate(one.sources)
        if (found := {gram for claim in source.said for gram in grams(claim) if gram in places})
    }


def _in_a_row(places: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Where places follow each other: the first and after the last."""
    for _, group in groupby(enumerate(places), key=lambda pair: pair[1] - pair[0]):
        found = [at for _, at in group]
        yield found[0], found[-1] + 1


def contained(one: Material) -> Iterator[Finding]:
    """The share of the draft's runs of five words that one source has (Broder's containment, over shingles)."""
    mine = [gram for gram in grams(own_words(one)) if BREAK not in gram]
    if one.extractive or len(mine) < LEAST:
        return
    for source, places in _shared(one, mine).items():
        share = len(places) / len(mine)
        if severity := _severity(one, share):
            yield finding(
                severity,
                "brand_safety",
                one.sources[source].url,
                f"{share:.0%} of the text's runs of {GRAM} words stand in this one report.",
                "Say it in your own words, or draw on more reports.",
            )


def likenesses(one: Material, most: int = 3) -> list[Likeness]:
    """The sources whose words are most of the draft's own, and the longest run that stands in each."""
    said = own_words(one)
    mine = grams(said)
    total = sum(BREAK not in gram for gram in mine) or 1
    found = []
    for source, places in _shared(one, mine).items():
        start, end = max(_in_a_row(places), key=lambda row: row[1] - row[0])
        length = end - start + GRAM - 1
        text = " ".join(said[start : start + length])
        found.append(Likeness(url=one.sources[source].url, share=len(places) / total, longest=text, words=length))
    return sorted(found, key=lambda like: like.share, reverse=True)[:most]


def _severity(one: Material, share: float) -> Severity | None:
    if share >= one.checks.copied_critical:
        return Severity.CRITICAL
    if share >= one.checks.copied_major:
        return Severity.MAJOR
    return Severity.MINOR if share >= one.checks.copied_minor else None


def _unspaced(said: Sequence[str]) -> bool:
    return sum(len(word) == 1 for word in said) > len(said) / 2
