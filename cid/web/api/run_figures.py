"""The analysis desk in figures, and whether what it needs is there, for programs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cid import __version__
from cid.domain.readiness import Ready
from cid.domain.run_figures import Day, Sums, compared
from cid.domain.scorecard import Rating
from cid.flows import readiness
from cid.store import run_figures
from cid.web.api.shapes import about

if TYPE_CHECKING:
    from cid.web.api.endpoint import Asked, Nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    excellent: int
    good: int
    acceptable: int
    poor: int
    failing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    total: int
    completed: int
    partial: int
    failed: int
    success_rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DayShown:
    day: str = about("A day of UTC, as YYYY-MM-DD.")
    runs: int
    failed: int
    mean_score: float | None = about("Of those of the day that have a score; null: none has.")


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekShown:
    """The last seven days, and an average week of the four before."""

    runs: int
    runs_before: float
    failed: int
    failed_before: float
    mean_score: float
    mean_score_before: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    total_runs: int
    completed: int
    partial: int = about("They have a briefing that lacks something; counted apart from `completed`.")
    failed: int
    running: int = about("Under way, or waiting for their turn.")
    success_rate: float = about("Per cent of all runs that completed; one decimal, 0 where there are none.")
    avg_quality_score: float = about("Points of 70 by the rubric; a score of 0 counts. 0 where nothing is scored.")
    quality_distribution: Distribution = about("Ratings as they are shown.")
    failure_reasons: tuple[str, ...] = about("Of the last ten that failed, the newest first.")
    recent_24h: Recent
    week: WeekShown
    days: tuple[DayShown, ...] = about("Five weeks, the oldest day first.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceShown:
    name: str
    state: Ready
    configured: bool
    reachable: bool | None = about("Whether the last try went well; null: it was never tried.")
    last_success: datetime | None
    last_failure: datetime | None
    version: str = about("What it calls itself, or which of its models answer; may be empty.")
    remedy: str = about("What mends it; empty: nothing is to be mended.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Nothing is asked of anybody to answer this: it is what the last calls and fetches came to."""

    version: str = about("Of this desk.")
    models: tuple[str, ...] = about("Who answers for briefings, in the order of asking; empty: nobody can be asked.")
    services: tuple[ServiceShown, ...]


async def metrics(asked: Asked[Nothing, Nothing]) -> Metrics:
    tenant = asked.actor.tenant.id
    async with asked.sv.db.read(tenant) as tx:
        found = await run_figures.of(tx, tenant)
        days = await run_figures.days(tx, tenant, asked.sv.clock.now().astimezone(UTC))
    week, ratings = compared(days), found.ratings
    return Metrics(
        total_runs=found.all.total,
        completed=found.all.completed,
        partial=found.all.partial,
        failed=found.all.failed,
        running=found.all.running,
        success_rate=found.all.success_rate,
        avg_quality_score=found.avg_score,
        quality_distribution=Distribution(
            excellent=ratings[Rating.EXCELLENT],
            good=ratings[Rating.GOOD],
            acceptable=ratings[Rating.ACCEPTABLE],
            poor=ratings[Rating.POOR],
            failing=ratings[Rating.FAILING],
        ),
        failure_reasons=tuple(one.reason for one in found.failures),
        recent_24h=_recent(found.recent),
        week=WeekShown(
            runs=week.runs,
            runs_before=week.runs_before,
            failed=week.failed,
            failed_before=week.failed_before,
            mean_score=week.mean,
            mean_score_before=week.mean_before,
        ),
        days=tuple(_day(one) for one in days),
    )


def _recent(sums: Sums) -> Recent:
    return Recent(
        total=sums.total,
        completed=sums.completed,
        partial=sums.partial,
        failed=sums.failed,
        success_rate=sums.success_rate,
    )


def _day(one: Day) -> DayShown:
    return DayShown(day=one.day.isoformat(), runs=one.runs, failed=one.failed, mean_score=one.mean)


async def status(asked: Asked[Nothing, Nothing]) -> Status:
    async with asked.sv.db.read(asked.actor.tenant.id) as tx:
        found = await readiness.of(asked.sv, tx, asked.actor.tenant)
    return Status(
        version=__version__,
        models=found.models,
        services=tuple(
            ServiceShown(
                name=one.name,
                state=one.state,
                configured=one.configured,
                reachable=one.tried.reachable,
                last_success=one.tried.succeeded_at,
                last_failure=one.tried.failed_at,
                version=one.version,
                remedy=one.remedy,
            )
            for one in found.services
        ),
    )
