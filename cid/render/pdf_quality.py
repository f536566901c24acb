"""The scorecard, its radar, and what limits the briefing. Needs the extra `pdf`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from reportlab.lib.colors import HexColor
from reportlab.platypus import Paragraph, Spacer, Table

from cid.render.pdf_bits import FEW, MOST, SHORT, bullets, cut, heading, human, small
from cid.render.pdf_look import (
    BAD,
    BODY,
    CELL,
    GOOD,
    H2,
    PLAIN,
    QUIET,
    ROOM,
    grid,
    radar,
)
from cid.render.pdf_text import BOLD, markup, text

if TYPE_CHECKING:
    from cid.domain.briefing import Briefing
    from cid.domain.scorecard import ContentCheck, Scorecard

_PASSED = {True: (GOOD, "✓ passed"), False: (BAD, "✗ not passed"), None: ("#5b6472", "– nothing to look at")}


def points_of(card: Scorecard) -> str:
    return f"{card.total} of {sum(one.of for one in card.dimensions)}"


def quality(card: Scorecard) -> Iterator[Any]:
    yield from heading("Quality")
    said = f"Shown as {card.shown}. By form alone, the rubric gives {points_of(card)} points: {card.rating}."
    if card.capped_by:
        names = ", ".join(f"“{human(name).lower()}”" for name in card.capped_by)
        said += f" What is shown is capped at {card.shown}, because a check of content did not pass: {names}."
    yield text(said, BODY)
    axes = [(one.name, one.score, one.of) for one in card.dimensions]
    rows = [
        [small(str(n)), small(human(name)), small(f"{got} / {most}")] for n, (name, got, most) in enumerate(axes, 1)
    ]
    if len(axes) >= 3:
        table = Table(rows, colWidths=[18, ROOM - RADAR - 18 - 48, 48], style=_TIGHT)
        note = text("The centre is no point at all, the edge all of them.", QUIET)
        yield Table([[radar(axes), [table, Spacer(0, 4), note]]], colWidths=[RADAR, ROOM - RADAR], style=_MIDDLE)
    elif rows:
        yield grid(["", "Dimension", "Points"], rows, [0.5, 5, 2])
    lost = [(one.name, point) for one in card.dimensions for point in one.points if point.points < point.of]
    if lost:
        yield Paragraph(markup("Where points were lost", BOLD), H2)
        rows = [[small(human(n)), small(human(p.check)), small(f"{p.points} / {p.of}"), small(p.why)] for n, p in lost]
        yield grid(["Dimension", "Check", "Points", "Why"], rows[:MOST], [2.4, 2.8, 1.1, 5])
    if card.checks:
        yield Paragraph(markup("Checks of content, which the rubric cannot see", BOLD), H2)
        yield grid(["Check", "Result", "Why"], [_check(one) for one in card.checks[:FEW]], [2.6, 2, 6])


_TIGHT = [
    PLAIN,
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("TOPPADDING", (0, 0), (-1, -1), 3),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ("LINEBELOW", (0, 0), (-1, -1), 0.4, HexColor("#d3d8df")),
]
_MIDDLE = [
    PLAIN,
    ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("RIGHTPADDING", (0, 0), (-1, -1), 0),
]
RADAR = 226
"""Points of width for the drawing."""


def _check(one: ContentCheck) -> list[Any]:
    colour, said = _PASSED[one.passed]
    why = [one.why, *(cut(place, SHORT) for place in one.where[:5])]
    if one.passed is False and one.cap:
        why.append(f"Caps the rating at {one.cap}.")
    return [
        small(human(one.name)),
        Paragraph(f'<font color="{colour}">{markup(said)}</font>', CELL),
        [small(line) for line in why if line],
    ]


def limitations(briefing: Briefing) -> Iterator[Any]:
    found = [(title, getattr(briefing.limitations, name)) for name, title in _LIMITS.items()]
    yield from heading("Limitations")
    if not any(lines for _title, lines in found):
        yield text("The briefing names none, which is one.", BODY)
    for title, lines in found:
        if lines:
            yield Paragraph(markup(title, BOLD), H2)
            yield from bullets(lines)


_LIMITS = {
    "cannot_determine": "Cannot be determined",
    "data_gaps": "Gaps in the data",
    "alternative_interpretations": "Other readings",
    "assessment_changing_factors": "What would change this assessment",
}
