"""From which side a competitor told a story, by its headline alone; and which sides that leaves.

A pattern is words that stand side by side, in any language: `…` stands for one word or more, `#` for a number, `^` for
the beginning of the headline, `$` for its end, `?` and `%` for themselves. The pattern that says most, in words of its
own, decides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from cid.domain.angles import Angle, Competition, Taken
from cid.domain.errors import Misconfigured
from cid.domain.tenants import Profile
from cid.text.words import words

NUMBERS = "numbers"
"""Of a language: its words for small numbers."""
TITLE = 300
"""Characters of a headline that are looked at."""
_MARKS = re.compile(r"([?？؟%])")
_ALIKE = str.maketrans("？؟", "??")
_PIECES = re.compile(r"(…|#|\^|\$)")
_GAP, _NUMBER = "…", "#"


@dataclass(frozen=True, slots=True)
class Pattern:
    angle: Angle
    parts: tuple[tuple[str, ...], ...]
    """Between two of them there is at least one word. An empty one at an end: nothing is said but that more follows."""
    first: bool
    """The first part begins the headline."""
    last: bool
    """The last part ends it."""
    own: frozenset[str]
    """Its words."""

    @property
    def weight(self) -> int:
        """How much it says."""
        return sum(word != _NUMBER for part in self.parts for word in part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patterns:
    """The one that says most first; among equals in the order of the angles."""

    all: tuple[Pattern, ...] = ()
    numbers: frozenset[str] = frozenset()


def read(languages: Mapping[str, Mapping[str, Sequence[str]]], where: str = "config/angles.toml") -> Patterns:
    """Language → angle → patterns, and the language's words for numbers. Raises Misconfigured."""
    found: list[Pattern] = []
    numbers: set[str] = set()
    for language, table in languages.items():
        for name, written in table.items():
            if not isinstance(written, list | tuple) or not all(isinstance(one, str) for one in written):
                raise Misconfigured(f"{where} [{language}] {name} is no list of texts.")
            if name == NUMBERS:
                numbers.update(word for one in written for word in words(one))
            elif name in set(Angle):
                found += [_pattern(Angle(name), one, f"{where} [{language}] {name}") for one in written]
            else:
                raise Misconfigured(f"{where} [{language}] names no angle {name!r}: {', '.join(Angle)}.")
    order = {angle: place for place, angle in enumerate(Angle)}
    found.sort(key=lambda pattern: (-pattern.weight, order[pattern.angle]))
    return Patterns(all=tuple(dict.fromkeys(found)), numbers=frozenset(numbers))


def _pattern(angle: Angle, written: str, where: str) -> Pattern:
    first, last = written.strip().startswith("^"), written.strip().endswith("$")
    parts: list[tuple[str, ...]] = [()]
    for piece in _PIECES.split(written.strip().removeprefix("^").removesuffix("$")):
        if piece in {"^", "$"}:
            raise Misconfigured(f"{where}: {written!r} has ^ or $ in its middle.")
        if piece == _GAP:
            parts.append(())
        else:
            parts[-1] += (_NUMBER,) if piece == _NUMBER else tuple(_tokens(piece))
    if any(not part for part in parts[1:-1]):
        raise Misconfigured(f"{where}: {written!r} has two gaps side by side.")
    own = frozenset(word for part in parts for word in part if word != _NUMBER)
    if not own:
        raise Misconfigured(f"{where}: {written!r} says nothing.")
    return Pattern(angle=angle, parts=tuple(parts), first=first, last=last, own=own)


def _tokens(text: str) -> list[str]:
    """Words, and the marks that say something, in order."""
    return [
        token
        for number, piece in enumerate(_MARKS.split(text))
        for token in ([piece.translate(_ALIKE)] if number % 2 else words(piece))
    ]


def infer(title: str, patterns: Patterns) -> Angle | None:
    """None where no pattern fits: a plain report, or a language that is not in there."""
    tokens = _tokens(title[:TITLE])
    present = set(tokens)
    for pattern in patterns.all:
        if present.issuperset(pattern.own) and _fits(pattern, tokens, patterns.numbers):
            return pattern.angle
    return None


def _fits(pattern: Pattern, tokens: Sequence[str], numbers: frozenset[str]) -> bool:
    """The leftmost place of each part leaves the most room for the next, so nothing need be tried twice; but the first
    part may have to begin the headline, and the last to end it."""
    *before, end = pattern.parts
    at = 0
    for number, part in enumerate(before):
        place = _find(part, tokens, at, numbers, only=pattern.first and number == 0)
        if place is None:
            return False
        at = place + len(part) + 1
    fixed = pattern.first and not before
    if not pattern.last:
        return _find(end, tokens, at, numbers, only=fixed) is not None
    whole = tokens[:-1] if tokens and tokens[-1] == "?" and end[-1:] != ("?",) else tokens
    start = len(whole) - len(end)
    return start >= at and not (fixed and start > 0) and _stands(end, whole, start, numbers)


def _find(part: tuple[str, ...], tokens: Sequence[str], at: int, numbers: frozenset[str], *, only: bool) -> int | None:
    """Where it stands, from `at` on."""
    for start in range(at, at + 1 if only else len(tokens) - len(part) + 1):
        if start + len(part) <= len(tokens) and _stands(part, tokens, start, numbers):
            return start
    return None


def _stands(part: tuple[str, ...], tokens: Sequence[str], start: int, numbers: frozenset[str]) -> bool:
    return all(
        (token.isdecimal() or token in numbers) if wanted == _NUMBER else token == wanted
        for wanted, token in zip(part, tokens[start : start + len(part)], strict=True)
    )


def compared(articles: Sequence[Taken], profile: Profile, patterns: Patterns, *, followed: int) -> Competition:
    """What competitors' headlines leave of the eight angles. `followed`: how many of their sources could be read."""
    taken = tuple(replace(one, angle=infer(one.title, patterns)) for one in articles)
    gone = {one.angle for one in taken} | {angle for text in profile.avoided_angles if (angle := named(text))}
    return Competition(
        taken=taken,
        avoid=tuple(angle for angle in Angle if angle in gone),
        gaps=tuple(angle for angle in Angle if angle not in gone),
        followed=followed,
    )


def named(text: str) -> Angle | None:
    """The angle that somebody wrote down as "Local impact" or `local_impact`; None: in words of their own."""
    name = "_".join(words(text.replace("_", " ")))
    return Angle(name) if name in set(Angle) else None
