"""What an answer holds, taken out of it part by part, with a sentence for whatever is not as it should be."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cid.briefing.quotes import Source, Where, Work, check, text_of
from cid.domain.briefing import Citation, Found
from cid.domain.llm import Json
from cid.domain.run import RunItem
from cid.text.clean import shorten, unhidden
from cid.text.links import foreign

LONGEST = 6_000
"""Letters of any text of an answer."""
MOST = 50
"""Entries of any list of it."""
CITATIONS = 400
"""Quotes of an answer that are looked up."""
SHORT = 3
"""Words; a quote of fewer shows little."""
SAID = 60
"""Problems that are kept; more say no more."""
_ID = re.compile(r"\s*(?:item\s*)?i?\s*#?(\d{1,4})\s*", re.IGNORECASE)


@dataclass(slots=True)
class Telling:
    """One reading of one answer."""

    items: Sequence[RunItem]
    problems: dict[str, None] = field(default_factory=dict)
    counts: dict[Found, int] = field(default_factory=lambda: dict.fromkeys(Found, 0))
    numbers: frozenset[int] = field(init=False)
    addresses: tuple[str, ...] = field(init=False)
    unlooked: int = 0
    """Quotes that were not looked up: there were too many, or they took too much."""
    _sources: dict[int, Source] = field(default_factory=dict)
    _looked: dict[tuple[int, str], Where] = field(default_factory=dict)
    _work: Work = field(default_factory=Work)

    def __post_init__(self) -> None:
        self.numbers = frozenset(item.number for item in self.items)
        self.addresses = tuple(item.url for item in self.items if item.url)

    def wrong(self, sentence: str) -> None:
        if len(self.problems) < SAID:
            self.problems[sentence] = None

    def part(self, value: Json, where: str) -> Mapping[str, Json]:
        """Nothing of what is no object."""
        if isinstance(value, Mapping):
            return value
        if value is not None:
            self.wrong(f"{where} is {_kind(value)} and no object.")
        return {}

    def rows(self, value: Json, where: str) -> list[Json]:
        if isinstance(value, list):
            if len(value) > MOST:
                self.wrong(f"{where} has {len(value)} entries: the first {MOST} are kept.")
            return value[:MOST]
        if value is not None:
            self.wrong(f"{where} is {_kind(value)} and no list.")
        return []

    def text(self, value: Json, where: str) -> str:
        if value is None:
            return ""
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str):
            self.wrong(f"{where} is {_kind(value)} and no text.")
            return ""
        if len(value) > LONGEST:
            self.wrong(f"{where} is longer than {LONGEST} letters: the rest is left out.")
        said = unhidden(shorten(value, LONGEST)).strip()
        if foreign(said, self.addresses):
            self.wrong(f"{where} names an address that is none of the items'.")
        return said

    def texts(self, value: Json, where: str) -> tuple[str, ...]:
        if isinstance(value, str):
            value = [value]
        return tuple(said for one in self.rows(value, where) if (said := self.text(one, where)))

    def word(self, value: Json, of: Sequence[str], where: str) -> str:
        """One of a vocabulary; empty for any other."""
        said = re.sub(r"[\s-]+", "_", value.strip().casefold()) if isinstance(value, str) and len(value) < 99 else ""
        if said in of:
            return said
        self.wrong(f"{where} is none of {', '.join(of)}.")
        return ""

    def item(self, value: Json) -> int | None:
        """The number of one of the run's items."""
        number = _number(value)
        return number if number in self.numbers else None

    def citations(self, value: Json, where: str) -> tuple[Citation, ...]:
        return tuple(self._citation(self.part(one, where), where) for one in self.rows(value, where))

    def _citation(self, value: Mapping[str, Json], where: str) -> Citation:
        quote = value.get("quote")
        quote = unhidden(quote[:LONGEST]).strip() if isinstance(quote, str) else ""
        item = self.item(value.get("item"))
        if item is None:
            self.wrong(f"{where} names an item that this run does not have.")
            self.counts[Found.NO_ITEM] += 1
            return Citation(item=_number(value.get("item")), quote=quote, found=Found.NO_ITEM)
        if sum(self.counts.values()) >= CITATIONS:
            self.wrong(f"There are more than {CITATIONS} citations: the rest were not looked up.")
            self.unlooked += 1
            return Citation(item=item, quote=quote)
        if len(quote.split()) < SHORT and quote.isascii():
            self.wrong(f"{where} has a quote of fewer than {SHORT} words.")
        if (item, quote) not in self._looked:
            if self._work.over:
                self.wrong("The quotes are so long or so many that the last of them were not looked up.")
                self.unlooked += 1
                return Citation(item=item, quote=quote)
            self._looked[item, quote] = check(quote, self._source(item), self._work)
        found, start, end = self._looked[item, quote]
        self.counts[found] += 1
        return Citation(item=item, quote=quote, found=found, start=start, end=end)

    def _source(self, number: int) -> Source:
        if number not in self._sources:
            item = next(one for one in self.items if one.number == number)
            self._sources[number] = Source(text_of(item))
        return self._sources[number]


def _number(value: Json) -> int | None:
    """Of an item, as an answer names it: i3, or 3."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if 0 < value < 10_000 else None
    named = _ID.fullmatch(value[:40]) if isinstance(value, str) else None
    return int(named[1]) if named else None


def _kind(value: Json) -> str:
    names = {str: "a text", bool: "yes or no", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return names.get(type(value), "nothing")
