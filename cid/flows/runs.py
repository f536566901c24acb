"""What people do with runs of the analysis desk: start one or some together, stop one, say with whom it is shared."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from cid.briefing.targets import first_job, outlet_key, target
from cid.domain.errors import NotFound, Refused
from cid.domain.ids import RunBatchId, RunId, uuid7
from cid.domain.run import RUN, Failure, RunState, Target, Tlp, Wish
from cid.domain.tenants import Actor, Desk, Permission
from cid.queue import jobs as queue
from cid.store import audit, runs, tenants

if TYPE_CHECKING:
    from cid.ports import Tx
    from cid.services import Services

LONGEST_NAME = 200
OFF = "The analysis desk is off here: whoever runs this desk switches it on with `cid tenants desks`."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Together:
    """What runs that are started at once have in common."""

    actor: Actor
    tlp: Tlp
    batch: RunBatchId | None = None


async def start(sv: Services, actor: Actor, wish: Wish, *, tlp: str = Tlp.AMBER) -> RunId:
    """One run, queued. Raises Refused: a sentence of what is wrong with the wish."""
    _may(actor)
    together = _Together(actor=actor, tlp=_tlp(tlp))
    wanted = await asyncio.to_thread(_target, sv, wish)  # the first name of a country takes tenths of a second
    async with sv.db.tx(actor.tenant.id) as tx:
        await _room(sv, tx, 1)
        run = await _add(sv, tx, wanted, together)
        await _said(sv, tx, actor, "run.started", run, outlet=wanted.outlet)
    return run


async def start_batch(
    sv: Services, actor: Actor, name: str, wishes: Sequence[Wish], *, tlp: str = Tlp.AMBER
) -> RunBatchId:
    """All of them or none. Raises Refused: which of them, and what is wrong with it."""
    _may(actor)
    name, most = " ".join(name.split()), sv.analysis.batch_most
    if not 1 <= len(name) <= LONGEST_NAME:
        raise Refused(f"Give the batch a name of 1 to {LONGEST_NAME} letters.")
    if not 1 <= len(wishes) <= most:
        raise Refused(f"A batch has 1 to {most} outlets; these are {len(wishes)}.")
    wanted = await asyncio.to_thread(_targets, sv, wishes)
    batch = RunBatchId(uuid7(sv.clock.now()))
    together = _Together(actor=actor, tlp=_tlp(tlp), batch=batch)
    async with sv.db.tx(actor.tenant.id) as tx:
        await _room(sv, tx, len(wanted))
        await runs.add_batch(tx, batch, name, actor.user.id)
        for number, one in enumerate(wanted):
            await _add(sv, tx, one, together, number)
        await _said(sv, tx, actor, "batch.started", batch, name=name, runs=len(wanted))
    return batch


async def cancel(sv: Services, actor: Actor, run_id: RunId) -> bool:
    """False: it is being scored, or over. What it waits for is not waited for any more; a question that is with a model
    by now is answered, and its answer passed over. Raises Refused, NotFound."""
    _may(actor)
    async with sv.db.tx(actor.tenant.id) as tx:
        state = await runs.lock(tx, run_id)
        run = await runs.by_id(tx, actor.tenant.id, run_id)
        if state is None or run is None:
            raise NotFound("There is no such run.")
        if not RUN.allows(state, RunState.FAILED):
            return False
        why = "A person cancelled it."
        await runs.move(tx, run, RunState.FAILED, said=why, failure=Failure.CANCELLED, detail=why)
        await _said(sv, tx, actor, "run.cancelled", run_id, outlet=run.outlet, state=str(state))
    return True


async def share(sv: Services, actor: Actor, run_id: RunId, tlp: str) -> None:
    """Say with whom it may be shared from now on. Raises Refused, NotFound."""
    _may(actor)
    new = _tlp(tlp)
    async with sv.db.tx(actor.tenant.id) as tx:
        await runs.lock(tx, run_id)
        run = await runs.by_id(tx, actor.tenant.id, run_id)
        if run is None:
            raise NotFound("There is no such run.")
        if run.tlp is new:
            return
        await runs.set_tlp(tx, run_id, new)
        await _said(sv, tx, actor, "run.shared", run_id, number="TLP", was=str(run.tlp), **{"is": str(new)})


def _may(actor: Actor) -> None:
    if not actor.may(Permission.ANALYSE):
        raise Refused(f"As {actor.role} you may read what was analysed, not have anything analysed.")


def _tlp(text: str) -> Tlp:
    try:
        return Tlp(text.strip().casefold().removeprefix("tlp:"))
    except ValueError:
        raise Refused(f"TLP is one of {', '.join(Tlp)}.") from None


def _target(sv: Services, wish: Wish) -> Target:
    return target(wish, available=sv.ways, local=sv.policy.polling.local)


def _targets(sv: Services, wishes: Sequence[Wish]) -> list[Target]:
    """Raises Refused, naming which."""
    found: dict[tuple[str, str], int] = {}
    wanted = []
    for number, wish in enumerate(wishes, 1):
        try:
            one = _target(sv, wish)
        except Refused as error:
            raise Refused(f"Outlet {number} of {len(wishes)}: {error.public}") from error
        first = found.setdefault((outlet_key(one), one.platform), number)
        if first != number:
            raise Refused(f"Outlet {number} of {len(wishes)} is outlet {first} once more.")
        wanted.append(one)
    return wanted


async def _room(sv: Services, tx: Tx, count: int) -> None:
    """Raises Refused where the desk is off, or nothing more is taken for now."""
    if Desk.ANALYSIS not in await tenants.desks(tx, tx.tenant):
        raise Refused(OFF)
    most = sv.analysis.open_most
    if await runs.room(tx, most) < count:
        raise Refused(f"No more than {most} runs are taken at once: wait until some are over, or cancel some.")


async def _add(sv: Services, tx: Tx, wanted: Target, together: _Together, number: int = 0) -> RunId:
    """The run and its job: an outlet's own runs take turns with others'. A batch's are listed in the order of its
    outlets, which is that of their ids."""
    run, actor = RunId(uuid7(sv.clock.now() + timedelta(milliseconds=number))), together.actor
    await runs.add(
        tx,
        run,
        wanted,
        outlet_key=outlet_key(wanted),
        tlp=together.tlp,
        by=actor.user.id,
        batch=together.batch,
        sample=actor.tenant.sample,
    )
    await queue.enqueue(tx, first_job(tx.tenant, run, wanted))
    return run


async def _said(
    sv: Services, tx: Tx, actor: Actor, action: str, about: RunId | RunBatchId, **detail: str | int
) -> None:
    what = action.split(".", maxsplit=1)[0]
    await audit.add(tx, sv.clock.now(), actor.user.id, action, target=f"{what}:{about}", detail=detail)
