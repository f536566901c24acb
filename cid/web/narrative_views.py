"""What the pages of known narratives are given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from cid.domain.narratives import Narrative
from cid.store.narratives import Count, Seen

WEEKS = 26
HEIGHT = 30
"""Of a bar, in units of its drawing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    week: date
    found: int
    repeats: int
    height: float
    dark: float
    """The part of the height that repeats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NarrativeLine:
    narrative: Narrative
    found: int
    repeats: int
    reports: int
    debunks: int
    confirmed: int
    rejected: int
    bars: Sequence[Bar]
    most: int
    """In one week."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    category: str
    name: str
    lines: Sequence[NarrativeLine]


@dataclass(frozen=True, slots=True, kw_only=True)
class NarrativesView:
    groups: Sequence[Group]
    version: str
    since: date
    found: int
    outlets: Sequence[tuple[str, str]]
    stances: Sequence[tuple[str, str]]
    outlet: str
    stance: str

    @property
    def filtered(self) -> bool:
        return bool(self.outlet or self.stance)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenLine:
    seen: Seen
    quote: str
    """The first span as it stands in the item."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NarrativeView:
    line: NarrativeLine
    since: date
    cues: Sequence[tuple[str, Sequence[str]]]
    """By language, in words."""
    rows: Sequence[SeenLine]
    outlets: Sequence[tuple[str, str]]
    stances: Sequence[tuple[str, str]]
    outlet: str
    stance: str
    first: str
    next: str
    may: bool

    @property
    def filtered(self) -> bool:
        return bool(self.outlet or self.stance)


def monday(now: datetime) -> date:
    """Of the week WEEKS weeks ago, so that the week under way is the last of them."""
    today = now.date()
    return today - timedelta(days=today.weekday(), weeks=WEEKS - 1)


def line(narrative: Narrative, counts: Collection[Count], since: date) -> NarrativeLine:
    """Of one narrative, by weeks from `since` on; a week without any is there as well."""
    found, repeats = Counter[date](), Counter[date]()
    by_stance = Counter[str]()
    for one in counts:
        found[one.week] += one.found
        by_stance[one.stance] += one.found
        repeats[one.week] += one.found if one.stance == "repeats" else 0
    most = max(found.values(), default=0)
    scale = HEIGHT / most if most else 0
    weeks = [since + timedelta(weeks=n) for n in range(WEEKS)]
    return NarrativeLine(
        narrative=narrative,
        found=sum(found.values()),
        repeats=by_stance["repeats"],
        reports=by_stance["reports"],
        debunks=by_stance["debunks"],
        confirmed=sum(one.confirmed for one in counts),
        rejected=sum(one.rejected for one in counts),
        bars=[
            Bar(
                week=week,
                found=found[week],
                repeats=repeats[week],
                height=round(found[week] * scale, 1),
                dark=round(repeats[week] * scale, 1),
            )
            for week in weeks
        ],
        most=most,
    )


def groups(narratives: Sequence[Narrative], counts: Sequence[Count], since: date) -> list[Group]:
    """In the catalogue's order."""
    of: dict[str, list[Count]] = {}
    for one in counts:
        of.setdefault(one.narrative, []).append(one)
    by_category: dict[str, list[NarrativeLine]] = {one.category: [] for one in narratives}
    names = {one.category: one.category_name for one in narratives}
    for narrative in narratives:
        by_category[narrative.category].append(line(narrative, of.get(narrative.id, []), since))
    return [Group(category=key, name=names[key], lines=lines) for key, lines in by_category.items()]
