"""Whether a text makes a claim its own, says that somebody makes it, or says that it is wrong.

Judged sentence by sentence, by words around the claim (`stance_words`): never by those within it, because "Russiagate
is a hoax" is the claim and no denial of it. In a sentence

* what is denied there is debunked, unless the denial is itself denied ("nobody could refute"), called a mistake
  ("wrongly call this false"), answered before the claim is made ("a myth, they say, but …"), or belongs to somebody who
  only then begins to speak ("whose ministry calls reports fake, said …");
* a claim, an idea, a rumour that does not stand up or has no grounds is debunked; so is what a sentence that begins
  with "No," goes on to negate;
* what stands before a colon, and puts another account aside ("the lie … hides a fact: …"), says nothing of the claim
  behind it;
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
from operator import itemgetter

from cid.briefing.stance_words import WORDS, Mark
from cid.domain.narratives import Span, Stance
from cid.text.prose import ends, quoted
from cid.text.spotting import Spotter
from cid.text.words import Told, placed, words

LONGEST_SENTENCE = 1500
"""Characters; a longer one is judged in stretches of so many, each with the one before it and the one behind."""
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
AT_THE_EDGE = 200
"""Characters of a sentence's beginning and end in which a name is looked for."""
MOST_SIGNS = 20
"""Before a claim, and behind it: the nearest."""
PARAGRAPH = 3000
"""Characters around a sentence in which quotation marks are looked for."""
_PHRASES = [
    (mark, phrase.strip())
    for marks in WORDS.values()
    for mark, listed in marks.items()
    for phrase in listed.replace("\n", " ").split("|")
]
_SPOTTER = Spotter([phrase.rstrip(":") for _, phrase in _PHRASES])
_FIRST = itemgetter(1)
_COLON = re.compile(r"^\W*([^:.!?\n]{2,60}):\s")
_NO = re.compile(r"\W*(?:no|nein|non|нет|ні)\s*[,:–—]", re.IGNORECASE)
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


class Sentences:
    """A text whose sentences are known; what stands in one is read once, however many claims are looked at there."""

    def __init__(self, text: str, limits: Sequence[int], told: Sequence[Told]) -> None:
        """`limits`: 0, where each sentence ends, and the text's end. `told`: the text's words."""
        self.text, self.limits = text, limits
        self._told, self._starts = told, [one.start for one in told]
        self._marked: list[tuple[int, int, int]] | None = None
        self._signs: dict[tuple[int, int], list[_Sign]] = {}
        self._quotes: dict[tuple[int, int], list[tuple[int, int]]] = {}

    def number(self, place: int) -> int:
        """Of the sentence at `place`, from 1."""
        return bisect_right(self.limits, place)

    def bounds(self, number: int) -> tuple[int, int]:
        return self.limits[number - 1], self.limits[number] if number < len(self.limits) else len(self.text)

    def word(self, place: int) -> int:
        """How many words begin before `place`."""
        return bisect_left(self._starts, place)

    def signs(self, start: int, end: int) -> list[_Sign]:
        """Of the words that begin between the two; their numbers are those of the text."""
        if (start, end) not in self._signs:
            first, beyond = self.word(start), self.word(end)
            if self._marked is None:
                self._marked = _SPOTTER.find(self._told)
            here = bisect_left(self._marked, first, key=_FIRST), bisect_left(self._marked, beyond, key=_FIRST)
            found = self._marked[here[0] : here[1]]
            self._signs[start, end] = _kept([_Sign(_PHRASES[n][0], a, b) for n, a, b in found if b <= beyond])
        return self._signs[start, end]

    def quotes(self, first: int, last: int) -> list[tuple[int, int]]:
        """Of the paragraph around `first` and `last`, or of so much of a long one as lies near them."""
        start = max(self.text.rfind("\n", 0, first) + 1, (first // PARAGRAPH - 1) * PARAGRAPH)
        beyond = (last // PARAGRAPH + 2) * PARAGRAPH
        line = self.text.find("\n", last, beyond)
        end = line if line >= 0 else beyond
        if (start, end) not in self._quotes:
            found = quoted(self.text[start:end])
            self._quotes[start, end] = [(start + one.start, start + one.end) for one in found]
        return self._quotes[start, end]


def stance(text: str, spans: Sequence[Span], *, breaks: Sequence[int] = ()) -> Stance:
    """Of the claims at `spans`. `breaks`: where sentences end although no mark says so, such as behind a title."""
    return within(Sentences(text, sorted({0, *ends(text), *breaks}), placed(text)), spans)


def within(text: Sentences, spans: Sequence[Span]) -> Stance:
    """As `stance`, in a text that may be asked about other claims as well."""
    claims: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for span in spans:
        number = text.number(span.start)
        start, end = text.bounds(number)
        part = (span.start - start) // LONGEST_SENTENCE if end - start > LONGEST_SENTENCE else 0
        claims.setdefault((number, part), []).append((span.start, span.end))
    claimed = {number for number, _part in claims}
    said: Counter[Stance] = Counter()
    for (number, part), places in list(claims.items())[:MOST_SENTENCES]:
        start, end = text.bounds(number)
        one = _of_sentence(text, *_part(start, end, part, places), places)
        asks = end - start < LONGEST_SENTENCE and text.text[start:end].rstrip().endswith(("?", "？", "؟"))
        for behind in range(number, min(number + (2 if asks else 1), len(text.limits) - 1)):
            if behind + 1 not in claimed and _denies_the_last(text, behind + 1):
                one = Stance.DEBUNKS
        said[one] += 1
    if said[Stance.DEBUNKS] and said[Stance.DEBUNKS] >= said[Stance.REPEATS]:
        return Stance.DEBUNKS
    return Stance.REPEATS if said[Stance.REPEATS] > said[Stance.REPORTS] or not said else Stance.REPORTS


def _part(start: int, end: int, part: int, places: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """A sentence's bounds; of one that goes on and on, those of the stretch with the claims and of its neighbours."""
    if end - start > LONGEST_SENTENCE:
        here = start + part * LONGEST_SENTENCE
        start, end = max(start, here - LONGEST_SENTENCE), min(end, here + 2 * LONGEST_SENTENCE)
    return start, max(end, *(place[1] for place in places))


def _of_sentence(text: Sentences, start: int, end: int, places: Sequence[tuple[int, int]]) -> Stance:
    first, last = min(place[0] for place in places), max(place[1] for place in places)
    begin, behind = text.word(first), text.word(last)
    claimed = [(text.word(a), text.word(b)) for a, b in places]
    signs = [one for one in text.signs(start, end) if not any(one.first < b and a < one.end for a, b in claimed)]
    signs = _nearest(signs, begin, behind)
    if _set_aside(text.text[start:first], signs, begin):
        signs = [one for one in signs if one.first >= begin]
    if _answers_no(text, start, end, behind):
        return Stance.DEBUNKS
    denied, answered = _denial(signs, begin, behind)
    if denied:
        return Stance.DEBUNKS
    quotes = text.quotes(first, last)
    if any(a <= first and last <= b for a, b in quotes) or _speaker(text.text[start:end], first - start, last - start):
        return Stance.REPORTS
    return Stance.REPORTS if _attributed(signs, begin, behind, answered) else Stance.REPEATS


def _set_aside(before: str, signs: Sequence[_Sign], begin: int) -> bool:
    """`The lie … hides a fact: …`, `do not trust who says otherwise: …`; but not `Moscow says otherwise: …`."""
    if not before[-AT_THE_EDGE:].rstrip(" \t\n\"'“„«").endswith(":"):
        return False
    ahead = [one for one in signs if one.end <= begin]
    put = [one.first for one in ahead if one.mark is Mark.ASIDE]
    return bool(put) and any(one.mark is Mark.DENY or (one.mark is Mark.NOT and one.first < max(put)) for one in ahead)


def _answers_no(text: Sentences, start: int, end: int, behind: int) -> bool:
    """`No, there are no such laboratories`: here, and here alone, the claim's own negation counts."""
    if not _NO.match(text.text, start, min(end, start + AT_THE_EDGE)):
        return False
    first = text.word(start)
    return any(one.mark is Mark.NOT and first < one.first < behind for one in text.signs(start, end))


def _nearest(signs: list[_Sign], begin: int, behind: int) -> list[_Sign]:
    """Signs are weighed against each other: a sentence made of nothing else would cost the cube of its length."""
    before = [one for one in signs if one.first < begin][-MOST_SIGNS:]
    beyond = [one for one in signs if one.first >= behind][:MOST_SIGNS]
    between = [one for one in signs if begin <= one.first < behind][:MOST_SIGNS]
    return [*before, *between, *beyond]


def _kept(every: list[_Sign]) -> list[_Sign]:
    """In order; where two share a word, the longer phrase counts, and among equals what means nothing."""
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
        case Mark.HOLDS:
            return any(one.mark is Mark.HEDGE and one.first < begin for one in signs) and _negated(sign, signs)
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


def _speaker(sentence: str, first: int, last: int) -> bool:
    """A headline's `Lavrov: NATO is encircling Russia`, or `NATO is encircling Russia - Lavrov`."""
    before, after = _COLON.search(sentence[: first + 1][:AT_THE_EDGE]), _DASH.search(sentence[last:][-AT_THE_EDGE:])
    return any(_name(one[1]) for one in (before, after) if one)


def _name(written: str) -> bool:
    told = placed(written)
    capital = all(written[one.start].isupper() for one in told)
    return 0 < len(told) <= NAMED and capital and not _NO_SPEAKERS.intersection(one.word for one in told)


def _denies_the_last(text: Sentences, number: int) -> bool:
    start, end = text.bounds(number)
    end = min(end, start + LONGEST_SENTENCE)
    first, behind = text.word(start), text.word(end)
    signs = text.signs(start, end)
    points = any(one.mark is Mark.THIS and one.first <= first + 1 for one in signs)
    return points and _denial(_nearest(signs, behind, behind), behind, behind)[0]
