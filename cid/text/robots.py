"""What a site lets us read: robots.txt by RFC 9309.

By hand, because `urllib.robotparser` takes the first rule that fits instead of the longest, knows no wildcards, and
keeps only the first group that names us.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from urllib.parse import quote, urlsplit

RULES = 2000
"""More rules than this for one crawler are not kept: the first ones hold."""
PATTERN = 500
"""Characters; a longer pattern is passed over."""
ALL = 200_000
"""Characters of all patterns together, as they are compared: what one server may fill of our memory."""

_LINE_END = re.compile(r"\r\n|\r|\n")
_TOKEN = re.compile(r"[A-Za-z_-]+")
_ESCAPE = re.compile(r"%[0-9a-fA-F]{2}")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class Rule(NamedTuple):
    allow: bool
    pattern: str
    """As it is compared: escapes in one spelling. `*` stands for anything, `$` at the end for the end."""


def rules(text: str, token: str) -> list[Rule]:
    """Those that hold for the crawler called `token`: of all groups that name it, else of all groups for `*`."""
    own: list[Rule] = []
    others: list[Rule] = []
    named: list[list[Rule]] = []
    in_rules = False
    for line in _LINE_END.split(text.lstrip("\ufeff")):
        name, colon, value = line.partition("#")[0].partition(":")
        name, value = name.strip().lower(), value.strip()
        if not colon:
            continue
        if name == "user-agent":
            if in_rules:
                named, in_rules = [], False
            # once each: a server that names us ten thousand times would have each rule kept as often
            named += [group for group in _group(value, token, own, others) if not any(group is one for one in named)]
        elif name in {"allow", "disallow"}:
            in_rules = True
            if value and len(value) <= PATTERN:
                for group in named:
                    group.append(Rule(name == "allow", spelled(value)))
    names_us = any(_agent(line) == token.lower() for line in _LINE_END.split(text.lstrip("\ufeff")))
    return _kept(own if names_us else others)


def _kept(found: Sequence[Rule]) -> list[Rule]:
    kept, room = [], ALL
    for rule in found[:RULES]:
        room -= len(rule.pattern)
        if room < 0:
            break
        kept.append(rule)
    return kept


def _group(value: str, token: str, own: list[Rule], others: list[Rule]) -> list[list[Rule]]:
    """Where the rules of a group that begins with `value` belong."""
    if value.startswith("*"):
        return [others]
    found = _TOKEN.match(value)
    return [own] if found and found[0].lower() == token.lower() else []


def _agent(line: str) -> str:
    name, _, value = line.partition("#")[0].partition(":")
    found = _TOKEN.match(value.strip()) if name.strip().lower() == "user-agent" else None
    return found[0].lower() if found else ""


def allowed(found: Iterable[Rule], url: str) -> bool:
    """The longest pattern that fits decides; of two as long, the one that allows. `/robots.txt` is always allowed."""
    parts = urlsplit(url)
    path = spelled(f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}")
    if path == "/robots.txt":
        return True
    fitting = [(len(rule.pattern), rule.allow) for rule in found if fits(rule.pattern, path)]
    return max(fitting, default=(0, True))[1]


def fits(pattern: str, path: str) -> bool:
    """In time linear in both: each piece is looked for behind the one before it, and never again."""
    to_the_end = pattern.endswith("$")
    first, *pieces = pattern.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    if not pieces:
        return not to_the_end or len(path) == len(first)
    position = len(first)
    for piece in pieces[:-1]:
        at = path.find(piece, position)
        if at < 0:
            return False
        position = at + len(piece)
    return _last_fits(pieces[-1], path, position, to_the_end=to_the_end)


def _last_fits(piece: str, path: str, position: int, *, to_the_end: bool) -> bool:
    if to_the_end:
        return len(path) - len(piece) >= position and path.endswith(piece)
    return path.find(piece, position) >= 0


def spelled(text: str) -> str:
    """Octets that need no escape without one, all others with one, in capitals (RFC 9309, 2.2.2)."""
    escaped = quote(text, safe="%/:?#[]@!$&'()*+,;=~-._", errors="replace")
    return _ESCAPE.sub(_one_spelling, escaped)


def _one_spelling(escape: re.Match[str]) -> str:
    character = chr(int(escape[0][1:], 16))
    return character if character in _UNRESERVED else escape[0].upper()


def packed(found: Sequence[Rule]) -> list[list[str]]:
    """As they come out of a child."""
    return [["allow" if rule.allow else "disallow", rule.pattern] for rule in found]


def unpacked(values: Iterable[Sequence[str]]) -> tuple[Rule, ...]:
    return tuple(Rule(value[0] == "allow", value[1]) for value in values)
