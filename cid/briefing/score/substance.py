"""Whether words mean something: certainty, placeholders, repetition, and claims about nothing in the items."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cid.briefing.score.phrases import FILLER, FORBIDDEN, NEGATIONS
from cid.briefing.score.support import named
from cid.briefing.score.told import Ground, Prose, borne, content, same_language
from cid.domain.briefing import Finding
from cid.domain.scorecard import ContentCheck, Rating
from cid.text.inflection import key
from cid.text.phrasebook import keys
from cid.text.prose import numbers, sentences
from cid.text.words import words

BEFORE = 3
"""Words before a phrase in which a negation takes it back."""
MANY_PHRASES = 3
FEW_FILLERS = 4
"""Different words of the printers' dummy text."""
RUN = 5
"""Words in a row that a briefing says twice by chance now and then."""
SOME_AGAIN, MUCH_AGAIN = 0.25, 0.5
"""Share of such runs that were said before."""
OVERLAP = 0.34
"""Share of a sentence's words of content that are in the items, from which on it is about them."""
HALF, THIRD, QUARTER = 0.5, 0.34, 0.25
_SLOT = "insert|name|date|outlet|country|source|account|number|title|url|link|x{2,}|your|to be|tbd|todo"
_TEMPLATE = re.compile(
    rf"(?i:\[(?:{_SLOT})\b[^\[\]]{{0,80}}\]|<(?:{_SLOT})\b[^<>]{{0,80}}>)|\{{\{{[^{{}}]{{0,80}}\}}\}}|\b(?:TODO|TBD|XXX+|FIXME)\b"
)


def certainty(told: Prose, _ground: Ground) -> ContentCheck:
    """Nothing is certain because it is said so, and nobody is named by “sources say”."""
    if not told.prose:
        return ContentCheck(name="certainty", passed=None, why="There is no prose to look at.")
    suspect = [text for text, said in zip(told.prose, told.words, strict=True) if FORBIDDEN.any_in([*map(key, said)])]
    every = (sentence for text in suspect for sentence in sentences(text))
    found = [(phrase, sentence) for sentence in every if (phrase := _forbidden(sentence))]
    why = f"{len(found)} sentences claim certainty or hide who speaks." if found else "No sentence claims certainty."
    cap = Rating.ACCEPTABLE if len(found) >= MANY_PHRASES else Rating.GOOD
    where = named(f"“{phrase}”: {sentence}" for phrase, sentence in found)
    return ContentCheck(name="certainty", passed=not found, why=why, where=where, cap=cap)


def _forbidden(sentence: str) -> str:
    text = keys(sentence)
    for phrase in FORBIDDEN.all_in(text):
        wanted = [key(word) for word in phrase.words]
        for at in range(len(text) - len(wanted) + 1):
            if text[at : at + len(wanted)] == wanted and NEGATIONS.isdisjoint(text[max(0, at - BEFORE) : at]):
                return phrase.written
    return ""


def placeholders(told: Prose, _ground: Ground) -> ContentCheck:
    """Dummy text of printers, and slots of a template that nobody filled."""
    slots = [match[0] for text in told.prose for match in _TEMPLATE.finditer(text)]
    dummies = [text for text, said in zip(told.prose, told.words, strict=True) if _dummy(said)]
    found = [*slots, *dummies]
    why = f"{len(found)} places hold text that stands for text." if found else "No text stands for text."
    return ContentCheck(name="placeholders", passed=not found, why=why, where=named(found), cap=Rating.FAILING)


def _dummy(said: Sequence[str]) -> bool:
    return len(FILLER.intersection(said)) >= FEW_FILLERS


def repetition(told: Prose, _ground: Ground) -> ContentCheck:
    """The share of runs of words that the briefing said before."""
    runs: list[tuple[str, ...]] = []
    for said in told.words:
        runs += zip(*(said[at:] for at in range(RUN)), strict=False)
    if len(runs) < RUN:
        return ContentCheck(name="repetition", passed=None, why="There is too little prose to look at.")
    again = 1 - len(set(runs)) / len(runs)
    why = f"{again:.0%} of its runs of {RUN} words were said before; {SOME_AGAIN:.0%} are too many."
    cap = Rating.POOR if again > MUCH_AGAIN else Rating.ACCEPTABLE
    return ContentCheck(name="repetition", passed=again <= SOME_AGAIN, why=why, cap=cap)


def substance(told: Prose, ground: Ground) -> ContentCheck:
    """Whether claims are about what the items say: a name or a number of theirs, or enough of their words.

    Where the briefing is in another language than the items, words prove nothing: then a finding counts by a quote that
    stands in an item, or by what is spelled the same in both.
    """
    findings = [one for one in told.briefing.key_findings if one.finding.strip()]
    if not ground.items:
        why = "There are no items that anything could rest on."
        return ContentCheck(name="substance", passed=False, why=why, cap=Rating.POOR)
    if not findings:
        return ContentCheck(name="substance", passed=None, why="There are no findings.")
    alike = same_language([word for said in told.words for word in said], ground)
    empty = [one.finding for one in findings if not _says(one, ground) and (alike or not borne(one, ground))]
    part = 1 - len(empty) / len(findings)
    claims = [sentence for _where, text in told.claims for sentence in sentences(text)] if alike else []
    hollow = [one for one in claims if not _about(one, ground)]
    told_part = 1 - len(hollow) / len(claims) if claims else 1.0
    why = f"{len(findings) - len(empty)} of {len(findings)} findings say something that the items say as well"
    why += f", and so do {told_part:.0%} of all claims." if alike else ": the items are in another language."
    passed = part > HALF and told_part >= THIRD
    cap = Rating.POOR if part <= QUARTER or told_part < QUARTER else Rating.ACCEPTABLE
    return ContentCheck(name="substance", passed=passed, why=why, where=named([*empty, *hollow]), cap=cap)


def _says(finding: Finding, ground: Ground) -> bool:
    return any(_about(text, ground) for text in (finding.finding, *(one.reference for one in finding.evidence)))


def _about(text: str, ground: Ground) -> bool:
    if any(one in ground.numbers for one in numbers(text)):
        return True
    said = words(text)
    if sum(word in ground.names for word in {key(word) for word in said}) >= (2 if ground.nouns else 1):
        return True
    told = content(said)
    return bool(told) and sum(word in ground.vocabulary for word in told) >= OVERLAP * len(told)
