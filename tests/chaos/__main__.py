"""`make chaos`: every trial in its full form, a line of JSON for each and a table at the end; exits 1 when one fails.

python -m tests.chaos                          all of it, about ten minutes
python -m tests.chaos --short --only 1 5       the short form of some
python -m tests.chaos --json run.json          keep the figures
python -m tests.chaos --write-docs run.json    put kept figures into docs/reliability.md
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import subprocess
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.chaos.field import Grounds, Report
from tests.chaos.grounds import grounds
from tests.chaos.nursery import ROOT
from tests.chaos.trials import DEATHS, LINES, Trial

PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- figures: python -m tests.chaos --write-docs -->", "<!-- end of figures -->"
COLUMNS = ("scenario", "jobs", "kills", "lost", "doubled", "retried", "most tries", "p50 s", "p95 s", "took s", "more")


def main() -> int:
    asked = _arguments()
    if asked.write_docs:
        write_docs(json.loads(asked.write_docs.read_text()))
        return 0
    results = []
    with grounds() as made:
        for trial in (*DEATHS, *LINES):
            if not asked.only or trial.name.split()[0] in asked.only:
                results.append(_one(trial, made, asked))
                print(json.dumps(results[-1]), flush=True)
    run = {**_circumstances(asked), "trials": results}
    if asked.json:
        asked.json.write_text(json.dumps(run, indent=1) + "\n")
    print()
    print(table(results))
    for result in results:
        for sentence in result["broken"]:
            print(f"FAILED {result['scenario']}: {sentence}", file=sys.stderr)
    return int(any(result["broken"] for result in results))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--short", action="store_true", help="as `make test` runs it")
    parser.add_argument("--only", nargs="+", metavar="NUMBER", help="scenarios by number")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    parser.add_argument("--write-docs", type=Path, metavar="FILE", help=f"put the figures of FILE into {PAGE.name}")
    return parser.parse_args()


def _one(trial: Trial, made: Grounds, asked: argparse.Namespace) -> dict[str, Any]:
    report: Report = asyncio.run((trial.short if asked.short else trial.full)(made, asked.seed))
    return {**asdict(report), "broken": list(trial.broken(report))}


def _circumstances(asked: argparse.Namespace) -> dict[str, Any]:
    said = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": said.stdout.strip(),
        "form": "short" if asked.short else "full",
        "seed": asked.seed,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }


def table(results: list[dict[str, Any]]) -> str:
    """Markdown, aligned for reading as it is."""
    rows = [COLUMNS, *(_row(result) for result in results)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(COLUMNS))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def _row(result: dict[str, Any]) -> tuple[str, ...]:
    figures = [
        result[name]
        for name in (
            "jobs",
            "kills",
            "lost",
            "doubled",
            "retried",
            "max_attempts",
            "recovery_p50",
            "recovery_p95",
            "took",
        )
    ]
    more = "; ".join(f"{name} {_said(value)}" for name, value in result["more"].items() if name != "wrong")
    return (result["scenario"], *("" if figure is None else str(figure) for figure in figures), more)


def _said(value: Any) -> str:
    if isinstance(value, list):
        return f"≤ {max(value)}"
    if isinstance(value, dict):
        return ", ".join(f"{name}: {times}" for name, times in value.items())
    return str(value)


def write_docs(run: dict[str, Any]) -> None:
    text = PAGE.read_text()
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    said = (
        f"Commit {run['commit']}, {run['at'][:10]}, {run['form']} form, seed {run['seed']}, "
        f"{run['cores']} cores, Python {run['python']}."
    )
    PAGE.write_text(f"{before}{BEGIN}\n{said}\n\n{table(run['trials'])}\n{END}{after}")


if __name__ == "__main__":
    sys.exit(main())
