"""Sentence by sentence: which sentence of the evidence is nearest, and whether it holds all that can be checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from cid.domain.evidence import Claim
from cid.domain.ground import Statement, Support
from cid.gates.checks.material import Material, Passage, content_of, stem
from cid.text.calendar import Dated, Told, dates
from cid.text.figures import Figure, Known, figures
from cid.text.naming import names, writes_nouns_large
from cid.text.prose import quoted
from cid.text.words import words

MOST = 300
"""Statements of one draft; a longer one is checked so far."""
FIELDS = frozenset({"title", "description", "body", "answers"})
LIKE = 0.5
"""Share of a sentence's own words from which on another says nearly the same."""
SMALL = 10


@dataclass(frozen=True, slots=True)
class Part:
    written: str
    held: Callable[[Evident], bool]


class Evident:
    """A sentence of the evidence, or all of it, ready to be asked. `by`: who published it, a name and no figures."""

    def __init__(self, *texts: str, by: str = "") -> None:
        self.figures = Known(texts)
        self.days = Told(day for text in texts for day in dates(text))
        self.folded = " " + " | ".join(" ".join(words(text)) for text in texts) + " "
        self.stems = {stem(word) for text in (*texts, by) for word in words(text)}


def statements(one: Material) -> tuple[tuple[Statement, ...], bool]:
    """And whether there are more."""
    claims = [
        (claim, Evident(claim.text, claim.safe_phrasing, by=claim.publisher), content_of(claim.text))
        for claim in one.pack.claims
    ]
    publishers = dict.fromkeys(claim.publisher for claim in one.pack.claims if claim.publisher)
    whole = Evident(*one.ground)
    large = writes_nouns_large(said for passage in one.body for said in passage.sentences)
    made: list[Statement] = []
    for field, whole_sentence in _sentences(one):
        sentence = _uncredited(whole_sentence, publishers)
        parts = list(_parts(sentence, nouns=large))
        if not parts:
            continue
        if len(made) == MOST:
            return tuple(made), True
        made.append(_judged(field, sentence, parts, claims, whole))
    return tuple(made), False


def _sentences(one: Material) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for passage in one.passages:
        if passage.field in FIELDS and not _is_heading(passage):
            for sentence in passage.sentences:
                if sentence not in seen:
                    seen.add(sentence)
                    yield passage.field, sentence


def _uncredited(sentence: str, publishers: Iterable[str]) -> str:
    """Without who said it in brackets, which may belong to the sentence before; empty where nothing else is said."""
    for publisher in publishers:
        sentence = sentence.replace(f"({publisher})", "").strip()
        if sentence == publisher:
            return ""
    return sentence


def _is_heading(passage: Passage) -> bool:
    return passage.kind == "heading" and passage.field == "body"


def _parts(sentence: str, *, nouns: bool) -> Iterator[Part]:
    days = dates(sentence)
    taken = {at for day in days for at in range(day.start, day.end)}
    for day in days:
        yield Part(day.written, partial(_dated, day))
    for figure in figures(sentence):
        small = not figure.unit and not figure.scaled and all(value < SMALL for value in figure.readings)
        if figure.start not in taken and not small:
            yield Part(figure.written, partial(_counted, figure))
    for quote in quoted(sentence):
        yield Part(f"“{quote.text}”", partial(_said, f" {' '.join(words(quote.text))} "))
    for name in names([sentence], nouns=nouns):
        stems = {stem(word) for part in name.parts for word in words(part)}
        yield Part(name.written, partial(_named, stems))


def _dated(day: Dated, there: Evident) -> bool:
    return there.days.agrees(day)


def _counted(figure: Figure, there: Evident) -> bool:
    return there.figures.holds(figure)


def _said(quote: str, there: Evident) -> bool:
    return quote in there.folded


def _named(stems: set[str], there: Evident) -> bool:
    return stems <= there.stems


def _judged(
    field: str, sentence: str, parts: Sequence[Part], claims: Sequence[tuple[Claim, Evident, set[str]]], whole: Evident
) -> Statement:
    mine = content_of(sentence)
    best: tuple[float, float, Claim] | None = None
    missing = tuple(dict.fromkeys(part.written for part in parts))
    for claim, there, theirs in claims:
        likeness = len(mine & theirs) / len(mine) if mine else 0.0
        if not likeness:
            continue
        lacking = [part.written for part in parts if not part.held(there)]
        rank = (1 - len(lacking) / len(parts), likeness)
        if best is None or rank > best[:2]:
            best, missing = (*rank, claim), tuple(dict.fromkeys(lacking))
    return Statement(
        field=field,
        text=sentence,
        parts=tuple(dict.fromkeys(part.written for part in parts)),
        missing=missing,
        support=_support(best, parts, whole),
        claim=best[2] if best else None,
    )


def _support(best: tuple[float, float, Claim] | None, parts: Sequence[Part], whole: Evident) -> Support:
    if best and best[0] == 1:
        return Support.SUPPORTED
    if all(part.held(whole) for part in parts) or (best and best[0] > 0 and best[1] >= LIKE):
        return Support.NEAR
    return Support.NONE
