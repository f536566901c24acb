"""`docs/queue-bench.md` and `docs/queue.svg` from the file of a run: the prose there is written by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.queue import plot, report

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE, PLOT = DOCS / "queue-bench.md", DOCS / "queue.svg"
BEGIN, END = "<!-- figures of the last run -->", "<!-- end of the figures -->"


def write(document: dict[str, Any]) -> None:
    PLOT.write_text(plot.draw(document["rows"], _subtitle(document)))
    before, rest = PAGE.read_text().split(BEGIN)
    _old, after = rest.split(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{figures(document)}\n\n{END}{after}")


def figures(document: dict[str, Any]) -> str:
    machine, settings = document["machine"], document["settings"]
    said = ", ".join(f"`{name}` {value}" for name, value in settings.items())
    loops = ", ".join(f"{name} {options['loop']}" for name, options in document["contenders"].items())
    return "\n\n".join(
        [
            f"![Jobs a second, waits and costs of three queues]({PLOT.name})",
            f"Run of {machine['at'][:10]}, Python {machine['python']}. {_size(document)}",
            f"In force: {said}. Event loops: {loops}.",
            report.everything(document["rows"]),
        ]
    )


def _size(document: dict[str, Any]) -> str:
    machine, size = document["machine"], document["size"]
    return (
        f"{machine['cores']} cores, load {machine['load'][0]:.1f} before the start. {_rounds(size)}, "
        f"{size['jobs']:,} jobs a drain (procrastinate a tenth), {size['finished']:,} finished jobs, {size['singles']} "
        "single jobs for the latency."
    )


def _rounds(size: Mapping[str, Any]) -> str:
    return "1 round" if size["rounds"] == 1 else f"{size['rounds']} rounds"


def _subtitle(document: dict[str, Any]) -> str:
    settings, size = document["settings"], document["size"]
    return (
        f"Dots are medians of {_rounds(size)}, lines go from the least to the most. Postgres "
        f"{settings['server_version'].split()[0]}, fsync {settings['fsync']}, synchronous_commit "
        f"{settings['synchronous_commit']}, {document['machine']['cores']} cores for workers and server together."
    )
