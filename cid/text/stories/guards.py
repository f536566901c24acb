"""What keeps two titles apart although their words are nearly the same."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from enum import StrEnum

from cid.text.stories.terms import LIGHT, Title, stem
from cid.text.words import fold, words

_NEARLY = 0.6
"""Share of the shorter title's terms that the other has too, from which on a difference means something."""
_TWIN = 0.75
"""Share of the longer title's terms, from which on one title is the other but for a word."""
_SAME_AMOUNT = 1.2
"""Times: publishers round and convert."""
_DIFFERENT = 2
"""Terms at most that stand in for each other."""
_PLACE_BEFORE = frozenset(words("at in from of near en à a bei aus von im"))
_RAW = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_LONG = 4

# In what order things happen to a plan.
_PLANNED_WORDS = "announced announces unveils unveiled proposes proposed plans planned drafts drafted mulls"
_DONE_WORDS = (
    "begins began begun starts started implements implemented implementation completes completed enforced inaugurated "
    "inaugurates opens opened repealed scrapped"
)
_PLANNED = frozenset(stem(word) for word in words(_PLANNED_WORDS))
_DONE = frozenset(stem(word) for word in words(_DONE_WORDS))


class Apart(StrEnum):
    """Why two titles report different events."""

    DENIAL = "denial"
    AMOUNT = "amount"
    YEAR = "year"
    NAME = "name"


def apart(one: Title, other: Title) -> Apart | None:
    """None: nothing speaks against their being one."""
    mine, theirs = set(one.terms), set(other.terms)
    shared, smaller, larger = len(mine & theirs), min(len(mine), len(theirs)), max(len(mine), len(theirs))
    if shared < 2 or shared < _NEARLY * smaller:
        return None
    if one.denies != other.denies and shared >= _TWIN * larger:
        return Apart.DENIAL
    if _amounts_differ(one, other):
        return Apart.AMOUNT
    if one.years and other.years and not one.years & other.years:
        return Apart.YEAR
    if _names_differ(one, mine - theirs, other, theirs - mine, shared):
        return Apart.NAME
    return None


def later(item: Title, story: Collection[str]) -> bool:
    """Whether `item` tells that what a story with these terms had planned is being done."""
    return not _DONE.isdisjoint(item.terms) and _DONE.isdisjoint(story) and not _PLANNED.isdisjoint(story)


def _amounts_differ(one: Title, other: Title) -> bool:
    """Only where both say the same unit: an amount in dollars says nothing about one in rupees."""
    pairs = [(a.value, b.value) for a in one.amounts for b in other.amounts if a.unit and a.unit == b.unit]
    return bool(pairs) and all(max(a, b) > _SAME_AMOUNT * min(a, b) for a, b in pairs)


def _names_differ(one: Title, mine: Collection[str], other: Title, theirs: Collection[str], shared: int) -> bool:
    """Whether all that the two do not share are names, few on either side: the same thing, elsewhere or to others."""
    if not (0 < len(mine) <= _DIFFERENT and 0 < len(theirs) <= _DIFFERENT):
        return False
    twin = shared >= _TWIN * (shared + max(len(mine), len(theirs)))
    return _all_names(one.text, mine, twin=twin) and _all_names(other.text, theirs, twin=twin)


def _all_names(text: str, terms: Iterable[str], *, twin: bool) -> bool:
    return set(terms) <= _names(text, twin=twin)


def _names(text: str, *, twin: bool) -> set[str]:
    """Terms of a title that are names by how they are written.

    A capital tells a name where other words have none. In a title that capitalises all, only what stands where places
    do is taken for one. The first word has its capital anyway, and counts only where the titles are twins.
    """
    raw = _RAW.findall(text)
    long = [word for word in raw[1:] if len(word) >= _LONG and word.isalpha() and word.lower() not in LIGHT]
    sentence = 2 * sum(word[0].islower() for word in long) >= len(long) > 0
    found: set[str] = set()
    for number, word in enumerate(raw):
        if not word[0].isupper():
            continue
        before = fold(raw[number - 1]) if number else ""
        if (sentence and number) or before in _PLACE_BEFORE or (twin and not number):
            found.update(stem(part) for part in words(word))
    return found
