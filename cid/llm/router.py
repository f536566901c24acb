"""The way every question takes: stored answer, budget, ledger, provider, stored reply, reading, one repair.

    ask ─▶ stored? ─▶ reserve + ledger row `sent` ─▶ provider ─▶ raw reply stored, settled ─▶ read ─▶ kept
                                                       │                                      │
                                                       └ failed, or ambiguous                 └ missing: once more

Each arrow's transaction is its own and short; none is open while a provider thinks. A crash between two arrows costs
nothing twice: a stored reply that nobody read is read by whoever asks next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta

from cid.domain.errors import BadReply, CidError, Deferred, Misconfigured, Unanswered
from cid.domain.ids import CallId, uuid7
from cid.domain.llm import Answer, Ask, Raw, Stop, Subject, Wire, cost
from cid.llm import ledger
from cid.llm.models import OFFLINE, Choice, Models, Prices
from cid.llm.prompts import Prompts
from cid.llm.wire import Form, cost_bound, prompt_bound, read
from cid.ports import Clock, Db, Provider, Tx


class Router:
    """Satisfies `ports.Llm`. `providers` by name; a missing one is a named failure when it is wanted."""

    def __init__(
        self, db: Db, clock: Clock, *, models: Models, prices: Prices, prompts: Prompts, providers: Sequence[Provider]
    ) -> None:
        self.db = db
        self.clock = clock
        self.models = models
        self.prices = prices
        self.prompts = prompts
        self.providers = {provider.name: provider for provider in providers}

    async def ask(self, ask: Ask) -> Mapping[str, Answer]:
        async with self.db.tx(ask.tenant) as tx:
            choice = self.models.choose(ask.tier, sample=await ledger.is_sample(tx, ask.tenant))
            form = Form(ask, self.prompts[ask.prompt], offline=choice.provider == OFFLINE)
            answers = await ledger.stored(tx, ask.tenant, ask.stage, form.hashes)
            if len(answers) < len(ask.subjects):
                for left in await ledger.unread(tx, ask.tenant, ask.stage):
                    answers |= await _read_late(tx, form, left)
        problems: Mapping[str, str] = {}
        for attempt in (1, 2):
            missing = [subject for subject in ask.subjects if subject.key not in answers]
            if missing:
                got, problems = await self._attempt(form, choice, missing, attempt, problems)
                answers |= got
        if not answers:
            raise BadReply(f"{ask.stage}: nothing usable ({'; '.join(sorted(set(problems.values())))})")
        return answers

    async def _attempt(
        self, form: Form, choice: Choice, missing: Sequence[Subject], attempt: int, problems: Mapping[str, str]
    ) -> tuple[Mapping[str, Answer], Mapping[str, str]]:
        """One call for what is missing: by subject key, answers and what was wrong with the others."""
        provider = self._provider(choice)
        subjects = {f"a{number}": subject for number, subject in enumerate(missing, 1)}
        ids = {subject.key: id_ for id_, subject in subjects.items()}
        wire = form.wire(choice.model, subjects, {ids[key]: why for key, why in problems.items() if key in ids})
        call = await self._open(form, choice, wire, subjects, attempt)
        raw = await self._complete(form.ask, call, provider, wire)
        await self._settle(form.ask, call, choice, raw)
        if raw.stop is not Stop.END:
            raise BadReply(f"{form.ask.stage}: {_stopped(raw)}")
        outcome = read(form, raw.text, tuple(subjects))
        kept = [
            ledger.Kept(subject=subjects[id_].key, input_hash=form.hashes[subjects[id_].key], value=value)
            for id_, value in outcome.values.items()
        ]
        async with self.db.tx(form.ask.tenant) as tx:
            await ledger.keep(tx, form.ask.stage, call, str(choice), kept)
        answers = {one.subject: Answer(value=one.value, call_id=call, provider=str(choice)) for one in kept}
        return answers, {subjects[id_].key: why for id_, why in outcome.problems.items()}

    def _provider(self, choice: Choice) -> Provider:
        if choice.provider not in self.providers:
            raise Misconfigured(f"There is no provider {choice.provider}: correct config/models.toml.")
        return self.providers[choice.provider]

    async def _open(self, form: Form, choice: Choice, wire: Wire, asked: Mapping[str, Subject], attempt: int) -> CallId:
        """Money set aside and the call on record, or nothing sent. Raises Deferred, Misconfigured."""
        ask, now = form.ask, self.clock.now()
        tokens = prompt_bound(wire)
        most = cost_bound(self.prices.at(choice, now.date(), tokens), tokens, wire.max_tokens)
        call = CallId(uuid7(now))
        async with self.db.tx(ask.tenant) as tx:
            if not await ledger.reserve(tx, ask.tenant, most, self.models.daily_cap):
                raise Deferred(
                    f"the day's budget of ${self.models.daily_cap} for models is used up", until=_next_day(now)
                )
            await ledger.sent(
                tx,
                call,
                form,
                choice,
                attempt=attempt,
                reserved=most,
                input_hash=form.input_hash(tuple(asked.values())),
                subjects=[(id_, subject.key, form.hashes[subject.key].hex()) for id_, subject in asked.items()],
            )
        return call

    async def _complete(self, ask: Ask, call: CallId, provider: Provider, wire: Wire) -> Raw:
        """The provider's reply; a failure is on record before it is raised. The timeout is ours and total: an SDK's
        counts anew with every byte."""
        try:
            async with asyncio.timeout(wire.timeout_s):
                return await provider.complete(wire)
        except (TimeoutError, Unanswered) as error:
            why = str(error) or f"{provider.name} did not answer in {wire.timeout_s:g} s"
            async with self.db.tx(ask.tenant) as tx:
                await ledger.ambiguous(tx, ask.tenant, call, why)
            if isinstance(error, Unanswered):
                raise
            raise Unanswered(why) from error
        except CidError as error:
            async with self.db.tx(ask.tenant) as tx:
                await ledger.failed(tx, ask.tenant, call, str(error))
            raise

    async def _settle(self, ask: Ask, call: CallId, choice: Choice, raw: Raw) -> None:
        usage = raw.usage
        price = self.prices.at(choice, self.clock.now().date(), usage.prompt)
        async with self.db.tx(ask.tenant) as tx:
            await ledger.answered(tx, ask.tenant, call, raw, cost(price, usage))


async def _read_late(tx: Tx, form: Form, left: ledger.Unread) -> Mapping[str, Answer]:
    """What a stored reply that nobody read says about our subjects. One matching input is enough to know that the
    whole call was asked with this prompt, these shared parts and this schema, so all of it is read and kept."""
    ask, provider = form.ask, f"{left.provider}/{left.model}"
    ours = {key for _, key, digest in left.subjects if form.hashes.get(key, b"").hex() == digest}
    if not ours:
        return {}
    asked = {id_: (key, bytes.fromhex(digest)) for id_, key, digest in left.subjects}
    outcome = read(form, left.reply, tuple(asked))
    kept = [
        ledger.Kept(subject=asked[id_][0], input_hash=asked[id_][1], value=value)
        for id_, value in outcome.values.items()
    ]
    await ledger.keep(tx, ask.stage, left.id, provider, kept)
    return {
        one.subject: Answer(value=one.value, call_id=left.id, provider=provider, reused=True)
        for one in kept
        if one.subject in ours
    }


def _stopped(raw: Raw) -> str:
    if raw.stop is Stop.REFUSAL:
        return f"the model refused ({raw.detail or 'no category given'})"
    return "the reply was cut off at its token ceiling"


def _next_day(now: datetime) -> datetime:
    return datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), time(), UTC)
