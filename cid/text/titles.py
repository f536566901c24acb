"""What a title must not be, and what it should be: rules of phrases, in any language.

A pattern is words, as `words()` folds them. `{n}` stands for a figure or a number word, `{words}` for one to six words
of any kind, `^` at the start for the title's beginning. A pattern behind `-` is an exception: where it stands, no other
counts. Patterns are walked word by word; nothing in them is a regular expression, so a tenant's own cost no time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from cid.domain.policy import Drafting
from cid.text.words import words

MOST = 6
"""Words that `{words}` stands for."""
LONGEST = 12
"""Words of a pattern; a longer one is never found."""
_PLACE = re.compile(r"(\{n\}|\{words\})")
_YEAR = re.compile(r"\b20\d\d\W*$")
_SUFFIX = re.compile(r"[(\[:|,–—-]\s?20\d\d\W*$")
"""Set off from the sentence. `Prices in 2027` says something."""


@dataclass(frozen=True, slots=True)
class Fault:
    kind: str
    """pattern, question, keyword or year."""
    what: str
    fix: str
    grave: bool
    """Whether an editor has to change it."""


def faults(title: str, keyword: str, policy: Drafting) -> Iterator[Fault]:
    """`keyword`: the article's first; empty: it has none."""
    told = words(title)
    numbers = frozenset(
        word for listed in policy.number_words.values() for written in listed for word in words(written)
    )
    patterns = [pattern for listed in policy.forbidden_titles.values() for pattern in listed]
    if pattern := forbidden(title, patterns, numbers):
        what = f"The title is of a worn-out kind: “{pattern}”."
        yield Fault("pattern", what, "Say what is new, in plain words.", grave=True)
    asking = {word for listed in policy.question_words.values() for written in listed for word in words(written)}
    if policy.title_question and not asking.intersection(told[:1]):
        fix = "Begin it with a question word, as Why or Should."
        yield Fault("question", "The title is no question.", fix, grave=True)
    within = policy.title_keyword_within
    if keyword and within and not _among(keyword, told[:within]):
        what = f"The first {within} words of the title lack “{keyword[:80]}”."
        yield Fault("keyword", what, "Name it early.", grave=False)
    if policy.title_year and not _YEAR.search(title):
        yield Fault("year", "The title does not end with a year.", "Add the year that it holds for.", grave=False)
    if not policy.title_year and _SUFFIX.search(title):
        yield Fault("year", "The title ends with a year that is hung on.", "Leave the year out.", grave=False)


def forbidden(title: str, patterns: Iterable[str], numbers: frozenset[str] = frozenset()) -> str:
    """The first pattern that the title is of; empty: none."""
    told = words(title)
    listed = [pattern for pattern in patterns if _parts(pattern)]
    excepted = {
        start for pattern in listed if pattern.startswith("-") for start in _starts(_parts(pattern), told, numbers)
    }
    for pattern in listed:
        if not pattern.startswith("-") and _starts(_parts(pattern), told, numbers) - excepted:
            return pattern
    return ""


def _parts(pattern: str) -> list[str]:
    text = pattern.removeprefix("-").strip()
    parts = [part for piece in _PLACE.split(text) for part in ([piece] if _PLACE.fullmatch(piece) else words(piece))]
    if not parts or len(parts) > LONGEST:
        return []
    return ["^", *parts] if text.startswith("^") else parts


def _starts(parts: Sequence[str], told: Sequence[str], numbers: frozenset[str]) -> set[int]:
    """Where in the title the pattern stands: all places at once, from the pattern's end to its beginning. Bit by bit,
    `here` holds the places that what is left of it may begin at."""
    here = (1 << (len(told) + 1)) - 1
    for part in reversed(parts):
        if part == "^":
            here &= 1
        elif part == "{words}":
            here = reduce(or_, (here >> more for more in range(1, MOST + 1)))
        else:
            here = (here >> 1) & sum(1 << at for at, word in enumerate(told) if _is(part, word, numbers))
        if not here:
            break
    return {at for at in range(len(told)) if here >> at & 1}


def _is(part: str, word: str, numbers: frozenset[str]) -> bool:
    return (word.isdigit() or word in numbers) if part == "{n}" else part == word


def _among(keyword: str, told: Sequence[str]) -> bool:
    wanted = words(keyword)
    size = len(wanted)
    return not size or any(list(told[at : at + size]) == wanted for at in range(len(told) - size + 1))
