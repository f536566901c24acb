"""How a briefing's pages look: colours, styles, what every page carries, tables, the radar. Needs the extra `pdf`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from reportlab.graphics.shapes import Circle, Drawing, Line, Polygon, String
from reportlab.lib.colors import HexColor, black
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Paragraph, Table, TableStyle

from cid.domain.run import Tlp
from cid.render.pdf_text import BOLD, REGULAR, markup, on_canvas, width

if TYPE_CHECKING:
    from collections.abc import Sequence

INK, MUTE, RULE, PANEL, ACCENT = map(HexColor, ("#1b2230", "#5b6472", "#d3d8df", "#f3f5f8", "#23406b"))
GOOD, WARN, BAD = "#1f6b3a", "#8a5a00", "#a32020"
TLP_COLOURS = {
    Tlp.CLEAR: HexColor("#ffffff"),
    Tlp.GREEN: HexColor("#33ff00"),
    Tlp.AMBER: HexColor("#ffc000"),
    Tlp.AMBER_STRICT: HexColor("#ffc000"),
    Tlp.RED: HexColor("#ff2b2b"),
}
"""On black (FIRST, TLP 2.0, table of colours)."""
LEFT = RIGHT = 24 * mm
TOP, BOTTOM = 30 * mm, 26 * mm
WIDE, HIGH = A4
ROOM = WIDE - LEFT - RIGHT
"""Points between the margins."""
TLP_SIZE = 12
"""Points; FIRST wants no smaller label in a document."""


PLAIN = ("FONTNAME", (0, 0), (-1, -1), REGULAR)
"""Of every table: else it asks for a font that is not embedded."""


def _style(name: str, size: float, leading: float, **more: Any) -> Any:
    given = {"fontName": REGULAR, "bulletFontName": REGULAR, "textColor": INK, "splitLongWords": 1, **more}
    return ParagraphStyle(name, fontSize=size, leading=leading, **given)


BODY = _style("body", 9.6, 14.2, spaceAfter=5)
SMALL = _style("small", 8.2, 11.6, spaceAfter=2)
QUIET = _style("quiet", 8.2, 11.6, textColor=MUTE, spaceAfter=2)
CELL = _style("cell", 8.2, 11.2)
CELL_HEAD = _style("cell-head", 7.6, 10.5, fontName=BOLD, textColor=MUTE)
EYEBROW = _style("eyebrow", 8.4, 12, fontName=BOLD, textColor=ACCENT, spaceAfter=3)
TITLE = _style("title", 23, 29, fontName=BOLD, spaceAfter=4)
LEAD = _style("lead", 11, 16.6)
H1 = _style("h1", 13.5, 18, fontName=BOLD, textColor=ACCENT, spaceBefore=20, spaceAfter=7, keepWithNext=1)
H2 = _style("h2", 9.6, 14, fontName=BOLD, spaceBefore=8, spaceAfter=3, keepWithNext=1)
FINDING = _style("finding", 10.4, 15.2, fontName=BOLD, spaceAfter=3, keepWithNext=1)
QUOTE = _style("quote", 9, 13.2)
BULLET = _style("bullet", 9.6, 14.2, leftIndent=11, bulletIndent=1, spaceAfter=3)
NUMBER = _style("number", 13, 17, fontName=BOLD)
LINK = _style("link", 8.2, 11.6, textColor=ACCENT, spaceAfter=2)
CELL_LINK = _style("cell-link", 8.2, 11.2, textColor=ACCENT)
STOPPED = _style("stopped", 9, 13, spaceAfter=0)


def chip(said: str, colour: str = "#23406b", ground: str = "#e6ebf3") -> str:
    """Markup of a word on a ground of its own; the word says it, the colour only helps."""
    return (
        f'<font name="{BOLD}" size="7.4" color="{colour}" backColor="{ground}">&nbsp;{markup(said, BOLD)}&nbsp;</font>'
    )


def boxed(content: Sequence[Any], *, ground: Any = PANEL, edge: Any = ACCENT) -> Any:
    """Paragraphs on a panel with a bar at its left; long ones go on over the page."""
    table = Table([[one] for one in content], colWidths=[ROOM], splitInRow=1)
    table.setStyle(
        TableStyle(
            [
                PLAIN,
                ("BACKGROUND", (0, 0), (-1, -1), ground),
                ("LINEBEFORE", (0, 0), (0, -1), 2.4, edge, "butt"),
                ("LEFTPADDING", (0, 0), (-1, -1), 11),
                ("RIGHTPADDING", (0, 0), (-1, -1), 11),
                ("TOPPADDING", (0, 0), (-1, -1), 3),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
                ("TOPPADDING", (0, 0), (-1, 0), 8),
                ("BOTTOMPADDING", (0, -1), (-1, -1), 9),
            ]
        )
    )
    return table


def quoted(content: Sequence[Any], indent: float = 21) -> Any:
    """Set in by so many points, with a thin bar."""
    table = Table([[one] for one in content], colWidths=[ROOM - indent], splitInRow=1, hAlign="RIGHT")
    table.setStyle(
        TableStyle(
            [
                PLAIN,
                ("LINEBEFORE", (0, 0), (0, -1), 1.2, RULE, "butt"),
                ("LEFTPADDING", (0, 0), (-1, -1), 9),
                ("RIGHTPADDING", (0, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 1),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
            ]
        )
    )
    return table


def grid(head: Sequence[str], rows: Sequence[Sequence[Any]], shares: Sequence[float]) -> Any:
    """A table with thin lines between its rows and its head on every page. `shares`: of the width, in any unit."""
    total = sum(shares)
    top = [Paragraph(markup(one, BOLD), CELL_HEAD) for one in head]
    table = Table(
        [top, *rows], colWidths=[ROOM * share / total for share in shares], repeatRows=1, splitInRow=1, spaceAfter=6
    )
    table.setStyle(
        TableStyle(
            [
                PLAIN,
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, 0), 0.9, ACCENT),
                ("LINEBELOW", (0, 1), (-1, -1), 0.4, RULE),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), 7),
                ("TOPPADDING", (0, 0), (-1, -1), 3.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
            ]
        )
    )
    return table


def facts(pairs: Sequence[tuple[str, Any]], share: float = 0.26) -> Any:
    """Names and values side by side."""
    rows = [[Paragraph(markup(name, BOLD), CELL_HEAD), value] for name, value in pairs]
    table = Table(rows, colWidths=[ROOM * share, ROOM * (1 - share)], splitInRow=1, spaceAfter=6)
    table.setStyle(
        TableStyle(
            [
                PLAIN,
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
            ]
        )
    )
    return table


def glance(cells: Sequence[tuple[str, str, float]]) -> Any:
    """Figures and what they are, each with its share of the width, in a row between two lines."""
    figures = [Paragraph(markup(figure, BOLD), NUMBER) for figure, _name, _share in cells]
    names = [Paragraph(markup(name), QUIET) for _figure, name, _share in cells]
    total = sum(share for _figure, _name, share in cells)
    wide = [ROOM * share / total for _figure, _name, share in cells]
    table = Table([figures, names], colWidths=wide, spaceBefore=12, spaceAfter=6)
    table.setStyle(
        TableStyle(
            [
                PLAIN,
                ("LINEABOVE", (0, 0), (-1, 0), 0.6, RULE),
                ("LINEBELOW", (0, -1), (-1, -1), 0.6, RULE),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), 6),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("TOPPADDING", (0, 0), (-1, 0), 7),
                ("BOTTOMPADDING", (0, 0), (-1, 0), 0),
                ("TOPPADDING", (0, 1), (-1, 1), 1),
                ("BOTTOMPADDING", (0, 1), (-1, 1), 7),
            ]
        )
    )
    return table


def tlp_label(canvas: Any, y: float, tlp: Tlp, label: str) -> float:
    """At the right margin; answers how many points it takes."""
    room = width(label, TLP_SIZE, BOLD) + 12
    canvas.setFillColor(black)
    canvas.rect(WIDE - RIGHT - room, y - 5, room, TLP_SIZE + 7, stroke=0, fill=1)
    canvas.setFillColor(TLP_COLOURS[tlp])
    on_canvas(canvas, WIDE - RIGHT - room + 6, y, label, size=TLP_SIZE, font=BOLD)
    return room


def furniture(canvas: Any, *, tlp: Tlp, label: str, head: str, foot: str, page: int, pages: int) -> None:
    """What stands on every page: with whom it may be shared, whose it is, which page of how many."""
    canvas.saveState()
    taken = tlp_label(canvas, HIGH - 19 * mm, tlp, label)
    canvas.setFillColor(MUTE)
    on_canvas(canvas, LEFT, HIGH - 18.4 * mm, head, size=8.4, room=ROOM - taken - 16)
    canvas.setStrokeColor(RULE)
    canvas.setLineWidth(0.5)
    canvas.line(LEFT, HIGH - 23 * mm, WIDE - RIGHT, HIGH - 23 * mm)
    canvas.line(LEFT, 19.5 * mm, WIDE - RIGHT, 19.5 * mm)
    taken = tlp_label(canvas, 12.6 * mm, tlp, label)
    canvas.setFillColor(MUTE)
    count = f"{page} of {pages}"
    on_canvas(canvas, (WIDE - width(count, 8.4)) / 2, 13.4 * mm, count, size=8.4)
    on_canvas(canvas, LEFT, 13.4 * mm, foot, size=8.4, room=WIDE / 2 - LEFT - width(count, 8.4))
    canvas.restoreState()


def radar(axes: Sequence[tuple[str, int, int]], size: float = 176, around: float = 40) -> Any:
    """A polygon of scores: (name, points, of). `around`: points kept free for names at either side."""
    wide, high = size + around, size + 34
    drawing = Drawing(wide, high, initialFontName=REGULAR)
    x0, y0, most = wide / 2, high / 2, size / 2 - 16
    turn = [math.pi / 2 - 2 * math.pi * n / len(axes) for n in range(len(axes))]

    def at(share: float, angle: float) -> tuple[float, float]:
        return x0 + most * share * math.cos(angle), y0 + most * share * math.sin(angle)

    for share in (0.25, 0.5, 0.75, 1.0):
        ring = [place for angle in turn for place in at(share, angle)]
        drawing.add(Polygon(ring, fillColor=None, strokeColor=RULE, strokeWidth=0.8 if share == 1 else 0.4))
    for angle in turn:
        drawing.add(Line(x0, y0, *at(1, angle), strokeColor=RULE, strokeWidth=0.4))
    shares = [points / of if of else 0 for _name, points, of in axes]
    shape = [place for share, angle in zip(shares, turn, strict=True) for place in at(share, angle)]
    fill = HexColor("#23406b")
    drawing.add(Polygon(shape, fillColor=fill, fillOpacity=0.16, strokeColor=ACCENT, strokeWidth=1.3))
    for share, angle in zip(shares, turn, strict=True):
        drawing.add(Circle(*at(share, angle), 2, fillColor=ACCENT, strokeColor=None))
    for number, angle in enumerate(turn, 1):
        x, y = at(1.13, angle)
        drawing.add(String(x, y - 2.8, str(number), fontName=BOLD, fontSize=8, fillColor=ACCENT, textAnchor="middle"))
    return drawing
