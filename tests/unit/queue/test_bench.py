"""What the queue's measurement claims, on figures made up for it: it must see a lost job, an overlap and a burst."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest

from bench.queue import plot, report
from bench.queue.features import FEATURES
from bench.queue.limits import Run, most_in_a_second, overlap_of_a_key
from bench.queue.measures import exactly_once

SECOND = 1_000_000_000


def told(*numbers: int) -> dict[str, Any]:
    """By one process that ran these jobs."""
    return {"ran": len(numbers), "distinct": len(set(numbers)), "sum": sum(numbers), "failed_once": 0}


def run(key: str, began: int, ended: int, tenant: str = "t") -> Run:
    return Run("noop", tenant, key, began, ended)


def row(number: int, who: str, measure: str, **figures: Any) -> dict[str, Any]:
    return {"round": number, "who": who, "measure": measure, **figures}


def drains(**rates: float) -> list[dict[str, Any]]:
    costs = {"us_worker": 10.0, "us_server": 20.0, "rate_from_start": 1.0}
    return [row(1, who, "drain1", rate=rate, ok=True, jobs=4, **costs) for who, rate in rates.items()]


def test_four_jobs_that_ran_once_in_two_processes_are_right() -> None:
    assert exactly_once(4, [told(0, 2), told(1, 3)], left=0)["ok"]


@pytest.mark.parametrize(
    ("processes", "left"),
    [
        ([told(0, 1, 2, 3)], 1),
        ([told(0, 1, 2)], 0),
        ([told(0, 1, 2, 3, 3)], 0),
        ([told(0, 1, 2), told(2)], 0),
    ],
    ids=["one is left", "one is lost", "one ran twice", "one ran in both and one nowhere"],
)
def test_a_drain_that_lost_or_doubled_a_job_is_wrong(processes: list[dict[str, Any]], left: int) -> None:
    assert not exactly_once(4, processes, left)["ok"]


def test_runs_of_one_key_that_meet_only_at_their_ends_do_not_overlap() -> None:
    assert overlap_of_a_key([run("a", 0, 10), run("a", 10, 20), run("b", 5, 15), run("a", 5, 15, tenant="u")]) == 1


def test_two_runs_of_one_key_at_once_are_seen() -> None:
    assert overlap_of_a_key([run("a", 0, 10), run("a", 9, 20)]) == 2


def test_the_busiest_second_need_not_begin_with_a_whole_one() -> None:
    assert most_in_a_second([0, SECOND // 2, SECOND + 1, SECOND + 2, 3 * SECOND]) == 3


def test_a_start_a_second_later_is_in_the_next_one() -> None:
    assert most_in_a_second([0, SECOND]) == 1


def test_a_ratio_is_to_the_best_of_the_others_in_the_same_round() -> None:
    ours, others = {1: 100.0, 2: 10.0}, [{1: 50.0, 2: 2.0}, {1: 20.0, 2: 5.0}]
    assert report.ratios(ours, others, most=True) == [2.0, 2.0]
    assert report.ratios(ours, others, most=False) == [5.0, 5.0]


def test_the_table_names_who_was_measured_and_how_much_better_ours_is() -> None:
    said = report.everything(drains(cid=30_000.0, pgqueuer=15_000.0))
    assert "30,000" in said
    assert "| 2 " in said
    assert "procrastinate" not in said
    assert "2 drains checked, 8 jobs, 0 wrong" in said


def test_a_contender_that_failed_has_no_figures_and_counts_as_wrong() -> None:
    rows = [*drains(cid=30_000.0), row(1, "pgqueuer", "drain1", ok=False, failed="it broke")]
    assert "1 wrong" in report.everything(rows)
    assert "it broke" not in plot.draw(rows, "")


def test_growth_under_an_old_snapshot_is_of_the_last_cycle_to_the_first() -> None:
    rows = [row(1, "cid", "snapshot20", cycle=n, us_server=us, claim_ms=1.0) for n, us in enumerate((20.0, 90.0, 30.0))]
    assert "| 1.5 " in report.snapshots(rows)


def test_the_plot_is_well_formed_with_every_panel() -> None:
    costs = {"us_worker": 1.0, "us_server": 1.0, "rate_from_start": 1.0}
    rows = [
        *drains(cid=30_000.0, pgqueuer=15_000.0, procrastinate=500.0),
        row(1, "cid", "latency", p50=2.0, p99=9.0),
        row(1, "ceiling", "ceiling", claim_archive=90_000.0),
        *(row(1, "cid", "snapshot20", cycle=n, us_server=30.0, claim_ms=1.0) for n in (1, 2)),
        *(row(1, "cid", "feature", feature=name, **costs) for name in FEATURES),
    ]
    drawn = ET.fromstring(plot.draw(rows, "5 < 6"))
    texts = [text.text or "" for text in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert {"5 < 6", "all of these", "30,000 cid", "SQL alone 90,000"} <= {" ".join(text.split()) for text in texts}
