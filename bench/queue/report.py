"""From the rows of a run to tables: medians over rounds, and ratios inside each round."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench.queue.features import FEATURES

Rows = Sequence[Mapping[str, Any]]
Value = Callable[[Mapping[str, Any]], float]
OURS, CEILING = "cid", "ceiling"
PEERS = ("pgqueuer", "procrastinate")


@dataclass(frozen=True, kw_only=True)
class Line:
    label: str
    measure: str
    value: Value
    more_is_better: bool = True
    wanted: str = ""
    """Of our ratio to the best peer."""


def _cpu(row: Mapping[str, Any]) -> float:
    return float(row["us_worker"] + row["us_server"])


LINES = (
    Line(label="enqueue, jobs/s", measure="enqueue", value=lambda row: row["rate"], wanted="≥ 2"),
    Line(label="drain, 1 process, jobs/s", measure="drain1", value=lambda row: row["rate"], wanted="≥ 2"),
    Line(label="drain, 2 processes, jobs/s", measure="drain2", value=lambda row: row["rate"], wanted="≥ 2"),
    Line(label="drain beside finished jobs, jobs/s", measure="big", value=lambda row: row["rate"], wanted="≥ 3"),
    Line(label="mixed, jobs/s", measure="mixed", value=lambda row: row["rate"]),
    Line(
        label="enqueue to start, p50 ms",
        measure="latency",
        value=lambda row: row["p50"],
        more_is_better=False,
        wanted="< 1",
    ),
    Line(label="enqueue to start, p99 ms", measure="latency", value=lambda row: row["p99"], more_is_better=False),
    Line(label="processor time of a drain, µs/job", measure="drain1", value=_cpu, more_is_better=False),
    Line(label="the same, beside finished jobs, µs/job", measure="big", value=_cpu, more_is_better=False),
)
COSTS = {"us_server": "server, µs/job", "claim_ms": "claim, ms", "claim_ms_p50": "claim, median ms"}
SNAPSHOTS = (("snapshot500", "claims of 500"), ("snapshot20", "claims of 20"))


def by_round(rows: Rows, who: str, measure: str, value: Value) -> dict[int, float]:
    found: dict[int, float] = {}
    for row in rows:
        if row["who"] == who and row["measure"] == measure:
            found[row["round"]] = value(row)
    return found


def ratios(ours: Mapping[int, float], others: Sequence[Mapping[int, float]], *, most: bool) -> list[float]:
    """Ours to the best of the others, round by round."""
    best: Callable[[list[float]], float] = max if most else min
    found = []
    for number, value in ours.items():
        theirs = [other[number] for other in others if number in other]
        if theirs:
            found.append(value / best(theirs))
    return found


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def spread(values: Iterable[float]) -> str:
    """Median [least..most]."""
    all_of = list(values)
    if not all_of:
        return "–"
    if len(all_of) == 1:
        return number(all_of[0])
    return f"{number(median(all_of))} [{number(min(all_of))}..{number(max(all_of))}]"


def table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Markdown that a terminal shows in columns too."""
    widths = [max(len(line[n]) for line in (head, *lines)) for n in range(len(head))]
    shown = [head, ["-" * width for width in widths], *lines]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in shown
    )


def beside(rows: Rows) -> str:
    """Every contender, and ours to the best of the others in the same round."""
    present = [who for who in (OURS, *PEERS) if any(row["who"] == who for row in rows)]
    lines = []
    for line in LINES:
        values = {who: by_round(rows, who, line.measure, line.value) for who in present}
        if not any(values.values()):
            continue
        ratio = ratios(values.get(OURS, {}), [values[who] for who in PEERS if who in values], most=line.more_is_better)
        lines.append([line.label, *(spread(values[who].values()) for who in present), spread(ratio), line.wanted])
    return table(["", *present, "ours to the best", "wanted"], lines) if lines else ""


def ceiling(rows: Rows) -> str:
    """The server without Python, and which part of it our drain reaches."""
    names = {
        "insert": "insert",
        "claim": "claim",
        "archive": "archive",
        "claim_archive": "claim, then archive",
        "claim_archive_durable": "the same, each commit waiting for the disk",
    }
    limit = by_round(rows, CEILING, CEILING, lambda row: row["claim_archive"])
    if not limit:
        return ""
    found = [row for row in rows if row["measure"] == CEILING]
    lines = [[label, spread(row[name] for row in found)] for name, label in names.items()]
    for measure, label in (
        ("drain1", "our drain, 1 process, to claim, then archive"),
        ("drain2", "the same, 2 processes"),
    ):
        ours = by_round(rows, OURS, measure, lambda row: row["rate"])
        lines.append([label, spread(ours[n] / limit[n] for n in ours if n in limit)])
    return table(["rows a second, 1,000 a statement", ""], lines)


def snapshots(rows: Rows) -> str:
    """What a job costs the server in the first and in the last cycle, and what a claim takes."""
    lines = []
    for measure, label in SNAPSHOTS:
        for who in (OURS, *PEERS):
            for field, unit in COSTS.items():
                ends = first_and_last(rows, who, measure, field)
                if ends:
                    first, last = zip(*ends, strict=True)
                    growth = spread(b / a for a, b in ends)
                    wanted = "≤ 1.3" if who == OURS else ""
                    lines.append([f"{label}: {who}, {unit}", spread(first), spread(last), growth, wanted])
    return (
        table(["while an old snapshot is held", "first cycle", "last cycle", "growth", "wanted"], lines)
        if lines
        else ""
    )


def first_and_last(rows: Rows, who: str, measure: str, field: str) -> list[tuple[float, float]]:
    """Of each round."""
    found = []
    for n in sorted({row["round"] for row in rows}):
        cycles = series(rows, who, measure, field, n)
        if len(cycles) > 1:
            found.append((cycles[0], cycles[-1]))
    return found


def series(rows: Rows, who: str, measure: str, field: str, number: int) -> list[float]:
    """Cycle after cycle of one round."""
    return [
        row[field]
        for row in rows
        if row["who"] == who and row["measure"] == measure and row["round"] == number and field in row
    ]


def feature_ratios(rows: Rows) -> dict[str, tuple[list[float], list[float]]]:
    """Feature → jobs a second and processor time, each to the plain drain of the same round."""
    mine = [row for row in rows if row["measure"] == "feature"]
    plain = {row["round"]: row for row in mine if row["feature"] == "plain"}
    found: dict[str, tuple[list[float], list[float]]] = {}
    for row in mine:
        rates, costs = found.setdefault(row["feature"], ([], []))
        base = plain[row["round"]]
        rates.append(row["rate_from_start"] / base["rate_from_start"])
        costs.append(_cpu(row) / _cpu(base))
    return dict(sorted(found.items(), key=lambda one: list(FEATURES).index(one[0])))


def features(rows: Rows) -> str:
    lines = []
    for name, (rates, costs) in feature_ratios(rows).items():
        mine = [row for row in rows if row["measure"] == "feature" and row["feature"] == name]
        lines.append(
            [
                name,
                spread(row["rate_from_start"] for row in mine),
                spread(rates),
                spread(row["us_worker"] for row in mine),
                spread(row["us_server"] for row in mine),
                spread(costs),
            ]
        )
    head = ["jobs with", "jobs/s", "to plain", "worker, µs/job", "server, µs/job", "both, to plain"]
    return table(head, lines) if lines else ""


def fairness(rows: Rows) -> str:
    lines = [
        [
            f"{row['crowd']:,} jobs of another tenant" if row["crowd"] else "nobody else's jobs",
            *(number(row[name]) for name in ("p50", "p95", "max")),
            number(row["fifo_ms"]),
        ]
        for row in rows
        if row["measure"] == "fairness"
    ]
    head = ["49 tenants with single jobs, beside", "p50 ms", "p95 ms", "max ms", "first come, first served, ms"]
    return table(head, lines) if lines else ""


def limits(rows: Rows) -> str:
    lines = [
        [
            f"{row['processes']} processes, {row['seconds']:.0f} s",
            f"{row['overlap']} (of {row['keyed_runs']:,} runs)",
            f"{row['most_in_a_second']} (of {row['paced_runs']:,} runs, {row['paced_rate']:.2f}/s)",
        ]
        for row in rows
        if row["measure"] == "limits"
    ]
    head = ["", "one at a time of a key: most at once", "10/s: most starts in any second"]
    return table(head, lines) if lines else ""


def proof(rows: Rows) -> str:
    checked = [row for row in rows if "ok" in row]
    wrong = [row for row in checked if not row["ok"]]
    return f"{len(checked)} drains checked, {sum(row.get('jobs', 0) for row in checked):,} jobs, {len(wrong)} wrong."


def everything(rows: Rows) -> str:
    parts = (beside, ceiling, snapshots, features, fairness, limits)
    return "\n\n".join(filter(None, (part(whole(rows)) for part in parts))) + "\n\n" + proof(rows)


def whole(rows: Rows) -> Rows:
    """Without those of contenders that failed: they have no figures."""
    return [row for row in rows if "failed" not in row]
