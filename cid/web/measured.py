"""What this process measures of itself, and the figures it shows to machines, each kept for some seconds."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from cid.pg.pool import AppDb, WorkerDb

if TYPE_CHECKING:
    from prometheus_client.core import Metric

    from cid.ports import Db, PlatformDb
    from cid.store.metrics import Figures

EVERY_S = 1.0
KEPT_S = 15.0
"""Figures are not asked of the database more often, however often somebody scrapes."""


@dataclass(slots=True)
class Measured:
    """Of one process."""

    lags: deque[float] = field(default_factory=lambda: deque(maxlen=60))
    """How much later than asked for the event loop came back, once a second; seconds."""
    text: bytes = b""
    made: float = float("-inf")
    """By the loop's own clock."""
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)

    def fresh(self) -> bool:
        return asyncio.get_running_loop().time() - self.made < KEPT_S


MEASURED = web.AppKey("measured", Measured)


async def measuring(app: web.Application) -> AsyncIterator[None]:
    """Looks at the loop while the application runs."""
    loop, measured = asyncio.get_running_loop(), app[MEASURED]
    handle: asyncio.TimerHandle

    def look(due: float) -> None:
        nonlocal handle
        measured.lags.append(max(0.0, loop.time() - due))
        handle = loop.call_later(EVERY_S, look, loop.time() + EVERY_S)

    handle = loop.call_later(EVERY_S, look, loop.time() + EVERY_S)
    yield
    handle.cancel()


class _Shown(Collector):
    def __init__(self, figures: Figures | None, measured: Measured, pools: list[tuple[str, Db | PlatformDb]]) -> None:
        self._figures = figures
        self._measured = measured
        self._pools = pools

    def collect(self) -> Iterator[Metric]:
        yield _one("cid_up", "Whether the database answered.", float(self._figures is not None))
        worst = max(self._measured.lags, default=0.0)
        yield _one("cid_event_loop_lag_seconds", "The longest that this loop was late in the last minute.", worst)
        yield from _pools(self._pools)
        if self._figures is not None:
            yield from _of(self._figures)


def exposition(figures: Figures | None, measured: Measured, db: Db, platform: PlatformDb) -> bytes:
    """In Prometheus' text format 0.0.4. `figures` None: the database does not answer."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(_Shown(figures, measured, [("app", db), ("worker", platform)]))
    return generate_latest(registry)


def _of(figures: Figures) -> Iterator[Metric]:
    jobs = GaugeMetricFamily(
        "cid_jobs", "Jobs by kind and state; counted up to 10,000 of a kind.", labels=["kind", "state"]
    )
    oldest = GaugeMetricFamily("cid_jobs_oldest_ready_seconds", "How long the oldest has been due.", labels=["kind"])
    for ready in figures.ready:
        jobs.add_metric([ready.kind, "ready"], ready.jobs)
        oldest.add_metric([ready.kind], max(0.0, ready.oldest_s))
    states = (("running", figures.running_by), ("scheduled", figures.scheduled_by))
    for state, counted in states:
        for kind, number in counted.items():
            jobs.add_metric([kind, state], number)
    yield jobs
    yield oldest
    yield _by("cid_jobs_dead_last_day", "Jobs that failed for good.", "kind", figures.dead_by)
    yield _by("cid_sources", "Sources by the outcome of their last poll.", "outcome", figures.sources_by)
    yield _one("cid_items_last_hour", "Articles first seen in the last hour.", figures.items)
    verdicts = GaugeMetricFamily(
        "cid_verdicts_last_hour", "What gates said in the last hour.", labels=["desk", "gate", "outcome", "reason"]
    )
    for said in figures.verdicts:
        verdicts.add_metric([said.desk, said.gate, said.outcome, said.reason], said.verdicts)
    yield verdicts
    calls = GaugeMetricFamily(
        "cid_calls_last_hour", "Calls of models and paid reads in the last hour.", labels=["provider", "stage", "state"]
    )
    dollars = GaugeMetricFamily(
        "cid_spend_last_hour_dollars",
        "What they cost; what has no answer counts as reserved.",
        labels=["provider", "stage", "state"],
    )
    for made in figures.calls:
        calls.add_metric([made.provider, made.stage, made.state], made.calls)
        dollars.add_metric([made.provider, made.stage, made.state], float(made.dollars))
    yield calls
    yield dollars
    yield _by("cid_publications_open", "Publications that are not over.", "state", figures.publications_by)
    yield _by("cid_mails_not_sent", "Letters that were not handed over, or came back.", "state", figures.mails_by)
    processes = {"alive": figures.processes.alive, "silent": figures.processes.silent}
    yield _by("cid_workers", "Processes that work off jobs.", "state", processes)


def _pools(pools: list[tuple[str, Db | PlatformDb]]) -> Iterator[Metric]:
    used = GaugeMetricFamily("cid_pool_connections", "Connections of this process.", labels=["pool", "state"])
    for name, db in pools:
        if isinstance(db, AppDb | WorkerDb):
            used.add_metric([name, "idle"], db.pool.get_idle_size())
            used.add_metric([name, "used"], db.pool.get_size() - db.pool.get_idle_size())
            used.add_metric([name, "limit"], db.pool.get_max_size())
    yield used


def _one(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(name, about, value=value)


def _by(name: str, about: str, label: str, counted: dict[str, int]) -> Metric:
    made = GaugeMetricFamily(name, about, labels=[label])
    for word, number in counted.items():
        made.add_metric([word], number)
    return made
