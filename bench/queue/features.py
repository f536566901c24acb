"""What each feature of our queue costs the jobs that use it: the same drain, plain and with it, in the same rounds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bench.queue import measures
from bench.queue.cluster import Cluster
from bench.queue.contenders import Contender

NEVER = {"every_us": 1, "burst": 10_000_000}
"""A rate that is counted for every hand-out and holds none back."""
# As many jobs in hand in each: 1,000.
FEATURES: dict[str, dict[str, Any]] = {
    "plain": {},
    "10 priorities": {"priorities": 10},
    "groups of 8": {"group": 8, "slots": 125},
    "groups of 500": {"group": 500, "slots": 2},
    "50 tenants in turn": {"tenants": 50},
    "500 keys, 2 at once of each": {"keys": 500, "most_per_key": 2},
    "1,000 at once of the kind": {"most": 1000},
    "a rate, counted": {"rate": NEVER},
    "5 % tried again": {"spoil_every": 20},
    "a dedupe key each": {"dedupe": True},
    "all of these": {
        "priorities": 10,
        "group": 8,
        "slots": 125,
        "tenants": 50,
        "keys": 10,
        "most_per_key": 4,
        "most": 1000,
        "rate": NEVER,
        "spoil_every": 20,
        "dedupe": True,
    },
}


def measure(
    cluster: Cluster, ours: Contender, jobs: int, number: int, *, few: bool = False
) -> Iterator[dict[str, Any]]:
    """One round, in an order that turns with the rounds. `few`: plain, and all together."""
    names = [name for name in FEATURES if name in {"plain", "all of these"} or not few]
    for name in names[number % len(names) :] + names[: number % len(names)]:
        who = ours.having(**FEATURES[name])
        measures.clean(cluster, who)
        put = measures.enqueue(cluster, who, jobs)
        cluster.sql(who.database, "analyze")
        yield {"feature": name, "enqueue_rate": put["rate"], **measures.drain(cluster, who, jobs)}
