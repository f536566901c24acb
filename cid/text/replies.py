"""Replies of models as text: where in them the JSON may be, and what of it can be kept."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cid.domain.llm import Json

LARGEST = 1_000_000
"""Characters of a reply that anybody reads."""
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)[a-zA-Z]*[ \t]*\n(.*?)^[ \t]*(?:```|~~~)", re.DOTALL | re.MULTILINE)


def within(text: str) -> Iterator[tuple[str, str]]:
    """Where in a reply the JSON may be, the likeliest first: a fenced block, or from the first brace to the last."""
    for match in _FENCE.finditer(text):
        yield "fenced", match[1]
    first, last = text.find("{"), text.rfind("}")
    if 0 <= first < last:
        yield "widest", text[first : last + 1]


def storable(text: str) -> str:
    """Without NUL, which Postgres does not keep, and halves of surrogate pairs, which have no bytes."""
    return text.replace("\0", "").encode(errors="ignore").decode()


def storable_value(value: Json) -> Json:
    """The same for every text of a value: JSON can spell what no column holds."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(key): storable_value(inner) for key, inner in value.items()}
    return [storable_value(inner) for inner in value] if isinstance(value, list) else value
