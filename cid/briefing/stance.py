"""Whether a text makes a claim its own, says that somebody makes it, or says that it is wrong.

Two look at each sentence with a claim: a model that learned from sentences (`stance_asked`, `bench.stance_model`), and
rules, whose word adds to what the model finds likely. Without a model the rules decide.

The rules judge by words around the claim (`stance_words`): never by those within it, because "Russiagate
is a hoax" is the claim and no denial of it. In a sentence

* what is denied there is debunked, unless the denial is itself denied ("nobody could refute"), called a mistake
  ("wrongly call this false"), answered before the claim is made ("a myth, they say, but …"), or belongs to somebody who
  only then begins to speak ("whose ministry calls reports fake, said …");
* a claim, an idea, a rumour that does not stand up or has no grounds is debunked; so is what a sentence that begins
  with "No," goes on to negate;
* what stands before a colon, and puts another account aside ("the lie … hides a fact: …"), says nothing of the claim
  behind it;
* so is what somebody says and what follows holds against the facts ("…, but the map shows …"), what a picture or
  proof of it turned out to be, and what is negated where it begins ("far from collapse");
* what is granted and answered ("call it a hoax if you like: …"), what stands in a title ("Truth or Hoax") and what is
  denied of something else ("the report was a lie and that …") denies nothing;
* what somebody else says, or what stands between quotation marks, is reported;
* anything else the text says itself.

A sentence that begins with "this", "the claim" and denies, right behind the one with the claim, denies it as well.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Protocol

from cid.briefing.stance_asked import asked
from cid.briefing.stance_signs import Sentences, Sign
from cid.briefing.stance_words import Mark
from cid.domain.narratives import Span, Stance
from cid.text.prose import ends
from cid.text.words import placed, words

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
RULES_COUNT = 0.35
"""What the rules' word adds to a probability. They are right of what is put plainly and blind to all else; chosen on
the sets that docs/narratives.md names."""
TITLE = 5
"""Words between quotation marks that may be a name: a channel called “Truth or Hoax” denies nothing."""
_BREAK = re.compile(r"[,;:–—]")
_AND = frozenset(["and", "und", "et", "y", "e", "и", "і", "й", "та"])
_WHO = frozenset(
    [
        "he",
        "she",
        "they",
        "er",
        "sie",
        "il",
        "elle",
        "ils",
        "elles",
        "él",
        "ella",
        "ellos",
        "он",
        "она",
        "они",
        "він",
        "вона",
        "вони",
    ]
)
"""Who spoke goes on: `but he gave no date` holds nothing against what he said."""
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


class Learned(Protocol):
    """What was learned of stances from sentences (`bench.stance_model`)."""

    @property
    def version(self) -> str: ...

    def probabilities(self, text: str) -> Mapping[str, float]:
        """Stance → how likely it is, of a text made by `stance_asked`."""


def stance(text: str, spans: Sequence[Span], *, breaks: Sequence[int] = (), learned: Learned | None = None) -> Stance:
    """Of the claims at `spans`. `breaks`: where sentences end although no mark says so, such as behind a title."""
    return within(Sentences(text, sorted({0, *ends(text), *breaks}), placed(text)), spans, learned)


def within(text: Sentences, spans: Sequence[Span], learned: Learned | None = None) -> Stance:
    """As `stance`, in a text that may be asked about other claims as well. `learned`: None is by rules alone."""
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
        bounds = _part(start, end, part, places)
        one = _of_sentence(text, *bounds, places)
        if learned is not None:
            one = _likeliest(learned.probabilities(asked(text.text, *bounds, places)), one)
        if _denied_behind(text, number, claimed):
            one = Stance.DEBUNKS
        said[one] += 1
    if said[Stance.DEBUNKS] and said[Stance.DEBUNKS] >= said[Stance.REPEATS]:
        return Stance.DEBUNKS
    return Stance.REPEATS if said[Stance.REPEATS] > said[Stance.REPORTS] or not said else Stance.REPORTS


def as_asked(text: str, spans: Sequence[Span]) -> str:
    """What a model is asked about the one sentence with `spans`, for those who make one."""
    told = Sentences(text, sorted({0, *ends(text)}), placed(text))
    places = [(span.start, span.end) for span in spans]
    bounds = _part(*told.bounds(told.number(spans[0].start)), 0, places)
    return asked(told.text, *bounds, places)


def _likeliest(likely: Mapping[str, float], by_rules: Stance) -> Stance:
    """Among equals the one that accuses nobody."""
    order = (Stance.REPORTS, Stance.DEBUNKS, Stance.REPEATS)
    return max(order, key=lambda one: likely[one] + (RULES_COUNT if one is by_rules else 0.0))


def _denied_behind(text: Sentences, number: int, claimed: AbstractSet[int]) -> bool:
    """By the next sentence, and behind a question by the one after it: `Is it true that …? No. This is …`."""
    start, end = text.bounds(number)
    asks = end - start < LONGEST_SENTENCE and text.text[start:end].rstrip().endswith(("?", "？", "؟"))
    behind = range(number + 1, min(number + (2 if asks else 1), len(text.limits) - 1) + 1)
    return any(one not in claimed and _denies_the_last(text, one) for one in behind)


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
    quotes = text.quotes(first, last)
    signs = _without_names(text, signs, [one for one in quotes if one[1] <= first or one[0] >= last])
    if _set_aside(text.text[start:first], signs, begin):
        signs = [one for one in signs if one.first >= begin]
    signs = _without_concessions(text, signs, begin, behind)
    signs = [one for one in signs if not _of_something_else(text, one, signs, begin)]
    if _answers_no(text, start, end, behind):
        return Stance.DEBUNKS
    denied, answered = _denial(signs, begin, behind)
    if denied or _unmade(text, signs, begin):
        return Stance.DEBUNKS
    said = any(a <= first and last <= b for a, b in quotes) or _attributed(signs, begin, behind, answered)
    if _exposed(signs, begin, behind) or (said and _held_against(text, signs, behind)):
        return Stance.DEBUNKS
    said = said or _speaker(text.text[start:end], first - start, last - start)
    return Stance.REPORTS if said else Stance.REPEATS


def _without_names(text: Sentences, signs: list[Sign], quotes: Sequence[tuple[int, int]]) -> list[Sign]:
    """Without denials that are part of a title: a few words between quotation marks that do not hold the claim."""
    titles = [(text.word(a), text.word(b)) for a, b in quotes]
    titles = [(a, b) for a, b in titles if b - a <= TITLE]
    return [
        one for one in signs if one.mark is not Mark.DENY or not any(a <= one.first and one.end <= b for a, b in titles)
    ]


def _without_concessions(text: Sentences, signs: list[Sign], begin: int, behind: int) -> list[Sign]:
    """Without what is granted and answered: `call it a hoax if you like: …`, `they deny what all can see, that …`, `…,
    whatever the fact-checkers write`; but not `whatever he says, it is false that …`."""
    granted = [one.first for one in signs if one.mark in {Mark.EVEN_IF, Mark.EVIDENT}]
    if not granted:
        return signs
    return [one for one in signs if not _granted(text, one, granted, begin, behind)]


def _granted(text: Sentences, sign: Sign, granted: Sequence[int], begin: int, behind: int) -> bool:
    if sign.mark not in {Mark.DENY, Mark.SAYS, Mark.HEDGE}:
        return False
    if sign.first >= behind:
        return any(behind <= one <= sign.first for one in granted)
    return any(one < begin for one in granted) and bool(_BREAK.search(text.between(sign.end - 1, begin)))


def _of_something_else(text: Sentences, sign: Sign, signs: Sequence[Sign], begin: int) -> bool:
    """`He said the report was a lie and that …`: the denial is one thing that he said, and the claim another."""
    if sign.mark is not Mark.DENY or sign.end >= begin:
        return False
    said = any(one.mark in {Mark.SAYS, Mark.LABELS} and one.end <= sign.first for one in signs)
    return said and any(text.word_at(number) in _AND for number in range(sign.end, begin))


def _unmade(text: Sentences, signs: Sequence[Sign], begin: int) -> bool:
    """`Far from collapsing, …`, `not a single secret laboratory …`: the claim itself is negated where it begins."""
    return any(
        one.mark is Mark.NOT and one.end == begin and not _BREAK.search(text.between(one.end - 1, begin))
        for one in signs
    )


def _exposed(signs: Sequence[Sign], begin: int, behind: int) -> bool:
    """What shows the claim turns out to be something else: `the picture of … was shot in …`, `the supposed proof of …
    turned out …`; but not a document that shows it, in the text's own voice."""
    if not any(one.mark is Mark.REVEALS and one.first >= behind for one in signs):
        return False
    ahead = [one for one in signs if one.end <= begin]
    doubted = any(one.mark is Mark.HEDGE for one in ahead)
    shown = any(one.mark is Mark.PROVES for one in ahead)
    return any(one.mark is Mark.PIECE for one in ahead) and (doubted or not shown)


def _held_against(text: Sentences, signs: Sequence[Sign], behind: int) -> bool:
    """Somebody says it, and what follows says otherwise: `…, but the map shows …`, `…; satellite images show …`."""
    for sign in signs:
        if sign.first < behind or sign.mark not in {Mark.WHILE, Mark.TURN, Mark.COUNTER, Mark.REVEALS}:
            continue
        before = text.between(max(behind - 1, 0), sign.first)
        beyond = {one.mark for one in signs if one.first >= sign.first}
        if sign.mark in {Mark.WHILE, Mark.TURN}:
            against = {Mark.COUNTER, Mark.NOT, Mark.REVEALS} & beyond
            if against and _BREAK.search(before) and text.word_at(sign.end) not in _WHO:
                return True
        elif ";" in before and (sign.mark is Mark.REVEALS or {Mark.NOT, Mark.PROVES} & beyond):
            return True
    return False


def _set_aside(before: str, signs: Sequence[Sign], begin: int) -> bool:
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


def _nearest(signs: list[Sign], begin: int, behind: int) -> list[Sign]:
    """Signs are weighed against each other: a sentence made of nothing else would cost the cube of its length."""
    before = [one for one in signs if one.first < begin][-MOST_SIGNS:]
    beyond = [one for one in signs if one.first >= behind][:MOST_SIGNS]
    between = [one for one in signs if begin <= one.first < behind][:MOST_SIGNS]
    return [*before, *between, *beyond]


def _denial(signs: Sequence[Sign], begin: int, behind: int) -> tuple[bool, set[Sign]]:
    """Whether the claim is denied; and the signs of a denial that was answered, whose speaker no longer counts."""
    answered: set[Sign] = set()
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


def _wrong(sign: Sign, signs: Sequence[Sign], begin: int) -> bool:
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


def _false_saying(sign: Sign, signs: Sequence[Sign]) -> bool:
    """`falsely claims`: wrong is what they say; but not in `falsely claims it is a myth`."""
    if sign.mark is not Mark.MISTAKEN:
        return False
    labels = {one.first for one in signs if one.mark is Mark.LABELS}
    return any(
        one.mark in {Mark.SAYS, Mark.HEDGE} and abs(one.first - sign.first) <= MISTAKEN_WITHIN
        for one in signs
        if one.first not in labels
    ) and not any(one.mark is Mark.DENY and 0 <= one.first - sign.end <= DENIES_WITHIN for one in signs)


def _negated(sign: Sign, signs: Sequence[Sign]) -> bool:
    return any(
        one.mark is Mark.NOT and 0 <= sign.first - one.end <= NOT_WITHIN and not _says_between(one, sign, signs)
        for one in signs
    )


def _says_between(first: Sign, last: Sign, signs: Sequence[Sign]) -> bool:
    return any(one.mark is Mark.SAYS and first.end <= one.first < last.first for one in signs)


def _mislabelled(sign: Sign, signs: Sequence[Sign]) -> list[Sign]:
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


def _attributed(signs: Sequence[Sign], begin: int, behind: int, answered: set[Sign]) -> bool:
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
