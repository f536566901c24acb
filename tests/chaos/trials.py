"""The trials: what each is, how large it is in the short and in the full form, and what has to come of it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

from tests.chaos import claims, desk, hours, kills, lines, money, walk
from tests.chaos.field import Grounds, Report

Run: TypeAlias = Callable[[Grounds, int], Coroutine[Any, Any, Report]]
Rule: TypeAlias = Callable[[Report], Iterator[str]]
READY_S = 2.0
BACK_S = 3.0
STOPS_S = 0.7
LISTENS_S = 5.0
"""A part that failed waits longer each time; until it listens again, polling finds the jobs."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """`broken` names every promise that the report does not bear out."""

    name: str
    short: Run
    full: Run
    broken: Rule


def nothing_lost(report: Report) -> Iterator[str]:
    if report.lost:
        yield f"{report.lost} of {report.jobs} lost"
    if report.doubled:
        yield f"{report.doubled} of {report.jobs} doubled"
    if report.more.get("dead"):
        yield f"{report.more['dead']} dead"
    if report.more.get("left"):
        yield f"{report.more['left']} not done in time"
    if not report.jobs:
        yield "nothing was tried"


def killed(report: Report) -> Iterator[str]:
    yield from nothing_lost(report)
    if not report.kills:
        yield "nobody was killed"


def naive(report: Report) -> Iterator[str]:
    """The other way round: a harness that sees nothing here would see nothing elsewhere."""
    if not report.lost + report.doubled:
        yield "the naive design neither lost nor doubled anything: the harness is blind"


def no_zombie(report: Report) -> Iterator[str]:
    yield from nothing_lost(report)
    if not report.more["claims_forgotten"]:
        yield "the server forgot no claim"
    if report.more["zombies_accepted"]:
        yield f"{report.more['zombies_accepted']} completions of zombies accepted"


def zombies(report: Report) -> Iterator[str]:
    if not report.more["zombies_accepted"]:
        yield "without a fence no zombie got through: the harness is blind"


def service(report: Report) -> Iterator[str]:
    yield from killed(report)
    if report.more["orphans"]:
        yield f"{report.more['orphans']} processes outlived their desk"
    if report.more["exit_code"]:
        yield f"the last one ended with {report.more['exit_code']}"


def service_on_time(report: Report) -> Iterator[str]:
    """Of the full form only: how long a start takes is the machine's business while it does other things."""
    yield from service(report)
    if report.more["ready_p50_s"] > READY_S:
        yield f"ready after {report.more['ready_p50_s']} s"


def bad_line(report: Report) -> Iterator[str]:
    yield from nothing_lost(report)
    if not report.more["unknown"]:
        yield "no request was left unanswered"
    if report.more["usable_again_s"] > BACK_S:
        yield f"unusable for {report.more['usable_again_s']} s after a fault"


def restarted(report: Report) -> Iterator[str]:
    yield from killed(report)
    more = report.more
    odd = set(more["statuses"]) - {404, 503}
    if odd:
        yield f"pages answered {sorted(odd)}"
    if more["web_outage_s"] > BACK_S or more["slowest_page_s"] > BACK_S:
        yield f"pages away for {more['web_outage_s']} s, the slowest took {more['slowest_page_s']} s"
    if max(more["listener_back_s"]) > LISTENS_S:
        yield f"the listeners came back after {max(more['listener_back_s'])} s"


def on_time(report: Report) -> Iterator[str]:
    yield from nothing_lost(report)
    if report.more["early"]:
        yield f"{report.more['early']} ran before their time"
    if report.more["late"]:
        yield f"{report.more['late']} ran long after their time"


def drained(report: Report) -> Iterator[str]:
    yield from nothing_lost(report)
    more = report.more
    if more["exit_code"]:
        yield f"ended with {more['exit_code']}"
    if more["claimed_after_s"] > STOPS_S:
        yield f"still began a job {more['claimed_after_s']} s after it was asked to stop"
    if more["rescued"]:
        yield f"{more['rescued']} jobs lost an attempt to the drain"


def heard(report: Report) -> Iterator[str]:
    yield from killed(report)
    more = report.more
    if more["unheard_started_after_s"] > more["poll_s"] * 1.25 + 0.5:
        yield f"a job waited {more['unheard_started_after_s']} s, the poll is every {more['poll_s']} s"
    if more["heard_started_after_s"] > more["poll_s"] * 0.75:
        yield f"heard nothing: a job waited {more['heard_started_after_s']} s"


def paid_once(report: Report) -> Iterator[str]:
    yield from killed(report)
    more = report.more
    for name in ("exit_code", "requests_without_row", "open"):
        if more[name]:
            yield f"{more[name]} {name}"
    if more["ambiguous"] > report.kills:
        yield f"{more['ambiguous']} calls are ambiguous after {report.kills} kills"
    if more["rows_never_sent"] > more["ambiguous"]:
        yield f"{more['rows_never_sent']} calls were never sent, and only {more['ambiguous']} are ambiguous"
    if Decimal(more["reserved"]):
        yield f"${more['reserved']} still reserved"
    if Decimal(more["unexplained_dollars"]):
        yield f"${more['unexplained_dollars']} that no call explains"


DEATHS = (
    Trial(
        name="1",
        short=lambda g, seed: kills.killed(g, seed=seed, jobs=250),
        full=lambda g, seed: kills.killed(g, seed=seed, jobs=10_000, patience_s=600),
        broken=killed,
    ),
    Trial(
        name="2",
        short=lambda g, seed: _with_server(g, seed, jobs=200, every_s=1.0),
        full=lambda g, seed: _with_server(g, seed, jobs=10_000, every_s=5.0),
        broken=killed,
    ),
    Trial(
        name="2b",
        short=lambda g, seed: claims.claim_lost(g, seed=seed, rounds=2),
        full=lambda g, seed: claims.claim_lost(g, seed=seed, rounds=20),
        broken=no_zombie,
    ),
    Trial(
        name="3 not looking before creating",
        short=lambda g, seed: kills.control(g, seed=seed, jobs=80, flow="blind", frozen=0.0),
        full=lambda g, seed: kills.control(g, seed=seed, jobs=2_000, flow="blind"),
        broken=naive,
    ),
    Trial(
        name="3 done before it is done",
        short=lambda g, seed: kills.control(g, seed=seed, jobs=80, flow="early", frozen=0.0),
        full=lambda g, seed: kills.control(g, seed=seed, jobs=2_000, flow="early"),
        broken=naive,
    ),
    Trial(
        name="3 no fence",
        short=lambda g, seed: kills.control(g, seed=seed, jobs=100, flow="unfenced", frozen=1.0),
        full=lambda g, seed: kills.control(g, seed=seed, jobs=2_000, flow="unfenced", frozen=1.0),
        broken=naive,
    ),
    Trial(
        name="3 no fence, server killed",
        short=lambda g, seed: claims.claim_lost(g, seed=seed, rounds=1, end=claims.unfenced),
        full=lambda g, seed: claims.claim_lost(g, seed=seed, rounds=5, end=claims.unfenced),
        broken=zombies,
    ),
    Trial(
        name="17",
        short=lambda g, seed: walk.points(g, seed=seed, first=1 + seed % 3, step=3),
        full=lambda g, seed: walk.points(g, seed=seed),
        broken=killed,
    ),
    Trial(
        name="17 with a retry",
        short=lambda g, seed: walk.points(g, seed=seed, refuse=1, first=16, at_most=22),
        full=lambda g, seed: walk.points(g, seed=seed, refuse=1),
        broken=killed,
    ),
    Trial(
        name="17 done before it is done",
        short=lambda g, seed: walk.points(g, seed=seed, flow="early", first=22, to_the_end=False),
        full=lambda g, seed: walk.points(g, seed=seed, flow="early"),
        broken=naive,
    ),
    Trial(
        name="17 not looking before creating",
        short=lambda g, seed: walk.points(g, seed=seed, flow="blind", to_the_end=False),
        full=lambda g, seed: walk.points(g, seed=seed, flow="blind"),
        broken=naive,
    ),
    Trial(
        name="25",
        short=lambda g, seed: money.money(g, seed=seed, kills=8),
        full=lambda g, seed: money.money(g, seed=seed, kills=200),
        broken=paid_once,
    ),
)
LINES = (
    Trial(
        name="4",
        short=lambda _g, seed: desk.whole(seed=seed, cycles=3),
        full=lambda _g, seed: desk.whole(seed=seed, cycles=20),
        broken=service,
    ),
    Trial(
        name="5",
        short=lambda g, seed: lines.bad_line(g, seed=seed, rounds=1, calm_s=0.3),
        full=lambda g, seed: lines.bad_line(g, seed=seed, rounds=5),
        broken=bad_line,
    ),
    Trial(
        name="6",
        short=lambda g, seed: lines.restarts(g, seed=seed, rounds=2, every_s=1.0),
        full=lambda g, seed: lines.restarts(g, seed=seed, rounds=6, every_s=10.0),
        broken=restarted,
    ),
    Trial(
        name="8",
        short=lambda g, seed: hours.skewed(g, seed=seed, jobs=10),
        full=lambda g, seed: hours.skewed(g, seed=seed, jobs=20),
        broken=on_time,
    ),
    Trial(
        name="22",
        short=lambda g, seed: hours.drained(g, seed=seed, jobs=100),
        full=lambda g, seed: hours.drained(g, seed=seed, jobs=400),
        broken=drained,
    ),
    Trial(
        name="24",
        short=lambda g, seed: lines.deaf(g, seed=seed, rounds=1, poll_s=2.0),
        full=lambda g, seed: lines.deaf(g, seed=seed, rounds=5, poll_s=5.0),
        broken=heard,
    ),
)


async def _with_server(grounds: Grounds, seed: int, *, jobs: int, every_s: float) -> Report:
    return await kills.killed(
        grounds, seed=seed, jobs=jobs, server_every_s=every_s, patience_s=600, scenario="2 workers and Postgres killed"
    )
