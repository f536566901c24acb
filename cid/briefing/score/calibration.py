"""Confidence that is borne out, and evidence that is what its label says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from cid.briefing.score.support import named
from cid.briefing.score.told import Ground, Prose, borne
from cid.domain.briefing import CONFIDENCE, Evidence
from cid.domain.scorecard import ContentCheck, Rating
from cid.text.naming import names
from cid.text.prose import quoted
from cid.text.words import fold, words

HEIGHT = {level: height for height, level in enumerate(reversed(CONFIDENCE))}
_LABEL = re.compile(r"^\s*\[[^\]]{1,40}\]\s*")
_HANDLE = re.compile(r"(?:^|[^\w@])@\w{2,}|\b(?:t\.me|x\.com)/\w|\b[\w-]+\.[a-z]{2,}\b", re.IGNORECASE)
_TOKEN = re.compile(r"[^\W\d_][\w'’-]*")


def factors(told: Prose, _ground: Ground) -> ContentCheck:
    """The overall confidence is at most that of the weakest factor, as the prompt's calibration has it."""
    assessment = told.briefing.confidence_assessment
    levels = {name: one.level for name, one in assessment.factors.items() if one.level in HEIGHT}
    if assessment.overall not in HEIGHT or not levels:
        return ContentCheck(name="factors", passed=None, why="The overall confidence, or its factors, are not said.")
    lowest = min(levels.values(), key=HEIGHT.__getitem__)
    held = HEIGHT[assessment.overall] <= HEIGHT[lowest]
    why = f"Overall it is {assessment.overall}, and its weakest factor is {lowest}."
    below = [f"{name}: {level}" for name, level in levels.items() if HEIGHT[level] < HEIGHT[assessment.overall]]
    return ContentCheck(name="factors", passed=held, why=why, where=named(below), cap=Rating.ACCEPTABLE)


def support(told: Prose, ground: Ground) -> ContentCheck:
    """Nothing is surer than what it rests on: the whole on its findings, a finding of high confidence on a quote."""
    every = [one for one in told.briefing.key_findings if one.confidence in HEIGHT]
    overall = told.briefing.confidence_assessment.overall
    if not every:
        return ContentCheck(name="support", passed=None, why="No finding says how sure it is.")
    bare = [one.finding for one in every if one.confidence == "high" and not borne(one, ground)]
    best = max((one.confidence for one in every), key=HEIGHT.__getitem__)
    above = overall in HEIGHT and HEIGHT[overall] > HEIGHT[best]
    said = [f"Overall it is {overall}, and no finding is above {best}."] if above else []
    said += [f"{len(bare)} findings of high confidence quote no item word for word."] if bare else []
    why = " ".join(said) or "No confidence is above what it rests on."
    return ContentCheck(name="support", passed=not said, why=why, where=named(bare), cap=Rating.ACCEPTABLE)


def labels(told: Prose, ground: Ground) -> Iterator[ContentCheck]:
    """PATTERN holds a number, NETWORK somebody's name, EXTERNAL an organisation and what it published."""
    every = [one for finding in told.briefing.key_findings for one in finding.evidence]
    known = {word for one in ground.items for name in (one.publisher, one.author) for word in words(name)}
    known |= {word for one in _network(told) for word in words(one)}
    network = [one for one in every if one.kind != "network" or _cased(one.reference)]
    yield _labelled("pattern", "hold a number", every, lambda text: any(map(str.isnumeric, text)))
    yield _labelled("network", "name somebody", network, lambda text: _names(text, known) > 0)
    yield _labelled(
        "external",
        "name an organisation and what it published",
        [one for one in every if _cased(one.reference)],
        _published,
    )


def _network(told: Prose) -> Iterable[str]:
    network = told.briefing.narrative_analysis.network_context
    return (*network.known_associations, *network.cross_platform_presence)


def _labelled(kind: str, wanted: str, every: list[Evidence], holds: Callable[[str], bool]) -> ContentCheck:
    of = [one.reference for one in every if one.kind == kind]
    if not of:
        return ContentCheck(name=f"label_{kind}", passed=None, why=f"There is no {kind.upper()} evidence to look at.")
    bare = [one for one in of if not holds(_LABEL.sub("", one))]
    why = f"{len(of) - len(bare)} of {len(of)} pieces of {kind.upper()} evidence {wanted}."
    return ContentCheck(name=f"label_{kind}", passed=not bare, why=why, where=named(bare), cap=Rating.GOOD)


def _cased(text: str) -> bool:
    """In a script that has capitals; in others nothing looks like a name, and nobody is accused for that."""
    return text.lower() != text.upper() or not text.strip()


def _names(text: str, known: frozenset[str] | set[str] = frozenset()) -> int:
    """How many names, accounts and sites it holds."""
    found = sum(1 for _one in names([text]))
    first = _TOKEN.match(text)
    if first and not found and ((first[0].isupper() and len(first[0]) > 1) or fold(first[0]) in known):
        found += 1
    return found + len(_HANDLE.findall(text))


def _published(text: str) -> bool:
    more = bool(quoted(text)) + any(len(one) == 4 and one.isdigit() for one in words(text))
    return _names(text) + more >= 2 and _names(text) > 0
