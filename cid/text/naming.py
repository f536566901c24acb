"""What in running text looks like somebody's or something's name: runs of capitalised words. Pure.

In scripts without capitals nothing looks like one, and nothing is found there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cid.text.prose import sentences

_TOKEN = re.compile(r"[^\W\d_][\w'’-]*")
_JOINS = frozenset(
    [
        "of",
        "the",
        "de",
        "la",
        "del",
        "der",
        "den",
        "des",
        "du",
        "van",
        "von",
        "di",
        "da",
        "e",
        "y",
        "et",
        "und",
        "and",
        "al",
        "el",
        "bin",
        "ibn",
        "do",
        "dos",
        "das",
    ]
)
NOUNS = 0.18
"""Share of words inside sentences that begin with a capital, above which a language writes nouns so."""
INITIALS = 5
"""Letters: what is shorter and all capitals is a word like VAT."""


@dataclass(frozen=True, slots=True)
class Name:
    written: str
    parts: tuple[str, ...]
    """Its capitalised words."""
    after_figure: bool
    """A number stands before it: `12 Tonnen Stahl`."""


def names(text: str, *, inner: bool = True) -> Iterator[Name]:
    """Runs of capitalised words in `text`. The first word of a sentence says nothing by its capital: with `inner` it
    belongs to no run, unless the next word has one as well."""
    for sentence in sentences(text):
        yield from _of_sentence(sentence, inner=inner)


def _of_sentence(sentence: str, *, inner: bool) -> Iterator[Name]:
    run: list[re.Match[str]] = []
    last_end = 0
    for number, token in enumerate(_TOKEN.finditer(sentence)):
        gap = sentence[last_end : token.start()]
        capital = token[0][0].isupper()
        if run and (gap.strip(" \u00a0") or not (capital or token[0] in _JOINS)):
            yield from _made(sentence, run)
            run = []
        if (capital and not (inner and number == 0 and not _second_capital(sentence, token))) or (
            run and token[0] in _JOINS
        ):
            run.append(token)
        last_end = token.end()
    yield from _made(sentence, run)


def _second_capital(sentence: str, first: re.Match[str]) -> bool:
    following = _TOKEN.match(sentence, first.end() + 1)
    return bool(following and following[0][0].isupper())


def _made(sentence: str, run: list[re.Match[str]]) -> Iterator[Name]:
    while run and not run[-1][0][0].isupper():
        run = run[:-1]
    if run:
        parts = tuple(token[0] for token in run if token[0][0].isupper())
        before = sentence[: run[0].start()].rstrip()
        yield Name(sentence[run[0].start() : run[-1].end()], parts, before[-1:].isdigit())


def writes_nouns_large(texts: Iterable[str]) -> bool:
    """As German does."""
    inside = large = 0
    for text in texts:
        for sentence in sentences(text):
            tokens = _TOKEN.findall(sentence)[1:]
            inside += len(tokens)
            large += sum(token[0].isupper() for token in tokens)
    return inside > 0 and large > inside * NOUNS


def is_initials(part: str) -> bool:
    return part.isupper() and len(part) <= INITIALS
