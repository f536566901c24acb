"""Kills of the processes that publish, over a WordPress that remembers, and COMMITs that nobody answers.

Posts doubled or lost, as one JSON line.

    python -m bench.publishing [--kills 1000] [--commits 0.05] [--seed 1]
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections import Counter
from dataclasses import asdict
from typing import Any

from tests.chaos import grounds, sites
from tests.chaos.field import Grounds
from tests.wordpress.double import PASSWORD, USER, Double


async def measure(on: Grounds, *, kills: int, commits: float, seed: int) -> dict[str, Any]:
    async with Double() as double:
        room = await sites.newsroom(on, double.url, USER, PASSWORD, asked=double.asked.total)
        try:
            outcome = await sites.killed(room, seed=seed, kills=kills, batch=20, lost_commits=commits)
            told = await room.desk.owner.fetch("select attempt from jobs_done where kind = 'publish'")
        finally:
            await sites.close(room)
        heads = Counter(post["slug"].rpartition("-")[0] for post in double.posts.values())
        return asdict(outcome) | {
            "posts_at_the_site": len(double.posts),
            "public": len(double.public()),
            "doubled": sum(n > 1 for n in heads.values()),
            "lost": outcome.posts - len(double.public()),
            "most_tries": max((row["attempt"] for row in told), default=0),
            "requests": sum(double.asked.values()),
            "seed": seed,
        }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--commits", type=float, default=0.05)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with grounds.grounds() as on:
        print(json.dumps(asyncio.run(measure(on, kills=given.kills, commits=given.commits, seed=given.seed))))


if __name__ == "__main__":
    main()
