"""The queue beside pgqueuer and procrastinate on one Postgres, and what its own features cost.

    make bench-queue                                         every contender, every measure, three rounds
    python -m bench.queue --quick                            small and short: does it still run?
    python -m bench.queue --only cid --measure enqueue,drain1
    python -m bench.queue --features --fairness --limits     what ours promises and the others do not have
    python -m bench.queue --write-docs RUN.json              docs/queue-bench.md and docs/queue.svg from a run

Prints one line per figure as it comes, then a table; exits 1 when a job was lost, ran twice or stayed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.queue import ceiling, fairness, features, limits, measures, page, report
from bench.queue import cluster as clusters
from bench.queue.cluster import Cluster
from bench.queue.contenders import ALL, OURS, PEERS, Contender, Failed, fill, set_up

MEASURES = ("enqueue", "drain1", "drain2", "big", "latency", "mixed", "snapshot500", "snapshot20")
SMOKE = ("enqueue", "drain1", "latency", "mixed")
CEILING = "ceiling"


@dataclass(frozen=True, kw_only=True)
class Size:
    rounds: int
    jobs: int
    singles: int
    finished: int
    cycles: int
    batches: int
    """Of the ceiling."""
    crowd: int
    """Waiting jobs of the big tenant."""
    seconds: float
    """How long limits are watched."""
    few: bool = False
    """Of measures that resemble each other one, and of features all together."""


FULL = Size(rounds=3, jobs=20_000, singles=200, finished=1_000_000, cycles=5, batches=100, crowd=100_000, seconds=60.0)
QUICK = Size(
    rounds=1, jobs=2_000, singles=10, finished=10_000, cycles=2, batches=10, crowd=2_000, seconds=2.0, few=True
)
OWN = ("features", "fairness", "limits")


@dataclass
class Run:
    """What was found, row by row, and told at once."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def more(self, number: int, who: str, measure: str, many: Iterable[dict[str, Any]]) -> None:
        """A contender that fails costs its own figures, not the run."""
        try:
            for found in many:
                self.add(number, who, measure, found)
        except Failed as error:
            self.add(number, who, measure, {"ok": False, "failed": str(error)})

    def add(self, number: int, who: str, measure: str, found: dict[str, Any]) -> None:
        row = {"round": number, "who": who, "measure": measure, **found, "load": round(os.getloadavg()[0], 2)}
        self.rows.append(row)
        told = " ".join(f"{name}={_short(value)}" for name, value in found.items())
        print(f"{time.monotonic() - self.began:6.0f} s  {number}  {who:<14}{measure:<12} {told}", flush=True)

    @property
    def wrong(self) -> list[dict[str, Any]]:
        return [row for row in self.rows if not row.get("ok", True)]


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
    return str(value)


def peers(run: Run, cluster: Cluster, who: Sequence[Contender], wanted: Sequence[str], size: Size) -> None:
    """Every contender in every round, in an order that turns with the rounds."""
    with ThreadPoolExecutor(len(who) or 1) as pool:
        for told in pool.map(lambda one: _prepared(cluster, one, size.finished if "big" in wanted else 0), who):
            print(f"# {told}", flush=True)
    turns: list[Contender | None] = list(who)
    if CEILING in wanted:
        ceiling.set_up(cluster)
        turns.append(None)
    for number in range(1, size.rounds + 1):
        first = number % len(turns)
        for turn in turns[first:] + turns[:first]:
            if turn is None:
                run.add(number, CEILING, CEILING, ceiling.measure(cluster, size.batches))
                continue
            for measure in wanted:
                if measure in STEPS:
                    run.more(number, turn.name, measure, STEPS[measure](cluster, turn, size, number))


def _prepared(cluster: Cluster, who: Contender, finished: int) -> str:
    began = time.monotonic()
    set_up(cluster, who)
    if finished:
        fill(cluster, who, finished)
    return f"{who.name}: installed, {finished:,} finished jobs laid, {time.monotonic() - began:.0f} s"


def own(run: Run, cluster: Cluster, ours: Contender, wanted: Sequence[str], size: Size) -> None:
    """What our queue promises and the others do not have."""
    set_up(cluster, ours)
    if "features" in wanted:
        for number in range(1, size.rounds + 1):
            run.more(number, ours.name, "feature", features.measure(cluster, ours, size.jobs, number, few=size.few))
    if "fairness" in wanted:
        for crowd in (size.crowd,) if size.few else (0, size.crowd):
            run.add(1, ours.name, "fairness", fairness.measure(cluster, ours, crowd, 2 * size.singles))
    if "limits" in wanted:
        run.add(1, ours.name, "limits", limits.measure(cluster, ours, size.seconds))


def _enqueue(cluster: Cluster, who: Contender, size: Size, _number: int) -> Iterator[dict[str, Any]]:
    measures.clean(cluster, who)
    yield measures.enqueue(cluster, who, size.jobs)


def _drain(processes: int) -> Step:
    def step(cluster: Cluster, who: Contender, size: Size, _number: int) -> Iterator[dict[str, Any]]:
        measures.clean(cluster, who)
        yield from _filled(cluster, who, size, processes)

    return step


def _big(cluster: Cluster, who: Contender, size: Size, _number: int) -> Iterator[dict[str, Any]]:
    cluster.sql(who.big().database, "checkpoint")
    yield from _filled(cluster, who.big(), size, 1)


def _filled(cluster: Cluster, who: Contender, size: Size, processes: int) -> Iterator[dict[str, Any]]:
    count = who.count(size.jobs)
    measures.enqueue(cluster, who, count)
    cluster.sql(who.database, "analyze")
    yield measures.drain(cluster, who, count, processes)


def _latency(cluster: Cluster, who: Contender, size: Size, _number: int) -> Iterator[dict[str, Any]]:
    measures.clean(cluster, who)
    yield measures.latency(cluster, who, size.singles)


def _mixed(cluster: Cluster, who: Contender, size: Size, _number: int) -> Iterator[dict[str, Any]]:
    measures.clean(cluster, who)
    yield measures.mixed(cluster, who, who.count(size.jobs))


def _snapshot(claim: int) -> Step:
    def step(cluster: Cluster, who: Contender, size: Size, number: int) -> Iterator[dict[str, Any]]:
        if who.jobs < 1 and claim > 20:
            return  # it claims one at a time, whatever is asked
        if who.name == "cid" or number == 1:  # the others' is told, ours is held against a limit
            jobs = who.count(size.jobs) if who.name == "cid" or claim > 20 else who.count(size.jobs) // 2
            yield from measures.snapshot(cluster, who, jobs, size.cycles, size=claim, slots=claim)

    return step


Step = Callable[[Cluster, Contender, Size, int], Iterator[dict[str, Any]]]
STEPS: dict[str, Step] = {
    "enqueue": _enqueue,
    "drain1": _drain(1),
    "drain2": _drain(2),
    "big": _big,
    "latency": _latency,
    "mixed": _mixed,
    "snapshot500": _snapshot(500),
    "snapshot20": _snapshot(20),
}


def machine() -> dict[str, Any]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="2,000 jobs, one round")
    parser.add_argument("--only", default="", help=f"of {', '.join(one.name for one in ALL)}, {CEILING}")
    parser.add_argument("--measure", default="", help=f"of {', '.join((*MEASURES, CEILING))}")
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--finished", type=int, help="how many finished jobs lie beside")
    parser.add_argument(
        "--peer-loop", choices=("uvloop", "asyncio"), default="uvloop", help="which loop the others run on"
    )
    parser.add_argument("--relaxed", action="store_true", help="no commit of the others waits for the disk")
    parser.add_argument("--slots", type=int, default=1000, help="how many jobs ours has in hand at once")
    for name in OWN:
        parser.add_argument(f"--{name}", action="store_true", help="this, and of the rest only what --measure names")
    parser.add_argument("--json", type=Path, help="write everything that was found here")
    parser.add_argument("--write-docs", type=Path, metavar="FILE", help="measure nothing: put this run's into docs/")
    return parser.parse_args()


def wanted_of(chosen: argparse.Namespace, names: Sequence[str]) -> list[str]:
    own_ones = [name for name in OWN if vars(chosen)[name]]
    if chosen.measure or own_ones:
        return [*filter(None, chosen.measure.split(",")), *own_ones]
    every = [name for name in (SMOKE if chosen.quick else MEASURES) if set(names) - {CEILING}]
    return every + [CEILING] * (CEILING in names) + list(OWN) * (OURS.name in names)


def main() -> None:
    chosen = _arguments()
    if chosen.write_docs:
        page.write(json.loads(chosen.write_docs.read_text()))
        return
    given = {name: value for name in ("jobs", "rounds", "finished") if (value := vars(chosen)[name])}
    size = Size(**{**vars(QUICK if chosen.quick else FULL), **given})
    names = chosen.only.split(",") if chosen.only else [one.name for one in ALL] + [CEILING]
    wanted = wanted_of(chosen, names)
    # Ours runs on what the desk runs on.
    who = [
        one.having(slots=chosen.slots, loop="asyncio")
        if one is OURS
        else one.having(loop=chosen.peer_loop, relaxed=chosen.relaxed)
        for one in ALL
        if one.name in names
    ]
    if set(wanted) - {*OWN, CEILING} and any(one.python == str(PEERS) for one in who) and not PEERS.exists():
        sys.exit("The others are not installed: make bench-queue, or --only cid.")
    run = Run()
    try:
        document = measured(run, who, wanted, size)
    finally:  # what is measured is not lost with what failed
        if run.rows:
            print(f"\n{report.everything(run.rows)}\n", flush=True)
    if chosen.json:
        chosen.json.write_text(json.dumps({**document, "rows": run.rows}, indent=1) + "\n")
    sys.exit(f"{len(run.wrong)} measures failed, or lost, doubled or left jobs" if run.wrong else 0)


def measured(run: Run, who: Sequence[Contender], wanted: Sequence[str], size: Size) -> dict[str, Any]:
    """Fills `run`; answers where and how it was."""
    with clusters.running() as cluster:
        settings = cluster.settings()
        print("# " + ", ".join(f"{name} {value}" for name, value in settings.items()), flush=True)
        given = {one.name: dict(one.options) for one in who}
        for name, options in given.items():
            print(f"# {name}: " + ", ".join(f"{key} {value}" for key, value in options.items()), flush=True)
        document = {"machine": machine(), "settings": settings, "size": vars(size), "contenders": given}
        if set(wanted) - set(OWN):
            peers(run, cluster, who, wanted, size)
        ours = [one for one in who if one.name == OURS.name]
        if set(wanted) & set(OWN):
            own(run, cluster, ours[0], wanted, size)
    return document


if __name__ == "__main__":
    main()
