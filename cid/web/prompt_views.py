"""What the pages about versions of prompts and their trials are given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cid.flows.prompts import Shelf, Version
    from cid.render.diff import Field
    from cid.store.calls import About
    from cid.store.prompts import Change
    from cid.store.trials import Pair, Trial


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionLine:
    of: Version
    chip: str
    tone: str
    repaired: str
    """Share of the calls that repaired another one."""
    refused: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelfView:
    shelf: Shelf
    title: str
    lines: Sequence[VersionLine]


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptsView:
    shelves: Sequence[ShelfView]
    changes: Sequence[Change]
    days: int
    """That figures are of."""
    other_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialLine:
    trial: Trial
    chip: str
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptView:
    shelf: Shelf
    title: str
    line: VersionLine
    old: str
    """The version it is compared with; empty: there is no other."""
    fields: Sequence[Field]
    others: Sequence[tuple[str, str]]
    tenants: Sequence[tuple[str, str]]
    trials: Sequence[TrialLine]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialsView:
    rows: Sequence[TrialLine]


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    score: str
    verdict: str
    text: str
    """The answer as JSON; empty: there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairLine:
    pair: Pair
    about: About | None
    before: Side
    after: Side
    shift: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialView:
    line: TrialLine
    title: str
    pairs: Sequence[PairLine]
