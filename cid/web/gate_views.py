"""What the gates of a tenant go by, as a page shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import get_args, get_origin

from cid.domain.verdicts import GATE_NUMBER, Gate
from cid.flows.turning import Number
from cid.text.policies import FURTHER, SECTION
from cid.web import words
from cid.web.forms import text
from cid.web.words import _


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One number's form."""

    section: str = text(longest=40)
    name: str = text(longest=40)
    value: str = text(longest=60_000, default="", lines=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    section: str = text(longest=40)
    name: str = text(longest=40)


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberView:
    number: Number
    typed: str
    """What its field holds."""
    options: Sequence[str]
    """None: it is typed."""
    lines: bool
    problem: str

    @property
    def id(self) -> str:
        return f"{self.number.section}-{self.number.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateNumbers:
    title: str
    gate: str
    """Its number; empty: none that the desk still has."""
    rows: Sequence[NumberView]


@dataclass(frozen=True, slots=True, kw_only=True)
class GatesView:
    gates: Sequence[GateNumbers]
    own: int
    """How many are the tenant's own."""
    unfit: int
    problem: str = ""


def gates_view(numbers: Sequence[Number], wrong: Turn | None = None, problem: str = "") -> GatesView:
    """`wrong`: the form that was refused, which keeps what was typed."""
    by_section: dict[str, list[Number]] = {}
    for number in numbers:
        by_section.setdefault(number.section, []).append(number)
    known = [(gate, part) for gate in GATE_NUMBER for part in (SECTION[gate], *FURTHER.get(gate, ()))]
    at = {section: gate for gate, section in known}
    order = [*at, *(section for section in by_section if section not in at)]
    return GatesView(
        gates=[
            _group(at.get(section), section, by_section[section], wrong, problem)
            for section in order
            if section in by_section
        ],
        own=sum(number.own is not None for number in numbers),
        unfit=sum(bool(number.unfit) for number in numbers),
        problem=problem,
    )


def _group(gate: Gate | None, section: str, numbers: Sequence[Number], wrong: Turn | None, problem: str) -> GateNumbers:
    return GateNumbers(
        title=SECTIONS.get(section) or (words.GATES[gate] if gate else section),
        gate=GATE_NUMBER[gate] if gate else "",
        rows=[_row(number, wrong, problem) for number in numbers],
    )


SECTIONS: Mapping[str, str] = {
    "checks": _("Checks of a draft"),
    "follow": _("Follow-ups of a draft"),
    "publishing": _("After an approval"),
}


def _row(number: Number, wrong: Turn | None, problem: str) -> NumberView:
    refused = wrong is not None and (wrong.section, wrong.name) == (number.section, number.name)
    own = number.own if number.own is not None else number.shipped
    return NumberView(
        number=number,
        typed=wrong.value if wrong and refused else own,
        options=number.options or _options(number.kind),
        lines=_lines(number.kind),
        problem=problem if refused else "",
    )


def _options(kind: object) -> list[str]:
    if kind is bool:
        return ["yes", "no"]
    return [str(member) for member in kind] if isinstance(kind, type) and issubclass(kind, StrEnum) else []


def _lines(kind: object) -> bool:
    """Whether it is a list that people write a line each."""
    inner = get_args(kind)
    return get_origin(kind) is Mapping or (
        get_origin(kind) is tuple and (inner[0] is str or get_origin(inner[0]) is tuple)
    )
