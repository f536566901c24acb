"""Frozen values as JSON and back, by their type hints: for what is stored whole and read whole.

Bytes are hex, moments RFC 3339, enums their values. Names that a class does not have are left out in reading, so that
older code reads what newer code wrote; what is missing takes its default.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from cid.domain.llm import Json

T = TypeVar("T")


_AS_TEXT: Mapping[type, Callable[[Any], str]] = {
    UUID: str,
    bytes: bytes.hex,
    datetime: datetime.isoformat,
}
_FROM_TEXT: Mapping[type, Callable[[str], Any]] = {
    UUID: UUID,
    bytes: bytes.fromhex,
    datetime: datetime.fromisoformat,
}


def plain(value: object) -> Json:
    """As JSON."""
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    return _text(value)


def _text(value: object) -> Json:
    for kind, write in _AS_TEXT.items():
        if isinstance(value, kind):
            return write(value)
    if value is not None and not isinstance(value, bool | int | float | str):
        raise TypeError(f"no JSON for {type(value).__name__}")
    return str(value) if isinstance(value, StrEnum) else value


def built(cls: type[T], value: Json) -> T:
    """From what `plain` made. Raises ValueError where something has another shape."""
    made: T = _built(cls, value)
    return made


@cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


def _built(hint: Any, value: Json) -> Any:
    if hint is Any:  # JSON in JSON, such as what a platform says about a post
        return value
    origin = get_origin(hint)
    if origin in {Union, UnionType}:
        return None if value is None else _built(next(one for one in get_args(hint) if one is not type(None)), value)
    if origin is tuple:
        if not isinstance(value, list):
            raise ValueError(f"no list: {type(value).__name__}")
        return tuple(_built(get_args(hint)[0], one) for one in value)
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            raise ValueError(f"no object: {type(value).__name__}")
        return {key: _built(get_args(hint)[1], one) for key, one in value.items()}
    if isinstance(hint, type) and is_dataclass(hint):
        return _dataclass(hint, value)
    return _scalar(hint, value)


def _dataclass(cls: type, value: Json) -> Any:
    if not isinstance(value, Mapping):
        raise ValueError(f"no {cls.__name__}: {type(value).__name__}")  # noqa: TRY004 - as above
    hints, found = _hints(cls), {}
    for one in fields(cls):
        if one.name in value:
            found[one.name] = _built(hints[one.name], value[one.name])
        elif one.default is MISSING and one.default_factory is MISSING:
            raise ValueError(f"{cls.__name__} without {one.name}")
    return cls(**found)


def _scalar(hint: Any, value: Json) -> Any:
    while hasattr(hint, "__supertype__"):  # of NewType
        hint = hint.__supertype__
    if hint is float and type(value) is int:
        return float(value)
    if hint in _FROM_TEXT or (isinstance(hint, type) and issubclass(hint, StrEnum)):
        return _FROM_TEXT.get(hint, hint)(value)
    if isinstance(hint, type) and type(value) is not hint:
        raise ValueError(f"no {hint.__name__}: {type(value).__name__}")
    return value
