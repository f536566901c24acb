"""What the parts of a briefing's PDF have in common: lengths, headings, lists. Needs the extra `pdf`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from reportlab.platypus import CondPageBreak, Paragraph

from cid.render.pdf_look import (
    BULLET,
    CELL,
    H1,
    QUIET,
)
from cid.render.pdf_text import BOLD, markup, text

if TYPE_CHECKING:
    from datetime import datetime


LONG, MIDDLE, SHORT, RAW = 3000, 800, 400, 20_000
"""Characters."""
MOST, FEW = 60, 20
"""Lines of a table, and of a list of texts."""
RAW_LINES = 1000
EVIDENCE = 60_000
"""Characters of all findings together, after which no further one is set: some 25 pages."""


def cut(said: str, most: int) -> str:
    more = len(said) - most
    return said if more <= 0 else f"{said[:most].rstrip()} … ({more:,} more characters in the JSON export)"


def heading(title: str) -> list[Any]:
    made = Paragraph(markup(title, BOLD), H1)
    made.outline = (0, title)
    return [CondPageBreak(90), made]


def small(said: str) -> Any:
    return text(cut(said, MIDDLE), CELL)


def bullets(lines: Sequence[str]) -> Iterator[Any]:
    for line in lines[:FEW]:
        yield text(cut(line, MIDDLE), BULLET, before='<bullet color="#23406b">•</bullet>')
    yield from more(len(lines) - FEW)


def more(left_out: int, what: str = "") -> Iterator[Any]:
    if left_out > 0:
        yield text(f"… and {left_out} more {what} in the JSON export.".replace("  ", " "), QUIET)


def human(name: str) -> str:
    """`data_gaps` → `Data gaps`."""
    spaced = name.replace("_", " ").strip()
    return spaced[:1].upper() + spaced[1:]


def when(at: datetime | None) -> str:
    return f"{at:%-d %B %Y, %H:%M} UTC" if at else "not known"


def count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"
