"""Days and months named in running text, in the spellings of several languages. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from cid.text.dates import month_of
from cid.text.words import fold

_DIGITS = re.compile(r"(?<![\w])\d{1,4}(?!\d)")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)")
_DOTTED = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})(?!\d)")
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?!\d)")
_DAY_FIRST = re.compile(
    r"(?P<d>\d{1,2})(?:st|nd|rd|th|er|\.|º|ª)?[\s\u00a0-]+(?:of\s+|de\s+)?(?P<name>[^\W\d_]{3,12})\.?"
    r"(?:,?\s+(?:de\s+|del\s+)?(?P<y>(?:19|20)\d{2}))?(?!\d)"
)
_MONTH_FIRST = re.compile(
    r"(?P<name>[^\W\d_]{3,12})\.?\s+(?P<d>\d{1,2})(?:st|nd|rd|th)?(?:,?\s+(?P<y>(?:19|20)\d{2}))?(?![\d%]|[.,]\d)"
)
_MONTH_YEAR = re.compile(r"(?P<name>[^\W\d_]{3,12})\.?,?\s+(?:de\s+|del\s+)?(?P<y>(?:19|20)\d{2})(?!\d)")
_WORD_BEFORE = re.compile(r"([^\W\d_]{3,12})\.?,?\s+(?:de\s+|del\s+)?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """`day` 0: only the month is named; `year` 0: none is."""

    written: str
    start: int
    end: int
    year: int
    month: int
    day: int
    other: tuple[int, int] | None = None
    """Month and day read the other way round, where the spelling allows it."""

    @property
    def ways(self) -> set[tuple[int, int]]:
        """Month and day, in each reading."""
        return {(self.month, self.day), self.other or (self.month, self.day)}

    def near(self, day: date, days: int) -> bool:
        """Whether it may be a day at most so many from `day`."""
        if not self.day:
            return self.month == day.month and self.year in {0, day.year}
        try:
            own = date(self.year or day.year, self.month, self.day)
        except ValueError:
            return False
        return abs((own - day).days) <= days


class Told:
    """The days that some evidence names, ready to be asked about: thousands of them cost no more than one."""

    __slots__ = ("_years",)

    def __init__(self, days: Iterable[Dated]) -> None:
        self._years: dict[tuple[int, int], set[int]] = {}
        for day in days:
            for month, number in day.ways:
                for key in ((month, number), (month, 0)):
                    self._years.setdefault(key, set()).add(day.year)

    def agrees(self, day: Dated) -> bool:
        """Whether some evidence says at least as much as `day`, and nothing else."""
        for way in day.ways:
            years = self._years.get(way)
            if years and (not day.year or not years.isdisjoint({0, day.year})):
                return True
        return False


def dates(text: str) -> Iterator[Dated]:
    """In order, not overlapping."""
    end = 0
    for match in _DIGITS.finditer(text):
        if match.start() < end:
            continue
        found = _at(text, match.start())
        if found:
            end = found.end
            yield found


def _at(text: str, start: int) -> Dated | None:
    """The date of which the digits at `start` are the first."""
    if found := _ISO.match(text, start):
        return _made(text, found.span(), (int(found[1]), int(found[2]), int(found[3])))
    if found := _DOTTED.match(text, start):
        return _made(text, found.span(), (int(found[3]), int(found[2]), int(found[1])))
    if found := _SLASHED.match(text, start):
        return _made(text, found.span(), (int(found[3]), int(found[2]), int(found[1])), both=True)
    if found := _DAY_FIRST.match(text, start):
        month = month_of(fold(found["name"]))
        if month:
            return _made(text, found.span(), (int(found["y"] or 0), month, int(found["d"])))
    before = _WORD_BEFORE.search(text, max(start - 20, 0), start)
    return _named(text, before.start()) if before and month_of(fold(before[1])) else None


def _named(text: str, start: int) -> Dated | None:
    """`March 12, 2026` and `March 2026`: a name with a capital, or `may 12` would be a date."""
    found = _MONTH_FIRST.match(text, start)
    if found and text[start].isupper() and int(found["d"]) <= 31:
        month = month_of(fold(found["name"])) or 0
        return _made(text, found.span(), (int(found["y"] or 0), month, int(found["d"])))
    if found := _MONTH_YEAR.match(text, start):
        return _made(text, found.span(), (int(found["y"]), month_of(fold(found["name"])) or 0, 0))
    return None


def _made(text: str, span: tuple[int, int], day: tuple[int, int, int], *, both: bool = False) -> Dated | None:
    year, month, number = day
    if both and month > 12 >= number:
        month, number, both = number, month, False
    if not 1 <= month <= 12 or not 0 <= number <= 31:
        return None
    return Dated(
        written=text[span[0] : span[1]],
        start=span[0],
        end=span[1],
        year=year,
        month=month,
        day=number,
        other=(number, month) if both and 1 <= number <= 12 else None,
    )
