"""The figures of a run as one SVG, drawn by hand: readable on light and on dark paper."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from statistics import median
from typing import Any, TypeAlias

from bench.queue import report
from bench.queue.report import Rows

WIDTH, HEIGHT = 980, 740
COLOURS = {"cid": "#2f81d8", "pgqueuer": "#d9822b", "procrastinate": "#8f6bc0", "ceiling": "#7d8590"}
STYLE = """
text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #4a525b }
.title { font-size: 17px; font-weight: 600 } .head { font-size: 13px; font-weight: 600 } .small { font-size: 11px }
.grid { stroke: #8b949e; stroke-opacity: .28 } .end { text-anchor: end } .middle { text-anchor: middle }
@media (prefers-color-scheme: dark) { text { fill: #c2cad3 } }
"""
Scale: TypeAlias = Callable[[float], float]
Ends: TypeAlias = tuple[tuple[float, float], tuple[float, float]]


class Drawing:
    def __init__(self) -> None:
        self.parts: list[str] = []

    def text(self, x: float, y: float, said: str, kind: str = "", colour: str = "") -> None:
        fill = f' style="fill:{colour}"' if colour else ""
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}"{fill}>{escape(said)}</text>')

    def line(self, ends: Ends, colour: str = "", width: float = 1.0) -> None:
        (x1, y1), (x2, y2) = ends
        look = f'stroke="{colour}" stroke-width="{width}" stroke-linecap="round"' if colour else 'class="grid"'
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" {look}/>')

    def dot(self, x: float, y: float, colour: str, radius: float = 4.5) -> None:
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{colour}"/>')

    def bar(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        self.parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height}" rx="2" fill="{colour}"/>'
        )

    def path(self, points: Sequence[tuple[float, float]], colour: str) -> None:
        drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="2"/>')

    def svg(self) -> str:
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
            f'aria-label="The queue beside two others"><style>{STYLE}</style>{"".join(self.parts)}</svg>\n'
        )


def logarithmic(low: float, high: float, start: float, end: float) -> Scale:
    """From values to places."""
    span = math.log10(high / low)
    return lambda value: start + (end - start) * math.log10(max(value, low) / low) / span


def decades(low: float, high: float) -> list[float]:
    return [10.0**power for power in range(round(math.log10(low)), round(math.log10(high)) + 1)]


def draw(rows: Rows, subtitle: str) -> str:
    rows, picture = report.whole(rows), Drawing()
    picture.text(24, 32, "The queue beside two others on the same Postgres", "title")
    picture.text(24, 52, subtitle, "small")
    rates(picture, rows)
    waits(picture, rows)
    old_snapshot(picture, rows)
    prices(picture, rows)
    return picture.svg()


def rates(picture: Drawing, rows: Rows) -> None:
    measured = {row["measure"] for row in rows}
    lines = [line for line in report.LINES if line.label.endswith("jobs/s") and line.measure in measured]
    scale = logarithmic(100, 1_000_000, 210, 580)
    picture.text(24, 86, "Jobs a second (more is better)", "head")
    axis(picture, scale, decades(100, 1_000_000), 96, 396)
    for n, line in enumerate(lines):
        y = 118 + 59 * n
        picture.text(200, y + 4, line.label.removesuffix(", jobs/s"), "end")
        spots(picture, scale, y, line, rows, named=n == 0)
    limit = [row["claim_archive"] for row in rows if row["measure"] == report.CEILING]
    if limit:
        x = scale(median(limit))
        picture.line(((x, 160), (x, 302)), COLOURS["ceiling"], 1.5)
        picture.text(x + 5, 209, f"SQL alone {report.number(median(limit))}", "small", COLOURS["ceiling"])


def waits(picture: Drawing, rows: Rows) -> None:
    scale = logarithmic(1, 100, 700, 900)
    picture.text(660, 86, "From enqueue to start, ms (less is better)", "head")
    axis(picture, scale, decades(1, 100), 96, 220)
    for n, line in enumerate(line for line in report.LINES if line.measure == "latency"):
        y = 118 + 59 * n
        picture.text(690, y + 4, line.label.split(", ")[1].removesuffix(" ms"), "end")
        spots(picture, scale, y, line, rows, named=False)


def spots(picture: Drawing, scale: Scale, y: float, line: report.Line, rows: Rows, *, named: bool) -> None:
    """Median as a dot, least to most as a line, the figure beside it."""
    for n, who in enumerate((report.OURS, *report.PEERS)):
        values = list(report.by_round(rows, who, line.measure, line.value).values())
        if not values:
            continue
        at = y + 15 * (n - 1)
        picture.line(((scale(min(values)), at), (scale(max(values)), at)), COLOURS[who], 2.5)
        picture.dot(scale(median(values)), at, COLOURS[who])
        said = f"{report.number(median(values))}{f'  {who}' if named else ''}"
        picture.text(scale(max(values)) + 9, at + 4, said, "small", COLOURS[who])


def axis(picture: Drawing, scale: Scale, marks: Iterable[float], top: float, bottom: float) -> None:
    for mark in marks:
        picture.line(((scale(mark), top), (scale(mark), bottom)))
        picture.text(scale(mark), bottom + 16, f"{mark:,.0f}", "small middle")


def old_snapshot(picture: Drawing, rows: Rows) -> None:
    """Processor time of the server by cycle: flat is good."""
    measure = "snapshot20"
    lines = {who: mean_cycles(rows, who, measure) for who in (report.OURS, *report.PEERS)}
    longest = max((len(cycles) for cycles in lines.values()), default=0)
    if longest < 2:
        return
    scale = logarithmic(10, 10_000, 690, 460)
    picture.text(24, 440, "Server µs a job while an old snapshot is held (claims of 20; flat is good)", "head")
    for mark in decades(10, 10_000):
        picture.line(((70, scale(mark)), (440, scale(mark))))
        picture.text(62, scale(mark) + 4, f"{mark:,.0f}", "small end")
    step = 360 / (longest - 1)
    for n in range(longest):
        picture.text(75 + step * n, 708, str(n + 1), "small middle")
    picture.text(255, 726, "backlogs filled and drained since the snapshot was taken", "small middle")
    for who, cycles in lines.items():
        if cycles:
            points = [(75 + step * n, scale(value)) for n, value in enumerate(cycles)]
            picture.path(points, COLOURS[who])
            for x, y in points:
                picture.dot(x, y, COLOURS[who], 3)
            x, y = points[-1]
            picture.text(x + 9, y + 4, f"{report.number(cycles[-1])}  {who}", "small", COLOURS[who])


def mean_cycles(rows: Rows, who: str, measure: str) -> list[float]:
    """The median over rounds, cycle by cycle."""
    numbers = sorted({row["round"] for row in rows})
    found = [cycles for n in numbers if (cycles := report.series(rows, who, measure, "us_server", n))]
    return [median(values) for values in zip(*found, strict=False)]


def prices(picture: Drawing, rows: Rows) -> None:
    """Processor time of worker and server together, with a feature in use, to the plain drain."""
    found: Mapping[str, Any] = report.feature_ratios(rows)
    if not found:
        return
    costs = {name: median(values[1]) for name, values in found.items()}
    longest = max(costs.values())
    picture.text(660, 270, "Processor time of a job, to plain", "head")
    top = 290
    for n, (name, cost) in enumerate(costs.items()):
        y = top + 36 * n
        picture.text(660, y + 8, name, "small")
        picture.bar(660, y + 13, 240 * cost / longest, 9, COLOURS["cid"])
        picture.text(666 + 240 * cost / longest, y + 22, f"{cost:.2f}", "small")
