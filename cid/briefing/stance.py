"""Whether a text makes a claim its own, says that somebody makes it, or says that it is wrong.

Judged sentence by sentence, by words around the claim (`stance_words`): never by those within it, because "Russiagate
is a hoax" is the claim and no denial of it. In a sentence

* what is denied there is debunked, unless the denial is itself denied ("nobody could refute"), called a mistake
  ("wrongly call this false"), answered before the claim is made ("a myth, they say, but …"), or belongs to somebody who
  only then begins to speak ("whose ministry calls reports fake, said …");
* what somebody else says, or what stands between quotation marks, is reported;
* anything else the text says itself.

A sentence that begins with "this", "the claim" and denies, right behind the one with the claim, denies it as well.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from cid.briefing.stance_words import WORDS, Mark
from cid.domain.narratives import Span, Stance
from cid.text.prose import ends, quoted
from cid.text.spotting import Spotter
from cid.text.words import placed, words

LONGEST_SENTENCE = 1500
"""Characters; of a longer one as much as lies around the claim."""
MOST_SENTENCES = 20
"""That are looked at with a claim."""
NOT_WITHIN = 4
"""Words between a negation and what it negates."""
MISTAKEN_WITHIN = 3
DENIES_WITHIN = 8
BEHIND_WITHIN = 12
"""Words between a claim and who is said to have made it."""
NAMED = 3
"""Words before a colon, or behind a dash, that may be somebody's name."""
PARAGRAPH = 3000
"""Characters around a sentence in which quotation marks are looked for."""
_PHRASES = [
    (mark, phrase.strip())
    for marks in WORDS.values()
    for mark, listed in marks.items()
    for phrase in listed.replace("\n", " ").split("|")
]
_SPOTTER = Spotter([phrase.rstrip(":") for _, phrase in _PHRASES])
_COLON = re.compile(r"^\W*([^:.!?\n]{2,60}):\s")
_DASH = re.compile(r"\s[-–—]\s+([^-–—.!?\n]{2,60})\W*$")
_NO_SPEAKERS = frozenset(
    words(
        """analysis opinion comment video live watch breaking exclusive update truth question fact reality conclusion
        ukraine russia europe eu nato usa us west sanctions migration covid coronavirus
        meinung kommentar analyse wahrheit fakt eilmeldung russland europa
        analyse avis opinion vérité ukraine russie
        análisis opinión verdad ucrania rusia
        мнение анализ правда факт видео украина россия европа нато сша ес запад
        думка аналіз правда факт відео україна росія європа"""
    )
)


@dataclass(frozen=True, slots=True)
class _Sign:
    """A mark in a sentence: its words, the last excluded."""

    mark: Mark
    first: int
    end: int


def stance(text: str, spans: Sequence[Span], *, breaks: Sequence[int] = ()) -> Stance:
    """Of the claims at `spans`. `breaks`: where sentences end although no mark says so, such as behind a title."""
    return within(text, spans, sorted({0, *ends(text), *breaks}))


def within(text: str, spans: Sequence[Span], limits: Sequence[int]) -> Stance:
    """As `stance`, in a text whose sentences are known: 0, where each ends, and the text's end."""
    claims: dict[int, list[tuple[int, int]]] = {}
    for span in spans:
        claims.setdefault(bisect_right(limits, span.start), []).append((span.start, span.end))
    said: Counter[Stance] = Counter()
    for number, places in list(claims.items())[:MOST_SENTENCES]:
        start, end = limits[number - 1], limits[number] if number < len(limits) else len(text)
        end = max(end, *(place[1] for place in places))
        one = _of_sentence(text, start, end, places)
        asks = text[start:end].rstrip().endswith(("?", "？", "؟")) if end - start < LONGEST_SENTENCE else False
        for behind in range(number, min(number + (2 if asks else 1), len(limits) - 1)):
            if behind + 1 not in claims and _denies_the_last(text[limits[behind] : limits[behind + 1]]):
                one = Stance.DEBUNKS
        said[one] += 1
    if said[Stance.DEBUNKS] and said[Stance.DEBUNKS] >= said[Stance.REPEATS]:
        return Stance.DEBUNKS
    return Stance.REPEATS if said[Stance.REPEATS] > said[Stance.REPORTS] or not said else Stance.REPORTS


def _of_sentence(text: str, start: int, end: int, places: Sequence[tuple[int, int]]) -> Stance:
    first, last = min(place[0] for place in places), max(place[1] for place in places)
    start, end = max(start, first - LONGEST_SENTENCE), min(end, last + LONGEST_SENTENCE)
    sentence = text[start:end]
    starts = [one.start for one in placed(sentence)]
    begin, behind = bisect_left(starts, first - start), bisect_left(starts, last - start)
    claimed = {n for a, b in places for n in range(bisect_left(starts, a - start), bisect_left(starts, b - start))}
    signs = [one for one in _signs(sentence) if not claimed & set(range(one.first, one.end))]
    denied, answered = _denial(signs, begin, behind)
    if denied:
        return Stance.DEBUNKS
    if _quoted(text, first, last) or _speaker(sentence, first - start, last - start):
        return Stance.REPORTS
    return Stance.REPORTS if _attributed(signs, begin, behind, answered) else Stance.REPEATS


def _signs(sentence: str) -> list[_Sign]:
    """In order; where two share a word, the longer phrase counts, and among equals what means nothing."""
    every = [_Sign(_PHRASES[number][0], first, end) for number, first, end in _SPOTTER.find(placed(sentence))]
    every.sort(key=lambda one: (one.first - one.end, one.mark is not Mark.PLAIN, one.first))
    taken: dict[int, tuple[int, int]] = {}
    kept = [one for one in every if one.mark is Mark.THIS]
    for one in every:
        if one.mark is Mark.THIS:
            continue
        if all(taken.get(n, (one.first, one.end)) == (one.first, one.end) for n in range(one.first, one.end)):
            kept.append(one)
            taken.update(dict.fromkeys(range(one.first, one.end), (one.first, one.end)))
    return sorted((one for one in kept if one.mark is not Mark.PLAIN), key=lambda one: one.first)


def _denial(signs: Sequence[_Sign], begin: int, behind: int) -> tuple[bool, set[_Sign]]:
    """Whether the claim is denied; and the signs of a denial that was answered, whose speaker no longer counts."""
    answered: set[_Sign] = set()
    for sign in signs:
        if not _wrong(sign, signs, begin):
            continue
        negated, mistaken = _negated(sign, signs), _mislabelled(sign, signs)
        if sign.mark is Mark.DENY and (negated or mistaken):
            answered.update(() if negated else mistaken)
            continue
        if sign.first >= behind:
            return True, answered
        between = [one for one in signs if sign.end <= one.first < begin]
        turns = [one.end for one in between if one.mark is Mark.TURN]
        if turns:
            answered.update(one for one in signs if one.end <= max(turns))
        elif sign.mark in {Mark.AGAINST, Mark.MISTAKEN} or not any(one.mark is Mark.SAYS for one in between):
            return True, answered
    return False, answered


def _wrong(sign: _Sign, signs: Sequence[_Sign], begin: int) -> bool:
    """Whether it says by itself, or with what stands beside it, that something is wrong."""
    match sign.mark:
        case Mark.DENY | Mark.AGAINST:
            return True
        case Mark.PROVES:
            return sign.end <= begin and _negated(sign, signs)
        case _:
            return _false_saying(sign, signs)


def _false_saying(sign: _Sign, signs: Sequence[_Sign]) -> bool:
    """`falsely claims`: wrong is what they say; but not in `falsely claims it is a myth`."""
    if sign.mark is not Mark.MISTAKEN:
        return False
    labels = {one.first for one in signs if one.mark is Mark.LABELS}
    return any(
        one.mark in {Mark.SAYS, Mark.HEDGE} and abs(one.first - sign.first) <= MISTAKEN_WITHIN
        for one in signs
        if one.first not in labels
    ) and not any(one.mark is Mark.DENY and 0 <= one.first - sign.end <= DENIES_WITHIN for one in signs)


def _negated(sign: _Sign, signs: Sequence[_Sign]) -> bool:
    return any(
        one.mark is Mark.NOT and 0 <= sign.first - one.end <= NOT_WITHIN and not _says_between(one, sign, signs)
        for one in signs
    )


def _says_between(first: _Sign, last: _Sign, signs: Sequence[_Sign]) -> bool:
    return any(one.mark is Mark.SAYS and first.end <= one.first < last.first for one in signs)


def _mislabelled(sign: _Sign, signs: Sequence[_Sign]) -> list[_Sign]:
    """`wrongly call this false`: wrong is that they do. The signs of their saying so; none where nobody is mistaken."""
    return [
        other
        for one in signs
        if one.mark is Mark.MISTAKEN and one.end <= sign.first
        for other in signs
        if other.mark in {Mark.LABELS, Mark.SAYS, Mark.HEDGE}
        and 0 <= other.first - one.end <= MISTAKEN_WITHIN
        and other.end <= sign.first
    ]


def _attributed(signs: Sequence[_Sign], begin: int, behind: int, answered: set[_Sign]) -> bool:
    """By anybody who speaks before the claim and was not answered, or right behind it."""
    for sign in signs:
        if sign.mark not in {Mark.SAYS, Mark.HEDGE} or sign in answered:
            continue
        if sign.first < begin:
            return True
        turned = any(one.mark is Mark.TURN and behind <= one.first < sign.first for one in signs)
        if behind <= sign.first <= behind + BEHIND_WITHIN and not turned:
            return True
    return False


def _quoted(text: str, first: int, last: int) -> bool:
    """Within one pair of marks, in its paragraph: a quotation may run over sentences."""
    start = max(text.rfind("\n", 0, first) + 1, first - PARAGRAPH)
    end = text.find("\n", last, last + PARAGRAPH)
    paragraph = text[start : end if end >= 0 else last + PARAGRAPH]
    return any(quote.start <= first - start and last - start <= quote.end for quote in quoted(paragraph))


def _speaker(sentence: str, first: int, last: int) -> bool:
    """A headline's `Lavrov: NATO is encircling Russia`, or `NATO is encircling Russia - Lavrov`."""
    before, after = _COLON.search(sentence[: first + 1]), _DASH.search(sentence[last:])
    return any(_name(one[1]) for one in (before, after) if one)


def _name(written: str) -> bool:
    told = placed(written)
    capital = all(written[one.start].isupper() for one in told)
    return 0 < len(told) <= NAMED and capital and not _NO_SPEAKERS.intersection(one.word for one in told)


def _denies_the_last(sentence: str) -> bool:
    sentence = sentence[:LONGEST_SENTENCE]
    signs, size = _signs(sentence), len(placed(sentence))
    points = any(one.mark is Mark.THIS and one.first <= 1 for one in signs)
    return points and _denial(signs, size, size)[0]
