"""Counted runs as figures: sums, days and weeks, and what services are said to be."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from cid.domain.ids import RunId
from cid.domain.readiness import Ready, Service, Tried, needed
from cid.domain.run import Failure, Platform
from cid.domain.run_figures import DAYS, Counted, Day, Ends, Failed, compared, figures, series
from cid.domain.scorecard import Rating

TODAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_of_no_runs_every_figure_is_nought() -> None:
    found = figures(Counted(), Ends(), [])
    assert (found.all.total, found.all.success_rate, found.avg_score, found.recent.success_rate) == (0, 0, 0, 0)
    assert found.ratings == dict.fromkeys(Rating, 0)
    week = compared(series([], TODAY))
    assert (week.runs, week.runs_before, week.failed, week.mean, week.mean_before) == (0, 0, 0, 0, 0)


def test_the_rate_is_what_completed_of_all_and_a_partial_run_is_no_success() -> None:
    counted = Counted(runs=42, completed=38, partial=1, failed=2, scored=38, points=38 * 52, good=38)
    found = figures(counted, Ends(runs=1), [])
    assert (found.all.total, found.all.success_rate, found.all.partial, found.all.running) == (42, 90.5, 1, 1)
    assert (found.avg_score, found.recent.total, found.recent.running) == (52.0, 1, 1)


def test_a_score_of_nought_counts_in_the_mean_and_every_rating_by_its_name() -> None:
    found = figures(Counted(runs=2, completed=2, scored=2, points=50, failing=1, good=1), Ends(), [])
    assert found.avg_score == 25.0
    assert found.ratings == {**dict.fromkeys(Rating, 0), Rating.GOOD: 1, Rating.FAILING: 1}


def test_a_failure_without_a_sentence_has_the_one_of_its_kind_and_none_is_long() -> None:
    def failed(failure: Failure, detail: str) -> Failed:
        return Failed(id=RunId(UUID(int=1)), outlet="O", failure=failure, detail=detail, ended_at=NOW)

    assert failed(Failure.NO_KEY, " ").reason == "A key is missing."
    assert len(failed(Failure.MODEL, "x" * 999).reason) == 200


def test_five_weeks_are_there_whether_or_not_anything_ran() -> None:
    days = series([Day(day=TODAY, runs=2, failed=1, scored=1, points=40)], TODAY)
    assert (len(days), days[0].day, days[-1].runs) == (DAYS, TODAY - timedelta(days=34), 2)
    assert [one.mean for one in days[-2:]] == [None, 40.0]


def test_this_week_is_held_against_an_average_one_of_the_four_before() -> None:
    days = [Day(day=TODAY - timedelta(days=back), runs=2, failed=1, scored=1, points=30) for back in range(7, 35)]
    days += [Day(day=TODAY - timedelta(days=back), runs=3, scored=3, points=180) for back in range(7)]
    week = compared(series(days, TODAY))
    assert (week.runs, week.runs_before, week.failed, week.failed_before) == (21, 14.0, 0, 7.0)
    assert (week.mean, week.mean_before) == (60.0, 30.0)


def service(name: str = "x", lacks: str = "", good: int | None = None, bad: int | None = None) -> Service:
    def at(hour: int | None) -> datetime | None:
        return None if hour is None else NOW + timedelta(hours=hour)

    return Service(
        name=name, lacks=lacks, tried=Tried(service=name, succeeded_at=at(good), failed_at=at(bad), error="e")
    )


@pytest.mark.parametrize(
    ("told", "state"),
    [
        (service(), Ready.UNTESTED),
        (service(good=1), Ready.READY),
        (service(good=2, bad=1), Ready.READY),
        (service(good=1, bad=2), Ready.FAILING),
        (service(bad=1), Ready.FAILING),
        (service(lacks="Set a key.", good=1), Ready.MISSING),
    ],
)
def test_the_last_try_says_how_a_service_is_and_a_missing_key_before_it(told: Service, state: Ready) -> None:
    assert told.state is state
    assert bool(told.remedy) is (state is not Ready.READY)


def test_a_run_needs_its_platform_its_model_and_the_database() -> None:
    every = [service(name) for name in ("serpapi", "x", "telegram", "google", "openai", "database")]
    assert [one.name for one in needed(every, Platform.X, ["google"])] == ["x", "google", "database"]
    bare = [service("serpapi", lacks="Set SERPAPI_KEY."), *every[1:]]
    assert [one.name for one in needed(bare, Platform.NEWS, ["google"])] == ["google", "database"], "feeds need no key"
