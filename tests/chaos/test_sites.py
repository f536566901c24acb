"""One post for each approval, however often whoever publishes dies and whatever is not answered."""

from __future__ import annotations

import asyncio

from tests.chaos import sites
from tests.chaos.field import Grounds
from tests.wordpress.double import PASSWORD, USER, Double

SEED = 11


def test_of_25_processes_killed_and_commits_unanswered_no_post_is_doubled_or_lost(grounds: Grounds) -> None:
    async def run() -> None:
        async with Double() as double:
            room = await sites.newsroom(grounds, double.url, USER, PASSWORD, asked=double.asked.total)
            try:
                outcome = await sites.killed(room, seed=SEED, kills=25, lost_commits=0.05)
            finally:
                await sites.close(room)
            assert outcome.kills == 25
            assert outcome.states == {"live": outcome.posts}
            slugs = [post["slug"] for post in double.posts.values()]
            assert len(slugs) == len(set(slugs)) == outcome.posts == len(double.public())

    asyncio.run(run())
