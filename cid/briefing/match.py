"""Where a text carries a known narrative: words, phrases and combinations of the catalogue, never parts of words.

A match wants two independent cues near each other; how strong it is, the whole text says. Cost grows with the text's
length alone: what one cue finds is capped.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from cid.briefing.catalogue import Catalogue, Index, Wanted
from cid.briefing.stance import within
from cid.briefing.stance_signs import Sentences
from cid.domain.narratives import Match, Span, Strength, Where
from cid.domain.run import RunItem
from cid.text.prose import ends
from cid.text.spotting import bare
from cid.text.tongue import guess
from cid.text.words import Told, placed

LONGEST = 200_000
"""Characters of a text that are looked at."""
NEAR = 60
"""Words within which the cues stand that make a match."""
NEEDED, MODERATE, HIGH = 2, 3, 5
"""Cues."""
PER_CUE = 8
"""Places of one cue that are looked at in one sentence, and of one group in one text."""
LONGEST_SENTENCE = 80
"""Words; what goes on without a full stop is cut there."""
MOST_SPANS = 20


@dataclass(frozen=True, slots=True)
class _Hit:
    wanted: Wanted
    first: int
    end: int
    """Words of the text, the last excluded."""
    words: frozenset[str]


def matches(catalogue: Catalogue, items: Sequence[RunItem], report: str) -> tuple[Match, ...]:
    """Of each item, and of the report apart from them: the model that wrote it has read the catalogue."""
    found: list[Match] = []
    for item in items:
        text = f"{item.title}\n{item.text}"
        found += of_text(
            catalogue, text, where=Where.ITEM, item=item.number, language=item.language, breaks=(len(item.title) + 1,)
        )
    return (*found, *of_text(catalogue, report, where=Where.REPORT))


def of_text(
    catalogue: Catalogue,
    text: str,
    *,
    where: Where,
    item: int | None = None,
    language: str = "",
    breaks: tuple[int, ...] = (),
) -> list[Match]:
    """The strongest first. `breaks`: where sentences end although no mark says so, such as behind a title."""
    text = text[:LONGEST]
    told, limits = placed(text), sorted({0, *ends(text), *breaks})
    hits: dict[int, list[_Hit]] = {}
    for hit in _hits(catalogue, told, limits):
        hits.setdefault(hit.wanted.narrative, []).append(hit)
    spoken = language.partition("-")[0].lower() or (guess(text) if hits else "")
    found, read = [], Sentences(text, limits, told)
    for number, of_one in hits.items():
        cues = _cues(of_one)
        if not cues:
            continue
        spans = _spans(of_one, text, told)
        found.append(
            Match(
                narrative=catalogue.narratives[number].id,
                where=where,
                item=item,
                spans=spans,
                cues=cues,
                strength=_strength(cues),
                stance=within(read, spans, catalogue.stances),
                language=spoken,
                version=catalogue.version,
            )
        )
    return sorted(found, key=lambda match: (-match.cues, match.narrative))


def _strength(cues: int) -> Strength:
    return Strength.HIGH if cues >= HIGH else Strength.MODERATE if cues >= MODERATE else Strength.LOW


def _hits(catalogue: Catalogue, told: Sequence[Told], limits: Sequence[int]) -> Iterator[_Hit]:
    """Sentence by sentence. A narrative whose excluding cue stands in a sentence has no cue there; of a group that
    has stood in a text PER_CUE times nothing more is looked for."""
    index, counted = catalogue.index, Counter[tuple[int, str]]()
    enough: set[int] = set()
    for sentence in _by_sentence(index.spotter.find(told), told, limits):
        for hit in _of_sentence(index, sentence, told, enough):
            group = hit.wanted.narrative, hit.wanted.cue.group
            counted[group] += 1
            if counted[group] == PER_CUE:
                enough.update(index.groups[group])
            yield hit


def _by_sentence(
    found: Iterable[tuple[int, int, int]], told: Sequence[Told], limits: Sequence[int]
) -> Iterator[list[tuple[int, int, int]]]:
    sentence: list[tuple[int, int, int]] = []
    begun, ended = 0, -1
    for one in found:
        first = one[1]
        if told[first].start >= ended or first - begun >= LONGEST_SENTENCE:
            if sentence:
                yield sentence
            at = bisect_right(limits, told[first].start)
            sentence, begun, ended = [], first, limits[at] if at < len(limits) else LONGEST
        sentence.append(one)
    if sentence:
        yield sentence


def _of_sentence(
    index: Index, sentence: Sequence[tuple[int, int, int]], told: Sequence[Told], enough: AbstractSet[int]
) -> list[_Hit]:
    places: dict[int, list[tuple[int, int]]] = {}
    for number, first, end in sentence:
        at = places.setdefault(number, [])
        if len(at) < PER_CUE:
            at.append((first, end))
    candidates = _candidates(index, places.keys(), enough)
    if all(wanted.excludes for wanted in candidates):
        return []
    found = [hit for wanted in candidates if (hit := _hit(wanted, places, told))]
    excluded = {hit.wanted.narrative for hit in found if hit.wanted.excludes}
    return [hit for hit in found if not hit.wanted.excludes and hit.wanted.narrative not in excluded]


def _candidates(index: Index, there: AbstractSet[int], enough: AbstractSet[int]) -> list[Wanted]:
    """The cues of whose parts each has a phrase there, in the catalogue's order."""
    found = {place for number in there for place in index.alone.get(number, ())}
    if len(there) > 1:
        joint = {place for number in there for place in index.joint.get(number, ())}
        found.update(
            place for place in joint - enough if not any(part.isdisjoint(there) for part in index.wanted[place].parts)
        )
    return [index.wanted[place] for place in sorted(found - enough)]


def _hit(wanted: Wanted, places: dict[int, list[tuple[int, int]]], told: Sequence[Told]) -> _Hit | None:
    """The first place where all its parts stand near each other, none on another's words."""
    per_part = []
    for part in wanted.parts:
        at = sorted(place for number in part & places.keys() for place in places[number])[:PER_CUE]
        if not at:
            return None
        per_part.append(at)
    for first in per_part[0]:
        chosen = _beside(first, per_part[1:], ordered=wanted.cue.ordered)
        if chosen is None:
            continue
        begin, end = min(one[0] for one in chosen), max(one[1] for one in chosen)
        if end - begin <= wanted.cue.window or len(chosen) == 1:
            said = frozenset(bare(told[n].word) for one in chosen for n in range(*one))
            if len(said) >= len(chosen):
                return _Hit(wanted, begin, end, said)
    return None


def _beside(
    first: tuple[int, int], others: Sequence[Sequence[tuple[int, int]]], *, ordered: bool
) -> list[tuple[int, int]] | None:
    """The nearest place of each other part."""
    chosen = [first]
    for places in others:
        free = [
            one
            for one in places
            if all(one[1] <= taken[0] or one[0] >= taken[1] for taken in chosen)
            and (not ordered or one[0] >= chosen[-1][1])
        ]
        if not free:
            return None
        chosen.append(min(free, key=lambda one: abs(one[0] - first[0])))
    return chosen


def _cues(hits: list[_Hit]) -> int:
    """Distinct and independent, over the whole text; 0 where no two stand near each other.

    One group counts once, and so does a word: what says nothing that was not said before is no cue of its own.
    """
    hits.sort(key=lambda hit: (hit.first, -hit.wanted.cue.weight))
    kept: list[_Hit] = []
    per_group: dict[str, int] = {}
    for hit in hits:
        group = hit.wanted.cue.group
        if per_group.get(group, 0) < PER_CUE:
            per_group[group] = per_group.get(group, 0) + 1
            kept.append(hit)
    hits[:] = kept
    near = any(
        _counted([other for other in kept[n:] if other.first - hit.first <= NEAR]) >= NEEDED
        for n, hit in enumerate(kept)
    )
    return _counted(kept) if near else 0


def _counted(hits: Iterable[_Hit]) -> int:
    groups: set[str] = set()
    said: set[str] = set()
    count = 0
    for hit in sorted(hits, key=lambda hit: (-hit.wanted.cue.weight, hit.first)):
        if hit.wanted.cue.group not in groups and not hit.words <= said:
            groups.add(hit.wanted.cue.group)
            said |= hit.words
            count += hit.wanted.cue.weight
    return count


def _spans(hits: Sequence[_Hit], text: str, told: Sequence[Told]) -> tuple[Span, ...]:
    """In order; what lies within another is left out."""
    found: list[Span] = []
    for hit in sorted(hits, key=lambda hit: (hit.first, -hit.end)):
        start, end = told[hit.first].start, told[hit.end - 1].end
        if found and end <= found[-1].end:
            continue
        found.append(Span(start=start, end=end, text=text[start:end], cue=hit.wanted.cue.written))
        if len(found) == MOST_SPANS:
            break
    return tuple(found)
