"""Items → stories. One writer, a few statements for a hand-out of any size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from cid.domain.ids import PLATFORM, ItemId, StoryId, TenantId, uuid7
from cid.domain.jobs import Job, JobKind, NewJob
from cid.domain.news import Placed
from cid.domain.policy import Judge
from cid.ports import Tx
from cid.queue import jobs as queue
from cid.services import Services
from cid.store import contests, items, screenings, stories
from cid.store.items import ToPlace
from cid.text.stories.keys import counted
from cid.text.stories.shelf import Arrival, Shelf, lookup_keys
from cid.text.stories.terms import Title, title
from cid.text.stories.weights import Uses

_BITS = (1 << 63) - 1
"""Of a source's id as a number: the last of them are random."""


async def group(sv: Services, jobs: Sequence[Job]) -> None:
    """An item that has a story already was seen at one more source: its story counts it, its readers judge it."""
    wanted = {ItemId(UUID(job.payload["item"])) for job in jobs}
    async with sv.platform.tx() as tx:
        found, placed = await _put(tx, wanted, sv)
        touched = {item.story_id for item in found if item.story_id} | {one.story for one in placed}
        waiting = await stories.spread_reached(tx, touched, sv.policy)
        readers = await items.readers(tx, [item.id for item in found])
        await queue.enqueue(
            tx,
            *(_job(JobKind.RULES, tenant, "item", item) for tenant, item in readers),
            *(_job(JobKind.ASSESS, tenant, "screening", screening) for tenant, screening in waiting),
            *(_job(JobKind.JUDGE, PLATFORM, "contest", contest) for contest in await _contest(tx, placed, sv)),
            *await _follow_ups(tx, placed, sv),
        )
        await queue.done(tx, *jobs)


async def _follow_ups(tx: Tx, placed: Iterable[Placed], sv: Services) -> list[NewJob]:
    """A draft whose story took another in may have something to learn of that one's reports."""
    into = {stays for one in placed for _, stays in one.merges}
    at = sv.clock.now() + sv.policy.follow.pause
    drafted = await screenings.drafted(tx, set((await stories.roots(tx, into)).values())) if into else []
    return [_job(JobKind.FOLLOW, tenant, "screening", one)._replace(run_at=at) for tenant, one in drafted]


async def place(sv: Services, wanted: Collection[ItemId]) -> list[Placed]:
    """What a hand-out of these items does to stories, for measurements: nobody is asked or told."""
    async with sv.platform.tx() as tx:
        _, placed = await _put(tx, wanted, sv)
    return placed


async def _put(tx: Tx, wanted: Collection[ItemId], sv: Services) -> tuple[list[ToPlace], list[Placed]]:
    """The items as they were found, and where those went that were in no story."""
    await stories.alone(tx)
    found = await items.to_place(tx, wanted)
    placed = await _place(tx, [item for item in found if item.story_id is None], sv)
    await stories.count(tx, [item.id for item in found], Counter(one.story for one in placed))
    return found, placed


async def _place(tx: Tx, found: Sequence[ToPlace], sv: Services) -> list[Placed]:
    if not found:
        return []
    now = sv.clock.now()
    titles = [title(item.title) for item in found]
    keys = {key for one, item in zip(titles, found, strict=True) for key in counted(one.terms, item.at)}
    uses = Uses(await stories.uses(tx, keys))
    # in the order of their making, whatever the chance in them: the older of two stories is told by its id
    ids = sorted(StoryId(uuid7(now)) for _ in found)
    arrivals = [_arrival(item, one, uses, fresh, now) for item, one, fresh in zip(found, titles, ids, strict=True)]
    shelf = Shelf(await stories.near(tx, [new.keys for new in arrivals]))
    placed = shelf.settled([shelf.place(new) for new in arrivals])
    await stories.merge(tx, [pair for one in placed for pair in one.merges])
    await stories.write(tx, shelf.stories.values(), uses.added)
    await items.set_stories(tx, placed)
    await stories.follow(tx, [(one.story, one.follows) for one in placed if one.follows])
    return placed


def _arrival(item: ToPlace, one: Title, uses: Uses, fresh: StoryId, now: datetime) -> Arrival:
    vector = uses.weigh(one, item.at)
    return Arrival(
        item=item.id,
        title=one,
        vector=vector,
        keys=lookup_keys(vector, item.at, now),
        at=item.at,
        sample=item.sample,
        public=item.public,
        source=item.source_id.int & _BITS if item.source_id else None,
        fresh=fresh,
    )


async def _contest(tx: Tx, placed: Iterable[Placed], sv: Services) -> list[UUID]:
    """Write down what might belong elsewhere as well; answers what somebody is to be asked about."""
    now = sv.clock.now()
    found = [(uuid7(now), one.item, story, likeness) for one in placed for story, likeness in one.contested]
    asked = sv.policy.stories.judge is Judge.MODEL
    new = await contests.add(tx, found, unjudged="" if asked else "no judge is switched on")
    return new if asked else []


def _job(kind: JobKind, tenant: TenantId, name: str, value: UUID) -> NewJob:
    return NewJob(kind=kind, tenant=tenant, payload={name: str(value)}, dedupe=str(value))
