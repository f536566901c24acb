"""A tracker's settings: from what people write to values that hold together, and the names that places go by."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from cid.domain.errors import Misconfigured
from cid.domain.tracker import Region, Tracker
from cid.text.typed import into
from cid.text.words import Phrase, first_found, fold, phrases, words

MOST_CATEGORIES, MOST_REGIONS, MOST_WORDS = 20, 400, 500
LONGEST_NAME, LONGEST_TEXT = 80, 2000
_CODE = re.compile(r"[A-Z0-9]{1,8}(?:-[A-Z0-9]{1,8})?")


def read(body: Mapping[str, Any], where: str = "the tracker") -> Tracker:
    """Raises Misconfigured with one sentence: what is wrong."""
    tracker = into(Tracker, body, where)
    for problem in _problems(tracker):
        raise Misconfigured(f"{where}: {problem}.")
    return tracker


def _problems(tracker: Tracker) -> Iterable[str]:
    rules = tracker.summary
    for name, text, longest in (
        ("title", tracker.title, LONGEST_NAME),
        ("topic", tracker.topic, LONGEST_TEXT),
        ("national_name", tracker.national_name, LONGEST_NAME),
        *(("a category's name", category.name, LONGEST_NAME) for category in tracker.categories),
        *(("a category's definition", category.definition, LONGEST_TEXT) for category in tracker.categories),
        *(("a region's name", region.name, LONGEST_NAME) for region in tracker.regions),
    ):
        if not 1 <= len(text.strip()) <= longest:
            yield f"{name} has 1 to {longest} characters"
    if not 1 <= len(tracker.categories) <= MOST_CATEGORIES:
        yield f"there are 1 to {MOST_CATEGORIES} categories"
    if len(tracker.regions) > MOST_REGIONS or len(tracker.keywords) + len(tracker.excluded) > MOST_WORDS:
        yield f"there are at most {MOST_REGIONS} regions, and {MOST_WORDS} keywords and excluded words"
    if twice := _twice(fold(name) for name in tracker.category_names):
        yield f"the category {twice} is there twice"
    for code in (tracker.national, *(region.code for region in tracker.regions)):
        if not _CODE.fullmatch(code):
            yield f"{code!r} is no code: capital letters and digits, at most eight, with one hyphen at most"
    if twice := _twice(_spelling(name) for region in _places(tracker) for name in _names(region)):
        yield f"{twice} names two regions, or one of them twice"
    if not (1 <= rules.min_sentences <= rules.max_sentences <= 10 and 80 <= rules.max_chars <= 2000):
        yield "a summary has 1 to 10 sentences, the least first, and at most 80 to 2000 characters"


def _twice(names: Iterable[str]) -> str:
    return next((name for name, count in Counter(names).items() if count > 1), "")


def _places(tracker: Tracker) -> tuple[Region, ...]:
    return (Region(code=tracker.national, name=tracker.national_name), *tracker.regions)


def _names(region: Region) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_spelling(name) for name in (region.code, region.name, *region.aliases)))


def _spelling(name: str) -> str:
    """How a name is compared: `Jammu & Kashmir` is `Jammu and Kashmir`."""
    return " ".join(words(name.replace("&", " and ")))


@lru_cache(maxsize=64)
def _codes(tracker: Tracker) -> Mapping[str, str]:
    """Spelling → code."""
    return {name: region.code for region in _places(tracker) for name in _names(region)}


def code_of(tracker: Tracker, said: str) -> str | None:
    """The one code of what a code, an older code, a name or an alias means, also with the national code in front, as
    in ISO 3166-2; None: it is on no list."""
    spelled = _spelling(said)
    codes = _codes(tracker)
    return codes.get(spelled) or codes.get(spelled.removeprefix(f"{_spelling(tracker.national)} "))


def in_order(tracker: Tracker, codes: Iterable[str]) -> tuple[str, ...]:
    """Each once, in the order of the list."""
    wanted = set(codes)
    return tuple(code for code in tracker.places if code in wanted)


@lru_cache(maxsize=64)
def _spelled_out(regions: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[tuple[str, tuple[Phrase, ...]], ...]:
    return tuple((code, phrases(name for name in names if not _CODE.fullmatch(name))) for code, names in regions)


def named(regions: Iterable[tuple[str, tuple[str, ...]]], text: str) -> tuple[str, ...]:
    """The codes of places that a text names in full, given as code and names. By words, and never by codes, which are
    words of some language: `up`, `or`."""
    said = words(text.replace("&", " and "))
    return tuple(code for code, names in _spelled_out(tuple(regions)) if first_found(names, said))
