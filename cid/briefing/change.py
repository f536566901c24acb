"""What changed at an outlet between two of its runs, and how much. Pure.

The size is a sum of four parts, 100 together:

    narratives 40   a known narrative that an item repeats and none did before 20, that it reports 8, that it debunks 4;
                    one that is gone half of that. What stands in the model's words alone is listed and counts nothing.
    score      20   all of it for 35 of the rubric's 70 points up or down, and 5 for each step of the shown rating
    framing    25   nothing up to a distance of 50, all of it at 100: two weeks' items never share all of their words
    actors     15   3 for each that is named now and was not before

The distance of the wording is 100 · (1 - 2·|A∩B| / (|A| + |B|)), where A and B are the folded content words of both
runs' framings, key claims and findings (the coefficient of Dice, 1945). A content word has four letters or more; in
scripts without spaces each character is one. That leaves most function words of most languages out without a list.
"""

from __future__ import annotations

from collections.abc import Iterable

from cid.domain.briefing import Briefing
from cid.domain.dossier import Dossier
from cid.domain.monitor import Change, Move, Part, Seen
from cid.domain.narratives import MatchVerdict, Stance, Where
from cid.domain.run import Shortfall
from cid.domain.scorecard import Rating, Scorecard
from cid.text.words import fold, words

NARRATIVES, SCORE, FRAMING, ACTORS = 40, 20, 25, 15
WEIGHTS = {Stance.REPEATS: 20, Stance.REPORTS: 8, Stance.DEBUNKS: 4}
SHORTEST = 4
"""Letters of a content word."""
USUAL_DISTANCE = 50
FULL_MOVE = 35
"""Points of the rubric that count as much as a score can."""
MOST_ACTORS = 20
"""Listed of the new ones; all count."""


def change(before: Dossier | None, now: Dossier) -> Change:
    """Without a briefing on both sides nothing is compared, and `why` says so."""
    if before is None:
        return Change(compared=False, why="This is the first run of the outlet with a briefing.")
    was, told = _briefing(before), _briefing(now)
    if told is None:
        return Change(compared=False, why="This run has no briefing of the agreed shape.")
    if was is None:
        return Change(compared=False, why="The run before has no briefing of the agreed shape.")
    new, gone = _seen(now, Where.ITEM) - _seen(before, Where.ITEM), _seen(before, Where.ITEM) - _seen(now, Where.ITEM)
    matched = Shortfall.MATCHER not in {*now.run.shortfalls, *before.run.shortfalls}
    cards = (before.scorecard.card, now.scorecard.card) if before.scorecard and now.scorecard else None
    distance = framing(was, told)
    actors = _actors(was, told)
    told_was, told_now = _seen(before, Where.REPORT), _seen(now, Where.REPORT)
    return Change(
        compared=True,
        parts=(
            _narratives(new, gone) if matched else _nothing("narratives", NARRATIVES, "They were not looked for."),
            _score(*cards) if cards else _nothing("score", SCORE, "One of the runs has no scorecard."),
            _framing(distance),
            Part(
                name="actors",
                points=min(ACTORS, 3 * len(actors)),
                of=ACTORS,
                why=f"{_counted(len(actors), 'actor')} named now and not before.",
            ),
        ),
        new=_sorted(new) if matched else (),
        gone=_sorted(gone) if matched else (),
        told_new=_sorted(told_now - told_was) if matched else (),
        told_gone=_sorted(told_was - told_now) if matched else (),
        score=Move(name="total", was=cards[0].total, now=cards[1].total) if cards else None,
        dimensions=_dimensions(*cards) if cards else (),
        rating_was=str(cards[0].shown) if cards else "",
        rating_now=str(cards[1].shown) if cards else "",
        framing=distance,
        actors=actors[:MOST_ACTORS],
    )


def framing(was: Briefing, now: Briefing) -> int | None:
    """Distance of the wording, 0 to 100. None: one of them has no content words."""
    first, second = _content(was), _content(now)
    if not first or not second:
        return None
    return round(100 * (1 - 2 * len(first & second) / (len(first) + len(second))))


def _briefing(one: Dossier) -> Briefing | None:
    return one.briefing.briefing if one.briefing else None


def _seen(one: Dossier, where: Where) -> set[Seen]:
    """By narrative and stance; what a person rejected is no match."""
    return {
        Seen(narrative=found.match.narrative, name=found.name, stance=str(found.match.stance))
        for found in one.matches
        if found.match.where is where and found.verdict is not MatchVerdict.REJECTED
    }


def _sorted(found: Iterable[Seen]) -> tuple[Seen, ...]:
    """The weightiest first."""
    return tuple(sorted(found, key=lambda one: (-WEIGHTS[Stance(one.stance)], one.name, one.narrative)))


def _narratives(new: set[Seen], gone: set[Seen]) -> Part:
    points = sum(WEIGHTS[Stance(one.stance)] for one in new) + sum(WEIGHTS[Stance(one.stance)] // 2 for one in gone)
    why = f"{len(new)} new and {len(gone)} gone, by what the items do with each."
    return Part(name="narratives", points=min(NARRATIVES, points), of=NARRATIVES, why=why)


def _score(was: Scorecard, now: Scorecard) -> Part:
    moved = abs(now.total - was.total)
    steps = abs(list(Rating).index(now.shown) - list(Rating).index(was.shown))
    points = min(SCORE, round(SCORE * moved / FULL_MOVE) + 5 * steps)
    why = f"From {was.total} to {now.total} of 70; shown as {was.shown} before and {now.shown} now."
    return Part(name="score", points=points, of=SCORE, why=why)


def _dimensions(was: Scorecard, now: Scorecard) -> tuple[Move, ...]:
    before = {one.name: one.score for one in was.dimensions}
    return tuple(
        Move(name=one.name, was=before[one.name], now=one.score)
        for one in now.dimensions
        if before.get(one.name, one.score) != one.score
    )


def _framing(distance: int | None) -> Part:
    if distance is None:
        return _nothing("framing", FRAMING, "One of the briefings has no words to compare.")
    points = round(FRAMING * max(0, distance - USUAL_DISTANCE) / (100 - USUAL_DISTANCE))
    why = f"The wording is {distance} of 100 apart; up to {USUAL_DISTANCE} is usual."
    return Part(name="framing", points=points, of=FRAMING, why=why)


def _nothing(name: str, of: int, why: str) -> Part:
    return Part(name=name, points=0, of=of, why=f"Not compared. {why}")


def _content(briefing: Briefing) -> set[str]:
    lines = [one.finding for one in briefing.key_findings]
    for read in briefing.item_readings:
        lines += [read.framing, *read.key_claims]
    return {word for line in lines for word in words(line) if len(word) >= SHORTEST or _unspaced(word)}


def _unspaced(word: str) -> bool:
    """A character of a script without spaces: such words have one letter and lie beyond the alphabets."""
    return len(word) == 1 and word >= "\u0e00" and word.isalpha()


def _actors(was: Briefing, now: Briefing) -> tuple[str, ...]:
    known = {_name(actor) for read in was.item_readings for actor in read.actors}
    found: dict[str, str] = {}
    for read in now.item_readings:
        for actor in read.actors:
            found.setdefault(_name(actor), actor)
    return tuple(actor for name, actor in found.items() if name and name not in known)


def _name(actor: str) -> str:
    return " ".join(words(actor)) or fold(actor).strip()


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
