"""Lines for spreadsheets and for scripts. Pure."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a cell must not begin with: spreadsheets would calculate it (OWASP, CSV injection)."""


BOM = b"\xef\xbb\xbf"
"""By this spreadsheets know UTF-8; without it they take a file for one of the machine's own old encoding."""


def csv_lines(rows: Iterable[Sequence[object]]) -> bytes:
    """RFC 4180. A cell that would be a formula begins with an apostrophe, which spreadsheets do not show."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for row in rows:
        writer.writerow([safe(cell) for cell in row])
    return out.getvalue().encode("utf-8", "replace")


def safe(cell: object) -> str:
    text = "" if cell is None else str(cell).replace("\0", "")
    return f"'{text}" if text.startswith(_FORMULA) else text


def json_line(value: Any) -> bytes:
    """One value a line, without a line break inside (https://jsonlines.org)."""
    return json.dumps(value, ensure_ascii=False, default=str, separators=(",", ":")).encode("utf-8", "replace") + b"\n"
