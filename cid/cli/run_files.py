"""Outlets of a batch, from a file: TOML or CSV."""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from cid.domain.errors import Refused
from cid.domain.run import Wish

LARGEST = 1_000_000
"""Bytes."""
KNOWN = tuple(item.name for item in fields(Wish))
YES = frozenset({"yes", "true", "1", "on"})


def wishes(path: Path) -> list[Wish]:
    """What the file asks for, unchecked but for its names. TOML: a table [[outlet]] each. CSV (UTF-8, comma or
    semicolon): a row each under a header, several sources by spaces. Raises Refused, naming where."""
    try:
        body = path.read_bytes()
    except OSError as error:
        raise Refused(f"{path} cannot be read ({error.strerror}).") from error
    if len(body) > LARGEST:
        raise Refused(f"{path} has {len(body)} bytes; a list of outlets has {LARGEST} at most.")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(f"{path} is no text in UTF-8.") from error
    return _toml(text, path.name) if path.suffix == ".toml" else _csv(text, path.name)


def _toml(text: str, name: str) -> list[Wish]:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Refused(f"{name} is not valid TOML: {error}.") from error
    rows = table.get("outlet")
    if set(table) != {"outlet"} or not isinstance(rows, list):
        raise Refused(f"{name} holds tables [[outlet]] and nothing else.")
    return [_wish(row, f"{name}, outlet {number}") for number, row in enumerate(rows, 1)]


def _csv(text: str, name: str) -> list[Wish]:
    head = text.split("\n", 1)[0]
    rows = csv.DictReader(io.StringIO(text), delimiter=";" if head.count(";") > head.count(",") else ",", strict=True)
    try:
        listed = [(rows.line_num, row) for row in rows]
    except csv.Error as error:
        raise Refused(f"{name}, line {rows.line_num}: {error}.") from error
    found = []
    for line, row in listed:
        where = f"{name}, line {line}"
        if None in row or None in row.values():
            raise Refused(f"{where}: it has another number of columns than the header.")
        if any(value.strip() for value in row.values()):
            found.append(_wish({key.strip(): value for key, value in row.items() if value.strip()}, where))
    return found


def _wish(row: Any, where: str) -> Wish:
    if not isinstance(row, Mapping):
        raise Refused(f"{where}: a table of names and values is wanted.")
    unknown = [key for key in row if key not in KNOWN]
    if unknown:
        raise Refused(f"{where}: there is no {unknown[0]!r}; known are {', '.join(KNOWN)}.")
    values: dict[str, Any] = {key: str(value) for key, value in row.items() if key not in {"sources", "substitute"}}
    sources = row.get("sources", ())
    values["sources"] = tuple(sources.split() if isinstance(sources, str) else map(str, sources))
    values["substitute"] = str(row.get("substitute", "")).strip().lower() in YES
    return Wish(**{"outlet": "", **values})
