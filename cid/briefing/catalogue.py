"""The known narratives, as config/narratives/ has them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from cid.briefing import cues
from cid.briefing.cues import Cue
from cid.briefing.stance import Learned
from cid.domain.briefing import FREQUENCY
from cid.domain.errors import Misconfigured
from cid.domain.narratives import Narrative
from cid.text.spotting import Spotter
from cid.text.typed import into

WORDS = "words"
"""The file of the lists that cues name, and of the catalogue's version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """One [[narrative]]."""

    id: str
    name: str
    description: str
    frequency: str
    first_documented: str
    active: bool = True
    version: str
    claims: tuple[str, ...]
    sources: tuple[str, ...]
    cues: Mapping[str, Mapping[str, tuple[str, ...]]]
    """Language → group → cues."""
    unless: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Language → what, in the same sentence, shows that something else is meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    category: str
    name: str
    version: str
    narrative: tuple[_Table, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    version: str
    lists: Mapping[str, Mapping[str, tuple[str, ...]]]
    """Language → list → words and phrases."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A cue as the matcher walks it."""

    narrative: int
    cue: Cue
    parts: tuple[frozenset[int], ...]
    """The spotter's numbers of each part's phrases."""
    excludes: bool


class Index:
    """All cues of all narratives, to be found in one walk through a text.

    A cue of several parts is looked at where its rarest part stands, the part whose phrases the fewest cues share: of a
    text that says nothing but `NATO` hundreds of cues would have to be looked at otherwise, sentence by sentence.
    """

    __slots__ = ("alone", "groups", "joint", "spotter", "wanted")

    def __init__(self, narratives: Iterable[tuple[int, Cue, bool]]) -> None:
        numbers: dict[str, int] = {}
        self.wanted: list[Wanted] = []
        for narrative, cue, excludes in narratives:
            parts = tuple(frozenset(numbers.setdefault(one, len(numbers)) for one in part) for part in cue.parts)
            self.wanted.append(Wanted(narrative, cue, parts, excludes))
        shared = Counter(number for one in self.wanted for part in one.parts for number in part)
        self.alone: dict[int, list[int]] = {}
        """By the number of a phrase, the cues of one part, by their places in `wanted`."""
        self.joint: dict[int, list[int]] = {}
        """By the number of a phrase of their rarest part, the cues of several."""
        for place, one in enumerate(self.wanted):
            into_ = self.joint if len(one.parts) > 1 else self.alone
            for number in min(one.parts, key=lambda part: sum(shared[number] for number in part) / len(part)):
                into_.setdefault(number, []).append(place)
        self.groups: dict[tuple[int, str], list[int]] = {}
        """By narrative and group, the cues of it."""
        for place, one in enumerate(self.wanted):
            if not one.excludes:
                self.groups.setdefault((one.narrative, one.cue.group), []).append(place)
        self.spotter = Spotter(numbers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    narratives: tuple[Narrative, ...] = ()
    version: str = ""
    """As the files say it, and eight digits of their hash: a changed cue is another catalogue, and so
    is another model of stances."""
    index: Index = field(default_factory=lambda: Index(()), repr=False, compare=False)
    stances: Learned | None = field(default=None, repr=False, compare=False)
    """None: stances are told by rules alone."""

    def names(self) -> dict[str, tuple[str, str]]:
        """Narrative → its name and its category's."""
        return {one.id: (one.name, one.category_name) for one in self.narratives}

    def by_id(self, narrative: str) -> Narrative | None:
        return next((one for one in self.narratives if one.id == narrative), None)


def read(files: Mapping[str, Mapping[str, Any]], stances: Learned | None = None) -> Catalogue:
    """From the tables of each file by its name without ending. Raises Misconfigured with file, narrative and cue."""
    if WORDS not in files:
        raise Misconfigured(f"config/narratives has no {WORDS}.toml.")
    shared = into(_Words, files[WORDS], f"config/narratives/{WORDS}.toml")
    narratives: list[Narrative] = []
    wanted: list[tuple[int, Cue, bool]] = []
    seen: set[str] = set()
    for stem in sorted(set(files) - {WORDS}):
        file = into(_File, files[stem], f"config/narratives/{stem}.toml")
        for table in file.narrative:
            where = f"config/narratives/{stem}.toml [{table.id}]"
            _check(table, seen, where)
            wanted += [(len(narratives), *one) for one in _cues(table, shared, where)]
            narratives.append(_narrative(file, table))
    learned = stances.version if stances is not None else ""
    digest = hashlib.sha256(repr([*((stem, files[stem]) for stem in sorted(files)), learned]).encode()).hexdigest()
    version = f"{shared.version}+{digest[:8]}"
    return Catalogue(narratives=tuple(narratives), version=version, index=Index(wanted), stances=stances)


def _check(table: _Table, seen: set[str], where: str) -> None:
    if table.id in seen:
        raise Misconfigured(f"{where} is there twice.")
    seen.add(table.id)
    if table.frequency not in FREQUENCY:
        raise Misconfigured(f"{where}: frequency is {table.frequency!r}, none of {', '.join(FREQUENCY)}.")
    if not any(groups for groups in table.cues.values()):
        raise Misconfigured(f"{where} has no cues.")


def _cues(table: _Table, shared: _Words, where: str) -> Iterable[tuple[Cue, bool]]:
    for language, groups in table.cues.items():
        for group, written in groups.items():
            for one in written:
                yield cues.read(one, group, shared.lists.get(language, {}), f"{where} cues.{language}.{group}"), False
    for language, written in table.unless.items():
        for one in written:
            yield cues.read(one, "", shared.lists.get(language, {}), f"{where} unless.{language}"), True


def _narrative(file: _File, table: _Table) -> Narrative:
    return Narrative(
        id=table.id,
        name=table.name,
        category=file.category,
        category_name=file.name,
        description=table.description.strip(),
        frequency=table.frequency,
        first_documented=table.first_documented,
        active=table.active,
        version=f"{file.version}.{table.version}",
        claims=table.claims,
        sources=table.sources,
        cues={language: tuple(chain.from_iterable(groups.values())) for language, groups in table.cues.items()},
    )
