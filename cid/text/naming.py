"""What in running text looks like somebody's or something's name: runs of capitalised words. Pure.

In scripts without capitals nothing looks like one, and nothing is found there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_TOKEN = re.compile(r"[^\W\d_][\w'’-]*")
_SMALL_WORDS = "of the de la las los del den des du van von di da al el bin ibn do dos das"
_JOINS = frozenset(_SMALL_WORDS.split())
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


def names(told: Iterable[str], *, nouns: bool = False) -> Iterator[Name]:
    """Runs of capitalised words in sentences. The first word of a sentence says nothing by its capital: it belongs to a
    run only where the next word has one as well. With `nouns`, where that says nothing either, it never does, and no
    small word joins two."""
    for sentence in told:
        yield from _of_sentence(sentence, nouns=nouns)


def _of_sentence(sentence: str, *, nouns: bool) -> Iterator[Name]:
    run: list[re.Match[str]] = []
    last_end = 0
    for number, token in enumerate(_TOKEN.finditer(sentence)):
        capital, joins = token[0][0].isupper(), token[0] in _JOINS and not nouns
        if number == 0 and (nouns or not _second_capital(sentence, token)):
            capital = False
        apart = sentence[last_end : token.start()].strip(" \u00a0")
        if run and (apart or not (capital or joins)):
            yield from _made(sentence, run)
            run = []
        if capital or (run and joins):
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


def writes_nouns_large(told: Iterable[str]) -> bool:
    """As German does, sentence by sentence."""
    inside = large = 0
    for sentence in told:
        tokens = _TOKEN.findall(sentence)[1:]
        inside += len(tokens)
        large += sum(token[0].isupper() for token in tokens)
    return inside > 0 and large > inside * NOUNS


def is_initials(part: str) -> bool:
    return part.isupper() and len(part) <= INITIALS
