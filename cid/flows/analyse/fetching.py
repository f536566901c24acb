"""The first step of a run: what its sources have of the outlet, as a snapshot that never changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from cid.domain.dossier import healthy
from cid.domain.errors import Deferred, Misconfigured, Withdrawn
from cid.domain.jobs import Job
from cid.domain.news import Cause
from cid.domain.run import Failure, Run, RunFetch, RunItem, RunState
from cid.flows.analyse import ends
from cid.flows.analyse.fetch import fetch
from cid.llm import reads
from cid.services import Services
from cid.store import runs


async def fetching(sv: Services, job: Job, run: Run) -> bool:
    try:
        fetched = await fetch(sv, run)
    except Withdrawn:
        return True  # it is over, and whoever looks next sees that
    except Deferred as error:
        return await ends.wait(sv, job, run, error)
    except Misconfigured as error:
        return await ends.fail(sv, job, run, Failure.NO_KEY, detail=str(error))
    if not fetched.items:
        failure, detail = without_items(run, fetched.fetches)
        return await ends.fail(sv, job, run, failure, detail=detail, fetched=fetched)
    async with sv.db.tx(job.tenant) as tx:
        if await runs.move(tx, run, RunState.ASKING, said=counted(fetched.items)):
            await runs.add_fetches(tx, run.id, fetched.fetches)
            await runs.add_items(tx, run.id, fetched.items)
            if fetched.profile:
                await runs.set_profile(tx, run.id, fetched.profile)
            await reads.forget(tx, fetched.calls)
    return True


def without_items(run: Run, fetches: Sequence[RunFetch]) -> tuple[Failure, str]:
    """Why there is nothing to read, and the sentence that says so. A source that answered and has nothing is another
    thing than one that could not be read; where some of both were asked, nobody knows that there is nothing."""
    broken = [one for one in fetches if not healthy(one)]
    if fetches and not broken:
        asked = ", ".join(dict.fromkeys(str(one.via) for one in fetches))
        return Failure.NO_ITEMS, f"Nothing of {run.outlet} in this period at {asked}."
    if not fetches:
        return Failure.SOURCES, "There was no source to ask."
    said = "; ".join(f"{one.via}: {one.detail or one.cause or one.outcome}" for one in broken)
    if all(one.cause == Cause.NO_KEY for one in broken):
        return Failure.NO_KEY, said
    return Failure.SOURCES, said


def counted(items: Sequence[RunItem]) -> str:
    by = Counter(str(one.via) for one in items)
    said = ", ".join(f"{count} by {via}" for via, count in by.items())
    return f"{len(items)} {'item' if len(items) == 1 else 'items'}: {said}"
