"""What a posted form becomes: a frozen dataclass, or a sentence about what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from enum import StrEnum
from typing import Any, TypeVar, get_type_hints
from uuid import UUID

from cid.domain.errors import Refused

F = TypeVar("F")
LONGEST = 2000


class Invalid(Refused):
    """`wrong` says for each field of the form what is wrong with it."""

    def __init__(self, wrong: Mapping[str, str]) -> None:
        super().__init__(" ".join(f"{name}: {why}" for name, why in wrong.items()))
        self.wrong = wrong


def text(*, longest: int = LONGEST, default: Any = MISSING, strip: bool = True, lines: bool = False) -> Any:
    """A text field of a form. Without a default it must not be empty; with `lines` it may have several."""
    metadata = {"longest": longest, "strip": strip, "lines": lines}
    return field(metadata=metadata) if default is MISSING else field(metadata=metadata, default=default)


def read(form: type[F], posted: Mapping[str, Any]) -> F:
    """Raises Invalid. Types understood: str, bool (a checkbox), int, float, UUID, StrEnum."""
    hints = get_type_hints(form)
    values: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for spec in fields(form):  # type: ignore[arg-type]  # a form is a dataclass
        raw = posted.get(spec.name)
        if raw is not None and not isinstance(raw, str):
            wrong[spec.name] = "is a file where text is wanted."
            continue
        try:
            values[spec.name] = _value(spec, hints[spec.name], raw)
        except ValueError as error:
            wrong[spec.name] = str(error)
    if wrong:
        raise Invalid(wrong)
    return form(**values)


def _value(spec: Field[Any], kind: type, raw: str | None) -> Any:
    """Raises ValueError with what is to be told."""
    if kind is bool:
        return raw is not None
    if raw is None or not raw.strip():
        if spec.default is MISSING:
            raise ValueError("is missing.")
        return spec.default
    if kind is str:
        return _text(spec, raw)
    try:
        return kind(raw.strip())
    except ValueError:
        raise ValueError(_wanted(kind)) from None


def _wanted(kind: type) -> str:
    if kind in {int, float}:
        return "is not a number."
    if kind is UUID:
        return "is not an id."
    if issubclass(kind, StrEnum):
        return f"is none of {', '.join(kind)}."
    raise TypeError(f"a form has no fields of {kind}")


def _text(spec: Field[Any], raw: str) -> str:
    value = raw.strip() if spec.metadata.get("strip", True) else raw
    if len(value) > spec.metadata.get("longest", LONGEST):
        raise ValueError(f"is longer than {spec.metadata.get('longest', LONGEST)} characters.")
    if not clean(value, lines=spec.metadata.get("lines", False)):
        raise ValueError("holds control characters.")
    return value.replace("\r\n", "\n")


def clean(value: str, *, lines: bool = False) -> bool:
    """Whether the text can be stored: no control characters (Postgres takes no NUL) and no half characters."""
    allowed = {"\t", "\n", "\r"} if lines else set()
    return all(c in allowed or not (c < " " or c == "\x7f" or "\ud800" <= c <= "\udfff") for c in value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """A form of one button."""
