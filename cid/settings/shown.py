"""Settings as they are shown: everything but secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import timedelta
from typing import Any, get_args, get_type_hints

from cid.settings.keys import SOURCE_KEYS, key_names
from cid.settings.values import Secret, Settings


def effective(settings: Settings) -> dict[str, Any]:
    """Every setting under its dotted name as plain JSON values; secrets only as "set" or "missing"."""
    shown = _plain(settings, "")
    for name in key_names(settings.endpoints):
        shown[name] = "set" if name in settings.provider_keys else "missing"
    for name in SOURCE_KEYS:
        shown[name] = "set" if name in settings.source_keys else "missing"
    return shown


def _plain(value: Any, prefix: str) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    hints = get_type_hints(type(value))
    for item in fields(value):
        name, inner = prefix + item.name, getattr(value, item.name)
        if item.name in {"provider_keys", "source_keys"}:
            continue
        if Secret in (hints[item.name], *get_args(hints[item.name])):
            shown[name] = "set" if inner else "missing"
        elif is_dataclass(inner):
            shown |= _plain(inner, name + ".")
        elif isinstance(inner, tuple) and inner and is_dataclass(inner[0]):
            for element in inner:
                shown |= _plain(element, f"{name}.{getattr(element, 'name', '')}.")
        else:
            shown[name] = _json(inner)
    return shown


def _json(value: Any) -> Any:
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g}s"
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    return value if isinstance(value, int | float | str | tuple | None) else str(value)
