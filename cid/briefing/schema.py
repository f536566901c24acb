"""The published shape of a stored briefing, as JSON Schema: made of the types themselves, with their vocabularies.

`docs/briefing.schema.json` is what this gives, for readers without the code; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from cid.briefing.read import SCHEMA_VERSION
from cid.domain import briefing as nouns
from cid.domain.llm import Json

WORDS: Mapping[tuple[type, str], tuple[str, ...]] = {
    (nouns.Evidence, "kind"): nouns.EVIDENCE,
    (nouns.Referenced, "kind"): nouns.EVIDENCE,
    (nouns.Finding, "confidence"): nouns.CONFIDENCE,
    (nouns.Factor, "level"): nouns.CONFIDENCE,
    (nouns.Assessment, "overall"): nouns.CONFIDENCE,
    (nouns.Told, "frequency"): nouns.FREQUENCY,
    (nouns.Told, "stance"): nouns.STANCES,
    (nouns.Attribution, "role"): nouns.ROLES,
}
"""Fields that hold one of a vocabulary, or are empty where nothing valid was said."""
_PLAIN: Mapping[Any, Json] = {str: {"type": "string"}, int: {"type": "integer"}, bool: {"type": "boolean"}}


def schema() -> dict[str, Json]:
    """Draft 2020-12, without references, closed: what it does not name is not there."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:cid:briefing:{SCHEMA_VERSION}",
        "title": f"Briefing {SCHEMA_VERSION} of the Content Intelligence Desk",
        **_of(nouns.Briefing),
    }


def _of(hint: Any) -> dict[str, Json]:
    if hint in _PLAIN:
        return dict(_PLAIN[hint])
    origin, inside = get_origin(hint), get_args(hint)
    if origin in {Union, UnionType}:
        (one,) = [part for part in inside if part is not type(None)]
        return {"anyOf": [_of(one), {"type": "null"}]}
    if origin is tuple:
        return {"type": "array", "items": _of(inside[0])}
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _of(inside[1])}
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return {"type": "string", "enum": [str(one) for one in hint]}
    if isinstance(hint, type) and is_dataclass(hint):
        return _object(hint)
    raise TypeError(f"no schema for {hint!r}")


def _object(cls: type) -> dict[str, Json]:
    hints = get_type_hints(cls)
    properties = {one.name: _of(hints[one.name]) for one in fields(cls)}
    for name, found in properties.items():
        if (cls, name) in WORDS:
            found["enum"] = [*WORDS[cls, name], ""]
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
