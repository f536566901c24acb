"""People and organisations that no claim names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from cid.domain.review import Finding, Severity
from cid.gates.checks.material import Material, finding, listed
from cid.text.countries import country
from cid.text.dates import month_of
from cid.text.naming import Name, is_initials, names, writes_nouns_large
from cid.text.words import fold, words

_SMALL = re.compile(r"(?<![\w])[^\W\d_A-Z][\w'’-]*")
SHORTEST = 3
INFLECTED = 3
"""Letters that a form of a name may have more than another: `Berliner`, `Australian`."""
BEGINNING = 4
"""Letters that two forms of a name share at least."""
_COMMON = frozenset(
    [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "english",
        "internet",
        "web",
        "online",
        "email",
        "excel",
        "christmas",
        "easter",
        "montag",
        "dienstag",
        "mittwoch",
        "donnerstag",
        "freitag",
        "samstag",
        "sonntag",
        "lunes",
        "lundi",
        "mr",
        "mrs",
        "ms",
        "dr",
        "prof",
        "herr",
        "frau",
        "sie",
        "ihr",
        "ihre",
        "ihnen",
    ]
)


def invented(one: Material) -> Iterator[Finding]:
    """A name of several words is looked at in every language with capitals; a single one only where nouns are small.
    One is known that stands in the ground, in whatever form of it, and so is a word that the text itself writes small
    elsewhere."""
    if one.foreign_tongue:
        return  # names are spelled otherwise in other languages
    running = [passage for passage in one.passages if passage.running]
    large = writes_nouns_large(said for passage in running if passage.field == "body" for said in passage.sentences)
    small = {fold(word) for passage in running for word in _SMALL.findall(passage.text)}
    known = one.ground_words | small
    alike = _by_beginning(one.ground_words)
    several: list[str] = []
    single: list[str] = []
    for passage in running:
        for name in names(passage.sentences, nouns=large):
            unknown = [part for part in name.parts if not _is_known(part, known, alike)]
            if not unknown or country(name.written) or (large and (len(unknown) < 2 or name.after_figure)):
                continue
            (several if _is_whole(name, unknown) else single).append(name.written)
    if several:
        yield _said(one.unsupported, several)
    if single and not large:
        yield _said(Severity.MINOR, single)


def _said(severity: Severity, found: list[str]) -> Finding:
    return finding(
        severity,
        "factual_risk",
        listed(found),
        "No report names them.",
        "Check who they are, and that they have to do with this.",
    )


def _is_whole(name: Name, unknown: list[str]) -> bool:
    """Whether it is a name of several words of which most are unknown: `Dr Anna Weber`."""
    return len(name.parts) > 1 and len(unknown) * 2 >= len(name.parts)


def _by_beginning(known: Iterable[str]) -> Mapping[str, list[str]]:
    table: dict[str, list[str]] = {}
    for word in known:
        if len(word) >= BEGINNING:
            table.setdefault(word[:BEGINNING], []).append(word)
    return table


def _is_known(part: str, known: frozenset[str], alike: Mapping[str, list[str]]) -> bool:
    if is_initials(part) or len(part) < SHORTEST:
        return True
    return all(_one_is_known(word, known, alike) for piece in re.split(r"[-’']", part) for word in words(piece))


def _one_is_known(word: str, known: frozenset[str], alike: Mapping[str, list[str]]) -> bool:
    if len(word) < SHORTEST or word in known or word in _COMMON or month_of(word):
        return True
    return any(
        abs(len(other) - len(word)) <= INFLECTED and (other.startswith(word) or word.startswith(other))
        for other in alike.get(word[:BEGINNING], ())
    )
