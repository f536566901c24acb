"""What a kind of source must be told, as a frozen dataclass whose fields are made by `setting`.

The same class reads what somebody types (text), what a file brings and what is stored (JSON), and forms and help texts
are drawn from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from enum import StrEnum
from typing import Any, TypeVar, get_origin, get_type_hints

from cid.domain.errors import Refused
from cid.domain.llm import Json

S = TypeVar("S")
LONGEST = 500
"""Characters of one setting, unless it says otherwise."""
MANY = 50
"""Values of one setting that takes several."""
_YES, _NO = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})


def setting(
    label: str,
    *,
    default: Any = MISSING,
    hint: str = "",
    longest: int = LONGEST,
    read: Callable[[str], str] | None = None,
    low: int = 0,
    high: int = 1_000_000,
    secret: bool = False,
) -> Any:
    """A field of a kind's settings. Types understood: str, bool, int, a StrEnum, tuple[str, ...].

    Without a default it must be given. `read` brings a text into its one spelling, and raises Refused. A source that
    was told a `secret` is the tenant's own, and no page shows what it was.
    """
    about = {"label": label, "hint": hint, "longest": longest, "read": read, "low": low, "high": high, "secret": secret}
    return field(metadata=about) if default is MISSING else field(metadata=about, default=default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One setting, for forms and help texts."""

    name: str
    label: str
    hint: str
    shape: str
    """text, number, choice or list."""
    options: tuple[str, ...]
    required: bool
    default: str
    longest: int
    secret: bool

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Value and text of each option."""
        return tuple((option, option) for option in self.options)


def read(cls: type[S], given: Mapping[str, Json]) -> S:
    """Settings of text or JSON values. Raises Refused: unknown, missing, or not what the setting takes."""
    known = {spec.name: spec for spec in fields(cls)}  # type: ignore[arg-type]  # settings are a dataclass
    unknown = sorted(set(given) - set(known))
    if unknown:
        names = ", ".join(known) or "none"
        raise Refused(f"There is no setting {unknown[0][:50]!r} here: known are {names}.")
    hints = get_type_hints(cls)
    values = {}
    for name, spec in known.items():
        value = given.get(name)
        empty = value is None or (isinstance(value, str) and not value.strip()) or value == []
        if empty and spec.default is MISSING:
            raise Refused(f"{spec.metadata['label']} is missing.")
        values[name] = spec.default if empty else _value(spec, hints[name], value)
    return cls(**values)


def stored(settings: object) -> dict[str, Json]:
    """The settings as JSON, without those that are as nobody said anything."""
    kept: dict[str, Json] = {}
    for spec in fields(settings):  # type: ignore[arg-type]  # settings are a dataclass
        value = getattr(settings, spec.name)
        if value != spec.default:
            kept[spec.name] = list(value) if isinstance(value, tuple) else value
    return kept


def specs(cls: type) -> tuple[Spec, ...]:
    hints = get_type_hints(cls)
    return tuple(_spec(each, hints[each.name]) for each in fields(cls))


def _spec(spec: Field[Any], hint: Any) -> Spec:
    about = spec.metadata
    shapes = {bool: "choice", int: "number"}
    choices = isinstance(hint, type) and issubclass(hint, StrEnum)
    shape = "choice" if choices else "list" if get_origin(hint) is tuple else shapes.get(hint, "text")
    return Spec(
        name=spec.name,
        label=about["label"],
        hint=about["hint"],
        shape=shape,
        options=tuple(map(str, hint)) if choices else ("yes", "no") if hint is bool else (),
        required=spec.default is MISSING,
        default=_typed(spec.default),
        longest=about["longest"],
        secret=about["secret"],
    )


def _typed(default: Any) -> str:
    """As it would be typed."""
    match default:
        case bool():
            return "yes" if default else "no"
        case tuple():
            return ", ".join(default)
    return "" if default is MISSING else str(default)


def _value(spec: Field[Any], hint: Any, value: Json) -> Any:
    about = spec.metadata
    label = about["label"]
    if get_origin(hint) is tuple:
        parts = value if isinstance(value, list | tuple) else str(value).replace("\n", ",").split(",")
        many = tuple(dict.fromkeys(_text(about, part) for part in parts if str(part).strip()))
        if len(many) > MANY:
            raise Refused(f"{label} takes at most {MANY} values.")
        return many
    if hint is bool:
        return _bool(label, value)
    if hint is int:
        return _number(about, value)
    text = _text(about, value)
    if issubclass(hint, StrEnum):
        if text not in set(hint):
            raise Refused(f"{label} is one of {', '.join(filter(None, hint))}.")
        return hint(text)
    return text


def _text(about: Mapping[str, Any], value: Json) -> str:
    if not isinstance(value, str):
        raise Refused(f"{about['label']} is a text.")
    text, longest, reader = value.strip(), about["longest"], about["read"]
    if len(text) > longest:
        raise Refused(f"{about['label']} is longer than {longest} characters.")
    if any(c < " " or c == "\x7f" or "\ud800" <= c <= "\udfff" for c in text):
        raise Refused(f"{about['label']} holds control characters.")
    return reader(text) if reader else text


def _bool(label: str, value: Json) -> bool:
    text = str(value).strip().lower()
    if text not in _YES | _NO:
        raise Refused(f"{label} is yes or no.")
    return text in _YES


def _number(about: Mapping[str, Any], value: Json) -> int:
    text = str(value).strip()
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and about["low"] <= int(text) <= about["high"]):
        raise Refused(f"{about['label']} is a whole number from {about['low']} to {about['high']}.")
    return int(text)
