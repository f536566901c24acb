"""What people type for a number of the gates, and how its value is spelled for them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any, get_args, get_origin

from cid.domain.errors import Misconfigured, Refused
from cid.domain.knobs import Knob
from cid.domain.llm import Json
from cid.text.typed import convert
from cid.text.words import words

_APART = re.compile(r"[\s,;]+")
_UNITS = ((86_400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def spelled(value: Any) -> str:
    """As `told` reads it."""
    match value:
        case bool():
            return "yes" if value else "no"
        case timedelta():
            return duration(value)
        case Mapping():
            return "\n".join(f"{key}: {', '.join(map(spelled, parts))}" for key, parts in value.items())
        case tuple():
            return _spelled_list(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _spelled_list(value: tuple[Any, ...]) -> str:
    if any(isinstance(part, tuple) for part in value):
        return "\n".join(": ".join(map(spelled, part)) for part in value)
    return ("\n" if any(isinstance(part, str) for part in value) else ", ").join(map(spelled, value))


def duration(value: timedelta) -> str:
    """In the largest unit that leaves nothing over; days from three of them: 48h, 3d, 90s, 0.5s."""
    seconds = value.total_seconds()
    for size, name in _UNITS:
        if seconds and seconds % size == 0 and (size < 86_400 or seconds >= 3 * size):
            return f"{seconds / size:g}{name}"
    return f"{seconds:g}s"


def told(hint: Any, text: str, name: str) -> Json:
    """What somebody typed, as TOML would say it. Raises Refused."""
    text = text.strip()
    inner = get_args(hint)
    if get_origin(hint) is tuple:
        return _list(inner[0], text, name)
    if get_origin(hint) is Mapping:
        return _by_name(text, name)
    if hint is bool:
        if text not in {"yes", "no"}:
            raise Refused(f"{name}: {text[:40]!r} is neither yes nor no.")
        return text == "yes"
    if hint in {int, float}:
        return _number(hint, text, name)
    if not text:
        raise Refused(f"{name} is missing.")
    return text


def _number(hint: type, text: str, name: str) -> int | float:
    try:
        value: int | float = hint(text)
    except (ValueError, OverflowError):
        raise Refused(f"{name}: {text[:40]!r} is no {'whole ' if hint is int else ''}number.") from None
    if isinstance(value, float) and not math.isfinite(value):
        raise Refused(f"{name}: {text[:40]!r} is no number.")
    return value


def _list(inner: Any, text: str, name: str) -> list[Json]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if get_origin(inner) is tuple:
        pairs = [[_number(int, part, name) for part in _APART.split(line.replace(":", " "))] for line in lines]
        return sorted(pairs, reverse=True)  # the largest count first, as the gates read them
    if inner is str:
        return list(dict.fromkeys(lines))
    parts = [part for part in _APART.split(text) if part]
    return [part if inner is timedelta else _number(inner, part, name) for part in parts]


def _by_name(text: str, name: str) -> dict[str, Json]:
    """`en: this, that` a line; a name may have several."""
    made: dict[str, Json] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        key, colon, rest = line.partition(":")
        if not colon or not key.strip():
            raise Refused(f"{name}: {line[:40]!r} is no line like `en: this, that`.")
        said = [part.strip() for part in rest.split(",") if part.strip()]
        made[key.strip()] = [*made.get(key.strip(), ()), *said]
    return made


def fitting(hint: Any, value: Json, knob: Knob | None, where: str) -> Any:
    """A stored or typed value as its field's type and within its bounds. Raises Misconfigured: one sentence."""
    try:
        typed = convert(hint, value, where)
    except OverflowError as error:
        raise Misconfigured(f"{where}: {str(value)[:40]} is too large.") from error
    if knob is not None:
        _bounded(typed, knob, where)
    return typed


def _bounded(value: Any, knob: Knob, where: str) -> None:
    match value:
        case bool() | StrEnum():
            return
        case int() | float():
            _between(value, knob, spelled, value, where)
        case timedelta():
            _between(value.total_seconds(), knob, lambda size: duration(timedelta(seconds=size)), value, where)
        case str():
            _named(value, knob, where)
        case Mapping():
            if len(value) > knob.many:
                raise Misconfigured(f"{where} has {len(value)} entries, and {knob.many} at most are taken.")
            for key, parts in value.items():
                _bounded((key, *parts), knob, where)
        case tuple():
            _listed(value, knob, where)


def _listed(value: tuple[Any, ...], knob: Knob, where: str) -> None:
    if len(value) > knob.many:
        raise Misconfigured(f"{where} has {len(value)} entries, and {knob.many} at most are taken.")
    for part in value:
        if isinstance(part, tuple):  # so many, and what for it
            if not 1 <= part[0] <= 1_000:
                raise Misconfigured(f"{where}: {part[0]} is not between 1 and 1000.")
            part = part[1]  # noqa: PLW2901 - what is bounded of a pair
        _bounded(part, knob, where)


def _between(size: float, knob: Knob, spell: Any, value: Any, where: str) -> None:
    low, high = knob.least, knob.most
    if low is not None and high is not None and not low <= size <= high:
        raise Misconfigured(f"{where}: {spelled(value)[:40]} is not between {spell(low)} and {spell(high)}.")


def _named(value: str, knob: Knob, where: str) -> None:
    if len(value) > knob.long:
        raise Misconfigured(f"{where}: {value[:20]!r}… is longer than {knob.long} characters.")
    if not words(value):
        raise Misconfigured(f"{where}: {value!r} holds no word.")
