"""Runs side by side: scores, narratives, framing, what they share, findings. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cid.domain.narratives import Stance, StoredMatch, Where
from cid.domain.run import Shortfall
from cid.text import urls
from cid.text.stories import terms
from cid.web import run_words
from cid.web.briefing_views import Chip, dimension_name
from cid.web.run_views import RunLine, line
from cid.web.words import _, plural

if TYPE_CHECKING:
    from cid.domain.dossier import Dossier
    from cid.domain.run import RunBatch, RunItem

ALIKE = 0.6
"""The share of words that two titles have in common (Jaccard) from which on they tell of one story."""
FEWEST = 4
"""Words that the shorter of two titles must have for that: short ones are alike by chance."""
ORDER = (Stance.REPEATS, Stance.REPORTS, Stance.DEBUNKS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    name: str
    """Of the outlet; where several have one name, with a number."""
    line: RunLine
    dossier: Dossier
    findings: Sequence[tuple[str, Chip]]
    framing: Sequence[tuple[int, str, str]]
    """An item's number, its title, its framing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    text: str
    chips: Sequence[Chip] = ()
    mute: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareRow:
    name: str
    cells: Sequence[Cell]
    change: str = ""
    """From the first column to the second, where there are two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    title: str
    by: Sequence[tuple[str, str, str]]
    """An outlet, its title and its address."""
    same_page: bool
    """One address; else titles that say the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareView:
    columns: Sequence[Column]
    scores: Sequence[CompareRow]
    narratives: Sequence[CompareRow]
    shared: Sequence[Shared]
    pair: bool
    """Two runs of one outlet, the earlier first: then changes are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchView:
    batch: RunBatch
    chip: Chip
    counts: Sequence[tuple[str, int]]
    compared: CompareView
    fresh: bool


def compare(dossiers: Sequence[Dossier], *, pair: bool = False) -> CompareView:
    names = [_("then"), _("now")] if pair else _names(dossiers)
    columns = [_column(name, one) for name, one in zip(names, dossiers, strict=True)]
    return CompareView(
        columns=columns,
        scores=list(_scores(dossiers, pair=pair)),
        narratives=_narratives(dossiers, pair=pair),
        shared=[] if pair else shared([(name, one.items) for name, one in zip(names, dossiers, strict=True)]),
        pair=pair,
    )


def _names(dossiers: Sequence[Dossier]) -> list[str]:
    said = [one.run.outlet for one in dossiers]
    return [f"{name} ({said[: n + 1].count(name)})" if said.count(name) > 1 else name for n, name in enumerate(said)]


def _column(name: str, dossier: Dossier) -> Column:
    told = dossier.briefing.briefing if dossier.briefing else None
    titles = {item.number: item.title for item in dossier.items}
    return Column(
        name=name,
        line=line(dossier.run),
        dossier=dossier,
        findings=[
            (one.finding, run_words.CONFIDENCE.get(one.confidence, run_words.UNSAID))
            for one in (told.key_findings if told else ())
        ],
        framing=[
            (one.item, titles.get(one.item, ""), one.framing)
            for one in (told.item_readings if told else ())
            if one.framing
        ],
    )


def _scores(dossiers: Sequence[Dossier], *, pair: bool) -> Iterator[CompareRow]:
    cards = [one.scorecard.card if one.scorecard else None for one in dossiers]
    if not any(cards):
        return
    yield CompareRow(
        name=_("All, of 70"),
        cells=[_points(card.total if card else None, 70) for card in cards],
        change=_change([card.total if card else None for card in cards], pair=pair),
    )
    for name in dict.fromkeys(one.name for card in cards if card for one in card.dimensions):
        found = [next((one for one in card.dimensions if one.name == name), None) if card else None for card in cards]
        scores = [one.score if one else None for one in found]
        yield CompareRow(
            name=dimension_name(name),
            cells=[_points(score, one.of if one else 10) for score, one in zip(scores, found, strict=True)],
            change=_change(scores, pair=pair),
        )


def _points(score: int | None, of: int) -> Cell:
    return Cell(text=_("not scored"), mute=True) if score is None else Cell(text=f"{score}/{of}")


def _change(scores: Sequence[int | None], *, pair: bool) -> str:
    if not pair or len(scores) != 2 or scores[0] is None or scores[1] is None:
        return ""
    return f"{scores[1] - scores[0]:+d}" if scores[1] != scores[0] else _("same")


def _narratives(dossiers: Sequence[Dossier], *, pair: bool) -> list[CompareRow]:
    """By what stands in the items; what the briefing itself says of them is a word beside it."""
    found = [_by_narrative(one.matches) for one in dossiers]
    names = {match.match.narrative: match.name for one in dossiers for match in one.matches}
    return [
        CompareRow(
            name=names[key],
            cells=[
                _matched(one.get(key, []), looked=_looked(dossier))
                for dossier, one in zip(dossiers, found, strict=True)
            ],
            change=_came([key in one for one in found], pair=pair and all(map(_looked, dossiers))),
        )
        for key in sorted(names, key=lambda key: (-sum(key in one for one in found), names[key]))
    ]


def _by_narrative(matches: Iterable[StoredMatch]) -> dict[str, list[StoredMatch]]:
    made: dict[str, list[StoredMatch]] = {}
    for one in matches:
        made.setdefault(one.match.narrative, []).append(one)
    return made


def _looked(dossier: Dossier) -> bool:
    """Whether narratives were looked for at all: what was not searched does not lack them."""
    return dossier.run.over and dossier.briefing is not None and Shortfall.MATCHER not in dossier.run.shortfalls


def _matched(matches: Sequence[StoredMatch], *, looked: bool) -> Cell:
    in_items = [one for one in matches if one.match.where is Where.ITEM]
    if not matches:
        return Cell(text=_("not found") if looked else _("not looked for"), mute=True)
    if not in_items:
        return Cell(text=_("in the briefing alone"), mute=True)
    stances = [stance for stance in ORDER if any(one.match.stance is stance for one in in_items)]
    count = len({one.match.item for one in in_items})
    return Cell(
        text=plural(_("{n} item"), _("{n} items"), count).format(n=count),
        chips=[run_words.STANCES[stance][:2] for stance in stances],
    )


def _came(there: Sequence[bool], *, pair: bool) -> str:
    if not pair or len(there) != 2 or there[0] == there[1]:
        return ""
    return _("new") if there[1] else _("gone")


def shared(columns: Sequence[tuple[str, Sequence[RunItem]]]) -> list[Shared]:
    """Items that more than one column has: of one address, or of titles that say the same. Each is told once."""
    groups: list[list[tuple[int, RunItem]]] = []
    for column, (_name, items) in enumerate(columns):
        for item in items:
            group = next((one for one in groups if any(_same(item, other) for _at, other in one)), None)
            if group is None:
                groups.append([(column, item)])
            else:
                group.append((column, item))
    return [
        Shared(
            title=group[0][1].title,
            by=[(columns[at][0], item.title, item.url) for at, item in group],
            same_page=len({_address(item) for _at, item in group}) == 1,
        )
        for group in groups
        if len({at for at, _item in group}) > 1
    ]


def _same(one: RunItem, other: RunItem) -> bool:
    if _address(one) and _address(one) == _address(other):
        return True
    mine, theirs = set(terms.title(one.title).terms), set(terms.title(other.title).terms)
    if min(len(mine), len(theirs)) < FEWEST:
        return False
    return len(mine & theirs) / len(mine | theirs) >= ALIKE


def _address(item: RunItem) -> str:
    return urls.identity(item.url)


def batch_view(batch: RunBatch, dossiers: Sequence[Dossier], chip: Chip, *, fresh: bool) -> BatchView:
    states = [run.state for run in batch.runs]
    return BatchView(
        batch=batch,
        chip=chip,
        counts=[(text, states.count(state)) for state, (text, _tone) in run_words.STATES.items() if state in states],
        compared=compare(dossiers),
        fresh=fresh,
    )
