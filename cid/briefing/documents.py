"""The JSON documents that a reply may hold, the likeliest first: for replies that are not what was asked for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice

from cid.domain.llm import Json
from cid.text.replies import LARGEST, storable_value
from cid.text.replies import within as places

TRIES = 4
"""Places within a reply that are looked at."""
DEEPEST = 60
"""Brackets within brackets of a reply that was cut off."""
WRAPPED = ("structured_briefing", "briefing")
_STEP = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)|[\[\]{},]', re.DOTALL)
_FAILED = object()


def within(raw: str) -> Iterator[tuple[str, Json]]:
    """How it was found, and the document that may be the briefing. Never raises."""
    text = raw[:LARGEST]
    for how, part in _parts(text):
        value = _parsed(part)
        if isinstance(value, str):  # JSON within JSON
            value = _parsed(value)
        if value is not _FAILED:
            yield how, _unwrapped(value)


def _parts(text: str) -> Iterator[tuple[str, str]]:
    yield "the whole of it was read", text
    for how, part in islice(places(text), TRIES):
        yield ("a fenced block was read" if how == "fenced" else "what stands within braces was read"), part
    if completed := _completed(text):
        yield "it was cut off, and what came before was read", completed


def _parsed(text: str) -> Json:
    try:
        return storable_value(json.loads(text, parse_constant=lambda _: None))
    except (ValueError, RecursionError):
        return _FAILED


def _unwrapped(value: Json) -> Json:
    """Out of a list of answers, a list of one, or the predecessor's frame."""
    if isinstance(value, dict) and isinstance(value.get("answers"), list):
        value = value["answers"]
    if isinstance(value, list) and len(value) == 1:
        (value,) = value
    if isinstance(value, dict):
        for name in WRAPPED:
            if isinstance(value.get(name), dict):
                rest = {key: inner for key, inner in value.items() if key != name}
                return {**rest, **value[name]}
    return value


def _completed(text: str) -> str:
    """From its first brace to the last value that is whole, with the brackets closed that are open there; empty where
    nothing is."""
    first = text.find("{")
    if first < 0:
        return ""
    stack: list[str] = []
    end = depth = 0
    for step in _STEP.finditer(text, first):
        mark = step[0]
        if mark in "{[":
            stack.append("}" if mark == "{" else "]")
            if len(stack) > DEEPEST:
                return ""
        elif mark in "}]":
            if not stack or stack.pop() != mark:
                break
            end, depth = step.end(), len(stack)
        elif mark == ",":
            end, depth = step.start(), len(stack)
        if not stack:
            return ""
    return text[first:end] + "".join(reversed(stack[:depth])) if end else ""
