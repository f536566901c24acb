"""The files that narratives are trained and measured with: labelled cases, their labels, ordinary headlines."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from cid.briefing import cases
from cid.briefing.cases import Case, Rule
from cid.domain.errors import Misconfigured

LARGEST = 200_000
"""Rows of one file."""
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What three files hold, each sentence once."""

    told: tuple[Case, ...]
    ordinary: tuple[Case, ...]
    narratives: tuple[str, ...]
    """Those that the labels name."""
    sha256: Mapping[str, str]


def given(file: Path, labels: Path | None, ordinary: Path) -> Given:
    """Raises Misconfigured: which file, which row, what is wrong."""
    rules = _rules(labels) if labels else None
    told = cases.distinct(_told(file, rules))
    named = sorted(rules or {narrative for case in told for narrative in case.narratives})
    if not any(case.narratives for case in told):
        raise Misconfigured(f"{file} has no case that belongs to a narrative: there is nothing to learn or to measure.")
    headlines = cases.distinct(Case(text=row["title"]) for row in _rows(ordinary, ("title",)))
    if not headlines:
        raise Misconfigured(f"{ordinary} has no headlines.")
    files = {"cases": file, "labels": labels, "ordinary": ordinary}
    sums = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items() if path}
    return Given(told=tuple(told), ordinary=tuple(headlines), narratives=tuple(named), sha256=sums)


def _told(file: Path, rules: Mapping[str, Rule] | None) -> list[Case]:
    """By the rules of a labels file, from keywords and countries; without one as the column `narratives` has it."""
    if rules is None:
        return [Case(text=row["claim"], narratives=_parts(row["narratives"])) for row in _rows(file, UNRULED)]
    return [
        Case(
            text=row["claim"],
            narratives=frozenset(
                narrative
                for narrative, rule in rules.items()
                if rule.holds(_parts(row["keywords"]), _parts(row["countries"]))
            ),
        )
        for row in _rows(file, RULED)
    ]


RULED, UNRULED = ("claim", "keywords", "countries"), ("claim", "narratives")


def _parts(text: str) -> frozenset[str]:
    return frozenset(part.strip() for part in text.split("+") if part.strip())


def _rules(path: Path) -> dict[str, Rule]:
    try:
        return cases.rules(json.loads(path.read_bytes()))
    except ValueError as error:
        raise Misconfigured(f"{path} holds no labels: {error}.") from error


def _rows(file: Path, needed: Sequence[str]) -> list[dict[str, str]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle)
            missing = [name for name in needed if name not in (reader.fieldnames or ())]
            if missing:
                raise Misconfigured(f"{file} has no column {', '.join(missing)}.")
            found = []
            for number, row in enumerate(reader, 1):
                if number > LARGEST:
                    raise Misconfigured(f"{file} has more than {LARGEST} rows.")
                found.append({name: row[name] or "" for name in needed})
    except (csv.Error, UnicodeDecodeError) as error:
        raise Misconfigured(f"{file} is no CSV in UTF-8 ({error}).") from error
    return found
