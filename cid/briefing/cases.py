"""Labelled sentences: which narratives a case belongs to, and which cases no model sees before it is measured.

A sentence is held out or not by a hash of its own folded words and of nothing else. So the order of a file, its other
columns and the file that a sentence came from do not matter, two spellings of one sentence fall on the same side, and
whoever has the salt can tell later what a model was not trained on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cid.text.words import fold, words

HELD_OUT = 0.2
"""The share of sentences that are only ever measured with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that training is told: a sentence, and what it is said to be. An ordinary title is a case of nothing."""

    text: str
    narratives: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A case belongs to a narrative when it has one of `anyone`, one of each of `every`, and one of any `countries`."""

    anyone: frozenset[str]
    every: tuple[frozenset[str], ...] = ()
    countries: frozenset[str] = frozenset()

    def holds(self, keywords: Collection[str], countries: Collection[str]) -> bool:
        return (
            not self.anyone.isdisjoint(keywords)
            and not any(group.isdisjoint(keywords) for group in self.every)
            and not (self.countries and self.countries.isdisjoint(countries))
        )


def rules(value: Any) -> dict[str, Rule]:
    """Of a labels file: {"narratives": {id: {keywords_any, keywords_all, countries_any}}}. Raises ValueError."""
    try:
        found = {str(narrative): _rule(one) for narrative, one in value["narratives"].items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError('it is not {"narratives": {ID: {"keywords_any": […]}}}') from error
    if not found:
        raise ValueError("it names no narrative")
    return found


def _rule(one: Mapping[str, Any]) -> Rule:
    return Rule(
        anyone=_names(one["keywords_any"]),
        every=tuple(_names(group) for group in one.get("keywords_all", ())),
        countries=_names(one.get("countries_any", ())),
    )


def _names(value: Any) -> frozenset[str]:
    if not isinstance(value, list | tuple) or not all(isinstance(name, str) for name in value):
        raise TypeError("a list of names is wanted")
    return frozenset(value)


def key(text: str) -> str:
    """What two spellings of one sentence have in common."""
    return " ".join(words(text)) or fold(text).strip()


def share(text: str, salt: str) -> float:
    """From 0 to below 1, evenly spread, always the same for one sentence and salt."""
    digest = hashlib.sha256(f"{salt}\n{key(text)}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def held_out(text: str, salt: str) -> bool:
    return share(text, salt) >= 1.0 - HELD_OUT


def distinct(cases: Iterable[Case]) -> list[Case]:
    """One for each folded sentence, in the order of these; it belongs to whatever any of its spellings does."""
    found: dict[str, Case] = {}
    for case in sorted(cases, key=lambda one: one.text):
        name = key(case.text)
        if name:
            before = found.get(name, case)
            found[name] = Case(text=before.text, narratives=before.narratives | case.narratives)
    return [found[name] for name in sorted(found)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How what was found compares with what was said. Shares are None where there is nothing to share."""

    said: int
    found: int
    right: int
    precision: float | None
    recall: float | None


def figures(said: Sequence[Collection[str]], found: Sequence[Collection[str]], narratives: Iterable[str]) -> Figures:
    """Micro: every pair of a sentence and one of `narratives` counts once."""
    wanted = set(narratives)
    pairs = [(wanted.intersection(one), wanted.intersection(other)) for one, other in zip(said, found, strict=True)]
    right = sum(len(one & other) for one, other in pairs)
    positives, hits = sum(len(one) for one, _ in pairs), sum(len(other) for _, other in pairs)
    return Figures(
        said=positives,
        found=hits,
        right=right,
        precision=round(right / hits, 4) if hits else None,
        recall=round(right / positives, 4) if positives else None,
    )


def alarms(found: Sequence[Collection[str]]) -> float | None:
    """The share of ordinary titles in which anything was found."""
    return round(sum(bool(one) for one in found) / len(found), 5) if found else None
