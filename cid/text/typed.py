"""Values of TOML and JSON as the frozen dataclasses of `cid/domain`: every key known, every type right, or one sentence
that says which is not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from cid.domain.errors import Misconfigured

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)")
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
T = TypeVar("T")


def into(cls: type[T], table: Mapping[str, Any], where: str) -> T:
    """A dataclass from a TOML table. Unknown and missing keys are errors: a typing mistake must not pass in silence."""
    known = {item.name: item for item in fields(cls)}  # type: ignore[arg-type]  # T is a dataclass here
    unknown = sorted(set(table) - set(known))
    if unknown:
        raise Misconfigured(f"{where} has no setting {unknown[0]!r}: known are {', '.join(sorted(known))}.")
    missing = [
        name
        for name, item in known.items()
        if name not in table and item.default is MISSING and item.default_factory is MISSING
    ]
    if missing:
        raise Misconfigured(f"{where} lacks the setting {missing[0]!r}.")
    hints = get_type_hints(cls)
    return cls(**{name: convert(hints[name], value, f"{where}: {name}") for name, value in table.items()})


def convert(hint: Any, value: Any, where: str) -> Any:
    """A TOML value as the type that a field says."""
    converted: Any = MISSING
    match value:
        case dict() if is_dataclass(hint) and isinstance(hint, type):
            converted = into(hint, value, where)
        case dict() if get_origin(hint) is Mapping:
            inner = get_args(hint)[1]
            converted = {key: convert(inner, part, f"{where}.{key}") for key, part in value.items()}
        case list() if get_origin(hint) is tuple:
            converted = _tuple(get_args(hint), value, where)
        case str() if hint is timedelta:
            converted = duration(value, where)
        case str() if isinstance(hint, type) and issubclass(hint, StrEnum):
            if value not in set(hint):
                raise Misconfigured(f"{where}: {value!r} is none of {', '.join(hint)}.")
            converted = hint(value)
        case int() if hint is float and not isinstance(value, bool):
            converted = float(value)
        case _ if isinstance(hint, type) and type(value) is hint:
            converted = value
    if converted is MISSING:
        raise Misconfigured(f"{where}: {value!r} is not {getattr(hint, '__name__', hint)}.")
    return converted


def _tuple(hints: tuple[Any, ...], value: list[Any], where: str) -> tuple[Any, ...]:
    inner = hints[:1] * len(value) if hints[-1] is Ellipsis else hints
    if len(inner) != len(value):
        raise Misconfigured(f"{where}: {value!r} has not {len(inner)} parts.")
    return tuple(convert(one, part, where) for one, part in zip(inner, value, strict=True))


def duration(text: str, where: str) -> timedelta:
    """From "90s", "250ms", "15m", "2h" or "7d"."""
    match = _DURATION.fullmatch(text.strip())
    if not match:
        raise Misconfigured(f"{where}: {text[:40]!r} is no duration like 90s, 250ms, 15m, 2h or 7d.")
    try:
        return timedelta(seconds=float(match[1]) * _UNITS[match[2]])
    except OverflowError as error:
        raise Misconfigured(f"{where}: {text[:40]!r} is longer than anything lasts.") from error
