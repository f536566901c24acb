"""Rows become frozen dataclasses by column name, never by position."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, TypeVar, Union, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cid.ports import Row

T = TypeVar("T")


@cache
def _enums(cls: type) -> dict[str, type[StrEnum]]:
    """The fields whose type is an enum, or an enum or None."""
    found: dict[str, type[StrEnum]] = {}
    for name, hint in get_type_hints(cls).items():
        options = get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)
        for option in options:
            if isinstance(option, type) and issubclass(option, StrEnum):
                found[name] = option
    return found


def into(cls: type[T], row: Row) -> T:
    values = dict(row.items())
    for name, enum in _enums(cls).items():  # type: ignore[arg-type]  # a class is hashable
        if values[name] is not None:
            values[name] = enum(values[name])
    return cls(**values)


def each(cls: type[T], rows: Iterable[Row]) -> list[T]:
    return [into(cls, row) for row in rows]
