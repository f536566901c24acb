"""Dataclasses as JSON: their schema (JSON Schema 2020-12, as OpenAPI 3.1 has it), strict reading, writing.

What the schema takes is what `read` takes, and the other way round, but for what only a flow can know.
"""

from __future__ import annotations

import json
import re
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from cid.domain.llm import Json

T = TypeVar("T")
LINE = "^[^\\u0000-\\u001f\\u007f]*$"
LINES = "^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f]*$"
"""Also tabs and ends of lines."""
_UUID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
LONGEST = 2000
EARLIEST, LATEST = 2000, 2199
"""Years: moments near the ends of the calendar cannot be stored in every zone."""


@dataclass(frozen=True, slots=True)
class Wrong:
    at: str
    """JSON pointer (RFC 6901) into the body, or the name of a parameter."""
    why: str


class Invalid(Exception):
    def __init__(self, wrong: Sequence[Wrong]) -> None:
        super().__init__("; ".join(f"{one.at or 'the whole'} {one.why}" for one in wrong))
        self.wrong = wrong


class NotJson(Exception):
    """A sentence."""


def text(about: str = "", *, longest: int = LONGEST, shortest: int = 0, lines: bool = False, **options: Any) -> Any:
    pattern = LINES if lines else LINE
    return field(metadata={"about": about, "longest": longest, "shortest": shortest, "pattern": pattern}, **options)


def number(about: str = "", *, least: float, most: float, **options: Any) -> Any:
    return field(metadata={"about": about, "least": least, "most": most}, **options)


def items(about: str = "", *, most: int, fewest: int = 0, each: int = LONGEST, **options: Any) -> Any:
    """`each`: the longest text in it."""
    return field(metadata={"about": about, "most_items": most, "fewest": fewest, "longest": each}, **options)


def about(said: str, **options: Any) -> Any:
    return field(metadata={"about": said}, **options)


# ---------------------------------------------------------------------------------------------- schema


def schema_of(kind: Any) -> dict[str, Json]:
    """A reference where it is a dataclass: `components` has it."""
    if is_dataclass(kind):
        return {"$ref": f"#/components/schemas/{kind.__name__}"}  # type: ignore[union-attr]  # a class by now
    if kind in _PLAIN:
        return dict(_PLAIN[kind])
    options = _options(kind)
    if options:
        inner = schema_of(options[0])
        return {"anyOf": [inner, {"type": "null"}]}
    origin = get_origin(kind)
    if origin is tuple:
        return {"type": "array", "items": schema_of(get_args(kind)[0])}
    if origin in {Mapping, dict}:
        return {"type": "object"}
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return {"type": "string", "enum": [str(member) for member in kind]}
    raise TypeError(f"there is no JSON for {kind}")


_PLAIN: dict[Any, dict[str, Json]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    UUID: {"type": "string", "format": "uuid", "pattern": f"^{_UUID.pattern}$"},
    datetime: {"type": "string", "format": "date-time"},
    Decimal: {"type": "string", "pattern": "^-?[0-9]+([.][0-9]+)?$"},
}


def component(kind: type, *, asked: bool) -> dict[str, Json]:
    """The schema of one dataclass. `asked`: of a request, where what has a default may be left out."""
    properties: dict[str, Json] = {}
    required: list[str] = []
    for spec, hint in _fields(kind):
        properties[_name(spec)] = field_schema(spec, hint, asked=asked)
        if not (asked and _optional(spec)):
            required.append(_name(spec))
    made: dict[str, Json] = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        made["required"] = required
    if kind.__doc__ and not kind.__doc__.startswith(f"{kind.__name__}("):
        made["description"] = kind.__doc__.strip()
    return made


def field_schema(spec: Field[Any], hint: Any, *, asked: bool) -> dict[str, Json]:
    made = schema_of(hint)
    bounded = made["anyOf"][0] if "anyOf" in made else made
    said = spec.metadata
    if asked:
        _bounds(bounded, said)
        if spec.default is not MISSING and (spec.default is None or isinstance(spec.default, str | int | float)):
            made["default"] = spec.default
    if said.get("about"):
        if "$ref" in made:  # beside a reference descriptions are lost on many readers
            made = {"allOf": [made]}
        made["description"] = said["about"]
    return made


def _bounds(made: dict[str, Json], said: Mapping[str, Any]) -> None:
    kind = made.get("type")
    if kind == "string" and "enum" not in made and "format" not in made:
        made["maxLength"] = said.get("longest", LONGEST)
        made["pattern"] = said.get("pattern", LINE)
        if said.get("shortest"):
            made["minLength"] = said["shortest"]
    if kind in {"integer", "number"} and "least" in said:
        made["minimum"], made["maximum"] = said["least"], said["most"]
    if kind == "array" and "most_items" in said:
        made["maxItems"] = said["most_items"]
        made["minItems"] = said["fewest"]
        _bounds(made["items"], {name: said[name] for name in ("longest", "pattern") if name in said})


def inside(kind: Any) -> Iterator[type]:
    """The dataclasses that a type is made of, itself included."""
    if is_dataclass(kind) and isinstance(kind, type):
        yield kind
        for _spec, hint in _fields(kind):
            yield from inside(hint)
        return
    for part in get_args(kind):
        yield from inside(part)


# ---------------------------------------------------------------------------------------------- reading


def parsed(body: bytes) -> Json:
    """JSON as RFC 8259 has it, without numbers that are none and without one name twice. Raises NotJson."""
    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=_once, parse_constant=_constant)
    except UnicodeDecodeError:
        raise NotJson("The body is not UTF-8.") from None
    except RecursionError:
        raise NotJson("The body is nested too deeply.") from None
    except ValueError as error:
        raise NotJson(f"The body is not JSON: {error}.") from None


def _once(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a name stands twice in one object")
    return made


def _constant(said: str) -> Json:
    raise ValueError(f"{said} is no number")


def read(kind: type[T], value: Json) -> T:
    """Raises Invalid with all that is wrong."""
    wrong: list[Wrong] = []
    made = _object(kind, value, "", wrong)
    if wrong:
        raise Invalid(wrong)
    return made  # type: ignore[no-any-return]  # built of JSON


def read_query(kind: type[T], given: Sequence[tuple[str, str]]) -> T:
    """Parameters of an address: each at most once, none that is not known. Raises Invalid."""
    known = {_name(spec): hint for spec, hint in fields_of(kind)}
    wrong = [Wrong(name[:100], "is no parameter here.") for name, _said in given if name not in known]
    said: dict[str, Json] = {}
    for name, raw in given:
        if name in said:
            wrong.append(Wrong(name, "is given twice."))
        elif name in known:
            said[name] = _typed(known[name], raw)
    made = _object(kind, said, None, wrong)
    if wrong:
        raise Invalid(wrong)
    return made  # type: ignore[no-any-return]  # built of JSON


def _typed(hint: Any, raw: str) -> Json:
    kind = (_options(hint) or (hint,))[0]
    if kind is int and re.fullmatch(r"-?[0-9]{1,18}", raw):
        return int(raw)
    if kind is bool and raw in {"true", "false"}:
        return raw == "true"
    return raw


def _object(kind: type, value: Json, at: str | None, wrong: list[Wrong]) -> Any:
    """`at` None: parameters, which are named without a slash."""
    if not isinstance(value, dict):
        wrong.append(Wrong(at or "", "is no object."))
        return None
    values: dict[str, Any] = {}
    known = {_name(spec) for spec, _hint in _fields(kind)}
    wrong += [Wrong(_below(at, str(name)[:100]), "is not known here.") for name in value if name not in known]
    for spec, hint in _fields(kind):
        where = _below(at, _name(spec))
        if _name(spec) not in value:
            if not _optional(spec):
                wrong.append(Wrong(where, "is missing."))
            continue
        values[spec.name] = _value(hint, value[_name(spec)], where, spec.metadata, wrong)
    return None if wrong else kind(**values)


def _below(at: str | None, name: str) -> str:
    return name if at is None else f"{at}/{name.replace('~', '~0').replace('/', '~1')}"


def _value(hint: Any, value: Json, at: str, said: Mapping[str, Any], wrong: list[Wrong]) -> Any:
    options = _options(hint)
    if options:
        return None if value is None else _value(options[0], value, at, said, wrong)
    if is_dataclass(hint) and isinstance(hint, type):
        return _object(hint, value, at, wrong)
    if get_origin(hint) is tuple:
        return _list(hint, value, at, said, wrong)
    try:
        return _scalar(hint, value, said)
    except ValueError as error:
        wrong.append(Wrong(at, str(error)))
        return None


def _list(hint: Any, value: Json, at: str, said: Mapping[str, Any], wrong: list[Wrong]) -> Any:
    if not isinstance(value, list):
        wrong.append(Wrong(at, "is no list."))
        return None
    if not said.get("fewest", 0) <= len(value) <= said.get("most_items", LONGEST):
        wrong.append(Wrong(at, f"has {said.get('fewest', 0)} to {said.get('most_items', LONGEST)} entries."))
        return None
    inner = get_args(hint)[0]
    return tuple(_value(inner, one, f"{at}/{place}", said, wrong) for place, one in enumerate(value))


def _scalar(kind: Any, value: Json, said: Mapping[str, Any]) -> Any:
    """Raises ValueError with what is to be told."""
    if kind is bool:
        return _is(value, bool, "is neither true nor false.")
    if kind in {int, float}:
        return _number(kind, value, said)
    told = _is(value, str, "is no text.")
    if kind is str:
        return _text(told, said)
    if kind is UUID:
        if not _UUID.fullmatch(told):
            raise ValueError("is no id.")
        return UUID(told)
    if kind is datetime:
        return _moment(told)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        if told not in set(kind):
            raise ValueError(f"is none of {', '.join(kind)}.")
        return kind(told)
    raise TypeError(f"there is no reading {kind}")


def _is(value: Json, kind: type[T], why: str) -> T:
    if not isinstance(value, kind):
        raise ValueError(why)  # noqa: TRY004 - told to whoever sent it, as all others
    return value


def _number(kind: Any, value: Json, said: Mapping[str, Any]) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("is no number.")  # noqa: TRY004 - as above
    if kind is int and isinstance(value, float) and not value.is_integer():
        raise ValueError("is no whole number.")
    if "least" in said and not said["least"] <= value <= said["most"]:
        raise ValueError(f"is not between {said['least']} and {said['most']}.")
    return kind(value)


def _text(told: str, said: Mapping[str, Any]) -> str:
    longest, shortest = said.get("longest", LONGEST), said.get("shortest", 0)
    if len(told) > longest:
        raise ValueError(f"is longer than {longest} characters.")
    if len(told) < shortest:
        raise ValueError(f"is shorter than {shortest} characters." if shortest > 1 else "is empty.")
    if not re.fullmatch(said.get("pattern", LINE)[1:-1], told):
        raise ValueError("holds control characters.")
    if any("\ud800" <= sign <= "\udfff" for sign in told):
        raise ValueError("holds halves of characters.")
    return told


def _moment(told: str) -> datetime:
    """RFC 3339, section 5.6: with a date, a time and an offset."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", told):
        raise ValueError("is no moment such as 2026-01-31T09:00:00Z.")
    try:
        moment = datetime.fromisoformat(told.upper())
    except ValueError:
        raise ValueError("is no moment such as 2026-01-31T09:00:00Z.") from None
    if not EARLIEST <= moment.year <= LATEST:
        raise ValueError(f"is not between the years {EARLIEST} and {LATEST}.")
    return moment


# ---------------------------------------------------------------------------------------------- writing


def written(value: object) -> str:
    return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _plain(value: Any) -> Json:
    if is_dataclass(value) and not isinstance(value, type):
        return {_name(spec): _plain(getattr(value, spec.name)) for spec in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple | frozenset):
        return [_plain(one) for one in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID | StrEnum | Decimal):
        return f"{value:f}" if isinstance(value, Decimal) else str(value)
    return value


# ----------------------------------------------------------------------------------------------


@cache
def _fields(kind: Any) -> tuple[tuple[Field[Any], Any], ...]:
    hints = get_type_hints(kind)
    return tuple((spec, hints[spec.name]) for spec in fields(kind))


def fields_of(kind: type) -> tuple[tuple[Field[Any], Any], ...]:
    """And the types of each."""
    return _fields(kind)


def _name(spec: Field[Any]) -> str:
    """As JSON has it: Python's keywords carry a line."""
    return spec.name.rstrip("_")


def _optional(spec: Field[Any]) -> bool:
    return spec.default is not MISSING or spec.default_factory is not MISSING


def _options(hint: Any) -> tuple[Any, ...]:
    """What it is when it is not None, for X | None."""
    if get_origin(hint) not in {Union, types.UnionType}:
        return ()
    return tuple(part for part in get_args(hint) if part is not type(None))
