"""JSON of others, of which nothing is sure: each value as what it should be, or as nothing."""

from __future__ import annotations

from collections.abc import Mapping

from cid.domain.llm import Json


def mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}


def rows(value: Json) -> list[Mapping[str, Json]]:
    """The objects of a list; what is none is left out."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def number(value: Json) -> int | None:
    """A whole number, also where it is spelled as text."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 18:
        return int(value)
    return value if isinstance(value, int) and abs(value) < 10**18 else None


def counts(value: Json, names: Mapping[str, str]) -> dict[str, int]:
    """Their names → ours, of those that are there."""
    found = mapping(value)
    return {ours: count for theirs, ours in names.items() if (count := number(found.get(theirs))) is not None}
