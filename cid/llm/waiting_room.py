"""Where questions wait that are asked in a batch at the vendor's lower price.

    ask ─▶ `enter`: reserve + ledger row `sent` + a seat in the tenant's planned batch ─▶ Batched
    clock ─▶ `tend`: planned ─▶ submitted ─▶ ended ─▶ every call settled as any other ─▶ whoever asks next reads it

What a batch could not answer is asked alone the next time. Transactions are short, and none is open while a vendor
thinks; a crash between two steps leaves a state from which the next tender goes on (`cid.llm.waiting`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

import structlog

from cid.domain.errors import Batched, CidError, Misconfigured, Unanswered
from cid.domain.ids import CallId, TenantId, uuid7
from cid.domain.llm import Ask, Json, Raw, Subject, Wire
from cid.llm import batch_ledger, ledger, waiting
from cid.llm.ledger import Granted
from cid.llm.models import NO_PACE, OFFLINE, Chain, Choice, Models, Prices
from cid.llm.prompts import canonical
from cid.llm.steps import Breaker
from cid.llm.waiting import Batch, BatchState, Step
from cid.llm.wire import Form, cost_bound, prompt_bound
from cid.ports import Batches, Clock, Db, PlatformDb, Tx

T = TypeVar("T")
CALL_S = 200.0
"""Of one request to a vendor. A sender is doubted after `waiting.LEASE`, which is longer."""
MOST = 200
"""Batches that are looked after in one go."""
AT_ONCE = 4
log = structlog.get_logger("batches")


class WaitingRoom:
    """Satisfies `ports.Backlog`. `batches` are the vendors that have a batch API and a key."""

    def __init__(
        self,
        db: Db,
        platform: PlatformDb,
        clock: Clock,
        *,
        models: Models,
        prices: Prices,
        batches: Sequence[Batches],
    ) -> None:
        self._db = db
        self._platform = platform
        self._clock = clock
        self._models = models
        self._prices = prices
        self._batches = {batch.name: batch for batch in batches}

    # ------------------------------------------------------------------------------------------------------- going in

    async def enter(self, tx: Tx, form: Form, chain: Chain, answered: Collection[str]) -> Batched | None:
        """What is not answered yet waits, where it may; None: all of it is to be asked now. It is on record when `tx`
        commits, and not before."""
        missing = [subject for subject in form.ask.subjects if subject.key not in answered]
        if not missing or form.offline:
            return None
        ask, hashes = form.ask, {subject.key: form.hashes[subject.key] for subject in missing}
        seats = await batch_ledger.seats(tx, ask.tenant, ask.stage, hashes.values())
        places = {batch for batch in seats.values() if batch}
        fresh = [subject for subject in missing if hashes[subject.key] not in seats]
        if fresh and self._takes(ask, chain.choices[0]):
            place = await self._place(tx, form, chain, fresh)
            places |= {str(place)} if place else set()
        if not places:
            return None
        named = ", ".join(sorted(places)[:4])
        return Batched(f"asked in a batch at the lower price ({named})", until=self._clock.now() + waiting.LOOK)

    def _takes(self, ask: Ask, choice: Choice) -> bool:
        if ask.urgent or ask.stage not in self._models.batched or choice.provider not in self._batches:
            return False
        return choice.provider != OFFLINE and self._prices.at(choice, self._clock.now().date(), 0).batch is not None

    async def _place(self, tx: Tx, form: Form, chain: Chain, subjects: Sequence[Subject]) -> UUID | None:
        """None: switch, breaker or budget forbid it. Whoever asks now instead is told by them."""
        ask, choice, now = form.ask, chain.choices[0], self._clock.now()
        asked = {f"a{number}": subject for number, subject in enumerate(subjects, 1)}
        wire = form.wire(choice.model, asked, {})
        tokens = prompt_bound(wire)
        most = cost_bound(self._prices.at(choice, now.date(), tokens).in_batch(), tokens, wire.max_tokens)
        grant = await ledger.reserve(
            tx, ask.tenant, ask.stage, choice, most, caps=self._models.caps, pace=NO_PACE, tokens=0, probe_s=0.0
        )
        if grant.outcome is not Granted.GRANTED:
            return None
        for scope in grant.near:
            log.warning("llm.budget_near", tenant=str(ask.tenant), scope=scope)
        sent = _packed(wire)
        size = len(canonical(sent).encode())
        batch = await batch_ledger.seat(tx, ask.tenant, choice, size, uuid7(now))
        await ledger.sent(
            tx,
            ledger.Opening(
                id=CallId(uuid7(now)),
                form=form,
                choice=choice,
                most=most,
                tokens=0,
                asked=asked,
                max_tokens=wire.max_tokens,
                timeout_s=waiting.STAY.total_seconds(),
                instead_of="; ".join(chain.passed),
                batch=batch,
                wire=sent,
            ),
        )
        return batch

    # -------------------------------------------------------------------------------------------------- being attended

    async def tend(self) -> list[tuple[TenantId, str]]:
        """One step for each batch that is due. Answers which came to an end: nobody needs to wait for them any more."""
        async with self._platform.read() as tx:
            due = await batch_ledger.due(tx, MOST)
        over: list[tuple[TenantId, str]] = []
        room = asyncio.Semaphore(AT_ONCE)

        async def tend(tenant: TenantId, id_: UUID) -> None:
            async with room:
                batch = await self._tend(tenant, id_)
            if batch and batch.state in {BatchState.READ, BatchState.FAILED}:
                over.append((tenant, batch.key))

        async with asyncio.TaskGroup() as together:
            for tenant, id_ in due:
                together.create_task(tend(tenant, id_))
        return over

    async def _tend(self, tenant: TenantId, id_: UUID) -> Batch | None:
        """The batch after its step; None: there was none to do."""
        async with self._db.read(tenant) as tx:
            loaded = await batch_ledger.load(tx, tenant, id_)
        if loaded is None:
            return None
        batch, now = loaded
        step = waiting.step(batch, now)
        if step is None:
            return None
        if step in {Step.DOUBT, Step.GIVE_UP}:
            after = waiting.doubted(batch, now) if step is Step.DOUBT else waiting.given_up(batch, now)
            return await self._move(tenant, batch, after)
        vendor = self._batches.get(batch.provider)
        if vendor is None:
            gone = Misconfigured(f"a batch is open at {batch.provider}, which has no key any more: set it again")
            return await self._move(tenant, batch, waiting.delayed(batch, gone, now))
        tends = {Step.SUBMIT: self._submit, Step.FIND: self._find, Step.READ: self._read, Step.CANCEL: self._cancel}
        return await tends.get(step, self._poll)(tenant, batch, vendor)

    async def _submit(self, tenant: TenantId, batch: Batch, vendor: Batches) -> Batch | None:
        begun = waiting.begun(batch, self._clock.now())
        async with self._db.tx(tenant) as tx:
            if not await batch_ledger.move(tx, tenant, batch, begun):
                return None
            packed = await batch_ledger.wires(tx, tenant, batch)
        wires = {call: _unpacked(batch.model, sent) for call, sent in packed.items()}
        answer = await _heard(vendor.submit(batch.key, wires))
        return await self._move(tenant, begun, waiting.submitted(begun, answer, self._clock.now()))

    async def _find(self, tenant: TenantId, batch: Batch, vendor: Batches) -> Batch | None:
        since = batch.sent_at or batch.planned_at
        async with self._platform.read() as tx:
            known = await batch_ledger.known(tx, batch.provider, since - timedelta(days=1))
        answer = await _heard(vendor.find(batch.key, batch.calls, since, known))
        return await self._move(tenant, batch, waiting.found(batch, answer, self._clock.now()))

    async def _cancel(self, tenant: TenantId, batch: Batch, vendor: Batches) -> Batch | None:
        await _heard(vendor.cancel(batch.id))
        return await self._poll(tenant, batch, vendor)

    async def _poll(self, tenant: TenantId, batch: Batch, vendor: Batches) -> Batch | None:
        ended = await _heard(vendor.ended(batch.id))
        return await self._move(tenant, batch, waiting.polled(batch, ended, self._clock.now()))

    async def _read(self, tenant: TenantId, batch: Batch, vendor: Batches) -> Batch | None:
        """Each call is settled by itself: who dies here leaves the rest to the next, and nothing is settled twice."""
        told = await _heard(_told(vendor, batch))
        if isinstance(told, CidError):
            return await self._move(tenant, batch, waiting.read(batch, told, self._clock.now()))
        done = waiting.outcomes(batch.calls, told)
        if done.unknown or done.doubled:
            log.warning("batch.odd", batch=batch.key, unknown=list(done.unknown), doubled=list(done.doubled))
        for call, outcome in done.of.items():
            async with self._db.tx(tenant) as tx:
                await self._settle(tx, tenant, batch, call, outcome)
        return await self._move(tenant, batch, waiting.read(batch, None, self._clock.now()))

    async def _move(self, tenant: TenantId, before: Batch, after: Batch) -> Batch | None:
        """None: another tender was first. A batch that failed takes its calls along."""
        failure = waiting.failure_of_all(before, after)
        try:
            async with self._db.tx(tenant) as tx:
                # The budgets' rows before the batch's, as in `enter`.
                for call in before.calls if failure else ():
                    await self._settle(tx, tenant, before, call, failure)
                _must(await batch_ledger.move(tx, tenant, before, after))
        except _OvertakenError:
            return None
        tell = log.warning if after.why else log.info
        tell("batch", id=after.key, model=after.model, requests=len(after.calls), state=after.state, why=after.why)
        return after

    async def _settle(self, tx: Tx, tenant: TenantId, batch: Batch, call: str, outcome: Raw | CidError | None) -> None:
        """As after a call asked alone, at the batch's price. What one request came to says nothing of its model's
        health."""
        if isinstance(outcome, Raw):
            choice = Choice(batch.provider, batch.model)
            row = self._prices.row(choice, self._clock.now().date(), outcome.usage.prompt)
            end = ledger.answered(outcome, replace(row, price=row.price.in_batch()))
            end = replace(end, tokens=0, breaker=Breaker.NONE)
        else:
            state = "ambiguous" if isinstance(outcome, Unanswered) else "failed"
            end = ledger.End(state=state, error=str(outcome))
        await ledger.settle(tx, tenant, CallId(UUID(call)), end, NO_PACE)


class _OvertakenError(Exception):
    """Rolls back what was written for a batch that is not any more what it was."""


def _must(moved: bool) -> None:  # noqa: FBT001 - it is all there is to say
    if not moved:
        raise _OvertakenError


async def _told(vendor: Batches, batch: Batch) -> list[tuple[str, Raw | CidError]]:
    return [result async for result in vendor.results(batch.id, batch.calls)]


async def _heard(request: Awaitable[T]) -> T | CidError:
    """What a vendor answered, or failed with; silence is a failure too."""
    try:
        async with asyncio.timeout(CALL_S):
            return await request
    except TimeoutError:
        return Unanswered(f"no answer in {CALL_S:g} s")
    except CidError as error:
        return error


def _packed(wire: Wire) -> Mapping[str, Json]:
    """What a vendor is told. The rest of a wire is for `offline`, which has no batches."""
    return {
        "system": list(wire.system),
        "document": wire.document,
        "instruction": wire.instruction,
        "schema": dict(wire.schema),
        "max_tokens": wire.max_tokens,
        "stage": wire.stage,
    }


def _unpacked(model: str, sent: Mapping[str, Json]) -> Wire:
    return Wire(
        model=model,
        system=tuple(sent["system"]),
        document=sent["document"],
        instruction=sent["instruction"],
        schema=sent["schema"],
        max_tokens=sent["max_tokens"],
        timeout_s=CALL_S,
        stage=sent["stage"],
        shared={},
        inputs={},
    )
