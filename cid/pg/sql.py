"""Named queries. A missing name fails when the module that wants it is imported."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

SQL = Path(__file__).resolve().parents[2] / "sql"
_NAME = re.compile(r"^-- name: ([a-z][a-z0-9_]*)\n", re.MULTILINE)


@cache
def queries(file: str) -> dict[str, str]:
    """Every statement of sql/queries/<file>.sql by its name; the comment after the name is its reason."""
    parts = _NAME.split((SQL / "queries" / f"{file}.sql").read_text())
    names, texts = parts[1::2], parts[2::2]
    if len(set(names)) != len(names):
        raise ValueError(f"sql/queries/{file}.sql names a query twice")
    return dict(zip(names, (text.strip().rstrip(";") for text in texts), strict=True))


def query(dotted: str) -> str:
    file, name = dotted.split(".")
    return queries(file)[name]
