"""The way every question takes: stored answer, whom to ask, budget, ledger, provider, stored reply, reading.

    ask ─▶ stored? ─▶ chain ─▶ reserve + ledger row `sent` ─▶ provider ─▶ raw reply stored, settled ─▶ read ─▶ kept
                        ▲ the next model                        │                                    │
                        └────────────── steps.step ◀────────────┴ failed, or ambiguous ◀─────────────┘ missing, cut

Each arrow's transaction is its own and short; none is open while a provider thinks. A crash between two arrows costs
nothing twice: a stored reply that nobody read is read by whoever asks next.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import structlog

from cid.domain.errors import BadReply, CidError, Deferred, Misconfigured, Unanswered, Upstream, Withdrawn
from cid.domain.ids import CallId, uuid7
from cid.domain.llm import Answer, Ask, Raw, Stop, Subject, Wire
from cid.llm import ledger, steps
from cid.llm.ledger import Grant, Granted
from cid.llm.models import NO_PACE, OFFLINE, Choice, Models, Pace, Prices
from cid.llm.pins import pins
from cid.llm.prompts import Prompt, Prompts
from cid.llm.steps import Do
from cid.llm.waiting_room import WaitingRoom
from cid.llm.wire import Form, cost_bound, expected, prompt_bound, read
from cid.ports import Clock, Db, Provider, Tx

log = structlog.get_logger("llm")


@dataclass(kw_only=True)
class Question:
    """One Ask on its way: what is answered, what was wrong with the rest, and what was tried."""

    form: Form
    until: float
    """By the event loop's clock."""
    answers: dict[str, Answer]
    problems: Mapping[str, str] = field(default_factory=dict)
    """Subject key → what was wrong with the last answer about it."""
    passed: list[str] = field(default_factory=list)
    attempt: int = 0
    last: CallId | None = None
    """The call whose reply left something open."""

    @property
    def missing(self) -> list[Subject]:
        return [subject for subject in self.form.ask.subjects if subject.key not in self.answers]


class Router:
    """Satisfies `ports.Llm`. `providers` by name; a missing one is passed over, and named where no other is left."""

    def __init__(
        self,
        db: Db,
        clock: Clock,
        *,
        models: Models,
        prices: Prices,
        prompts: Prompts,
        providers: Sequence[Provider],
        lacking: Mapping[str, str] | None = None,
        room: WaitingRoom | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.db = db
        self.clock = clock
        self.models = models
        self.prices = prices
        self.prompts = prompts
        self.providers = {provider.name: provider for provider in providers}
        self.lacking = dict(lacking or {})
        """Provider → why it cannot be asked: no key."""
        self.room = room
        self._sleep = sleep
        self._chance = chance

    def lacks(self, choice: Choice) -> str:
        """Why this model cannot be asked at all; empty: it can."""
        today = self.clock.now().date()
        if choice.provider in self.lacking:
            return self.lacking[choice.provider]
        if choice.provider not in self.providers:
            return f"there is no provider {choice.provider}"
        retires = self.models.of(choice).retires
        if retires and retires <= today:
            return f"its vendor switched it off on {retires}"
        if not self.prices.knows(choice, today):
            return "it has no price in config/prices.toml"
        return ""

    async def ask(self, ask: Ask) -> Mapping[str, Answer]:
        async with self.db.tx(ask.tenant) as tx:
            chain = self.models.chain(ask.tier, await ledger.terms(tx, ask.tenant), self.lacks)
            # What is computed offline never stands for a model's answer, nor the other way round.
            form = Form(ask, await self._prompt(tx, ask), offline=chain.choices[0].provider == OFFLINE)
            answers = await ledger.stored(tx, ask.tenant, ask.stage, form.hashes)
            if len(answers) < len(ask.subjects):
                for left in await ledger.unread(tx, ask.tenant, ask.stage, form.hashes):
                    answers |= await self._read_late(tx, form, left)
            if len(answers) < len(ask.subjects):
                await _wanted(tx, ask)
            waits = await self.room.enter(tx, form, chain, answers) if self.room else None
        if waits:
            raise waits
        question = Question(
            form=form,
            until=asyncio.get_running_loop().time() + ask.patience_s,
            answers=answers,
            passed=list(chain.passed),
        )
        choices = [choice for choice in chain.choices if (choice.provider == OFFLINE) == form.offline]
        error: CidError | None = None
        for choice in choices:
            if not question.missing:
                break
            if error and asyncio.get_running_loop().time() >= question.until:
                # Sent with no time to answer, it would count as spent, and as a fault of a model that has none.
                if isinstance(error, BadReply):
                    error = Upstream(f"no time was left to ask {choice} after {error}")
                break
            error = await self._with(question, choice)
            if error:
                question.passed.append(f"{choice}: {error}")
                log.info("llm.passed_over", model=str(choice), stage=ask.stage, reason=str(error))
        return _answered(question, error)

    async def _prompt(self, tx: Tx, ask: Ask) -> Prompt:
        """Raises Misconfigured."""
        if ask.version:
            return self.prompts.at(ask.prompt, ask.version)
        return self.prompts.in_force(ask.prompt, await pins(tx))

    async def _with(self, question: Question, choice: Choice) -> CidError | None:
        """Ask one model until `steps` has enough of it. Answers why it is given up; None: nothing is missing.

        Raises Deferred (budget, switch) and what no other model would do better.
        """
        past, wire_tokens = steps.Past(), question.form.ask.max_tokens
        while True:
            left = question.until - asyncio.get_running_loop().time()
            outcome = await self._once(question, choice, wire_tokens, min(question.form.ask.timeout_s, max(left, 0.0)))
            left = question.until - asyncio.get_running_loop().time()
            step = steps.step(outcome, past, steps.Room(left_s=left, chance=self._chance()))
            match step.do:
                case Do.DONE:
                    return None
                case Do.NEXT:
                    return step.why
                case Do.RAISE:
                    assert step.why
                    raise step.why
                case Do.LARGER:
                    wire_tokens *= 2
            past = past.after(step, outcome)
            if step.wait_s:
                await self._sleep(step.wait_s)

    async def _once(self, question: Question, choice: Choice, max_tokens: int, timeout_s: float) -> steps.Outcome:
        """One call for what is missing. Its answers go into `question`."""
        form, attempt = question.form, question.attempt + 1
        subjects = {f"a{number}": subject for number, subject in enumerate(question.missing, 1)}
        ids = {subject.key: id_ for id_, subject in subjects.items()}
        problems = {ids[key]: why for key, why in question.problems.items() if key in ids}
        wire = replace(form.wire(choice.model, subjects, problems), max_tokens=max_tokens, timeout_s=timeout_s)
        try:
            opening, grant = await self._open(question, choice, wire, subjects, attempt)
        except Misconfigured as error:
            return error
        refusal = _refused(grant)
        if refusal:
            return refusal
        question.attempt = attempt
        try:
            raw = await self._complete(form.ask, opening, wire)
        except CidError as error:
            return error
        if raw.stop is Stop.LENGTH:
            return steps.Cut()
        if raw.stop is Stop.REFUSAL:
            return steps.Declined(raw.detail)
        return await self._read(question, opening, raw, subjects)

    async def _open(
        self, question: Question, choice: Choice, wire: Wire, asked: Mapping[str, Subject], attempt: int
    ) -> tuple[ledger.Opening, Grant]:
        """Money and room set aside and the call on record, or nothing at all. Raises Misconfigured (no price),
        Withdrawn."""
        form, ask, now = question.form, question.form.ask, self.clock.now()
        tokens = prompt_bound(wire)
        price = self.prices.at(choice, now.date(), tokens)
        opening = ledger.Opening(
            id=CallId(uuid7(now)),
            form=form,
            choice=choice,
            most=cost_bound(price, tokens, wire.max_tokens),
            tokens=expected(wire),
            asked=asked,
            max_tokens=wire.max_tokens,
            timeout_s=wire.timeout_s,
            attempt=attempt,
            repaired_from=question.last,
            instead_of="; ".join(question.passed),
        )
        async with self.db.tx(ask.tenant) as tx:
            await _wanted(tx, ask)
            grant = await ledger.reserve(
                tx,
                ask.tenant,
                ask.stage,
                choice,
                opening.most,
                caps=self.models.caps,
                pace=self._pace(choice),
                tokens=opening.tokens,
                probe_s=wire.timeout_s + ledger.GRACE_S,
            )
            if grant.outcome is Granted.GRANTED:
                await ledger.sent(tx, opening)
        for scope in grant.near:
            log.warning("llm.budget_near", tenant=str(ask.tenant), scope=scope)
        return opening, grant

    async def _complete(self, ask: Ask, opening: ledger.Opening, wire: Wire) -> Raw:
        """The provider's reply, stored and settled; a failure is on record before it is raised. The timeout is ours
        and total: an SDK's counts anew with every byte."""
        provider = self.providers[opening.choice.provider]
        try:
            async with asyncio.timeout(wire.timeout_s):
                raw = await provider.complete(wire)
        except TimeoutError as error:
            failure = Unanswered(f"{provider.name} did not answer in {wire.timeout_s:g} s")
            await self._settle(ask, opening, _ended(failure))
            raise failure from error
        except CidError as error:
            await self._settle(ask, opening, _ended(error))
            raise
        row = self.prices.row(opening.choice, self.clock.now().date(), raw.usage.prompt)
        await self._settle(ask, opening, ledger.answered(raw, row))
        return raw

    async def _settle(self, ask: Ask, opening: ledger.Opening, end: ledger.End) -> None:
        async with self.db.tx(ask.tenant) as tx:
            await ledger.settle(tx, ask.tenant, opening.id, end, self._pace(opening.choice))

    async def _read(
        self, question: Question, opening: ledger.Opening, raw: Raw, subjects: Mapping[str, Subject]
    ) -> steps.Read:
        form, provider = question.form, str(opening.choice)
        outcome = read(form, raw.text, tuple(subjects), lenient=self.models.of(opening.choice).reply != "schema")
        kept = [
            ledger.Kept(subject=subjects[id_].key, input_hash=form.hashes[subjects[id_].key], value=value)
            for id_, value in outcome.values.items()
        ]
        async with self.db.tx(form.ask.tenant) as tx:
            await ledger.keep(tx, form.ask.stage, opening.id, provider, kept, reading=outcome.reading)
        for one in kept:
            question.answers[one.subject] = Answer(value=one.value, call_id=opening.id, provider=provider)
        question.last = opening.id
        question.problems = {subjects[id_].key: why for id_, why in outcome.problems.items()}
        return steps.Read(question.problems)

    async def _read_late(self, tx: Tx, form: Form, left: ledger.Unread) -> Mapping[str, Answer]:
        """What a stored reply that nobody read says about our subjects. One matching input is enough to know that the
        whole call was asked with this prompt, these shared parts and this schema, so all of it is read and kept."""
        ask, choice = form.ask, Choice(left.provider, left.model)
        ours = {key for _, key, digest in left.subjects if form.hashes.get(key, b"").hex() == digest}
        if not ours:
            return {}
        asked = {id_: (key, bytes.fromhex(digest)) for id_, key, digest in left.subjects}
        outcome = read(form, left.reply, tuple(asked), lenient=self.models.of(choice).reply != "schema")
        kept = [
            ledger.Kept(subject=asked[id_][0], input_hash=asked[id_][1], value=value)
            for id_, value in outcome.values.items()
        ]
        await ledger.keep(tx, ask.stage, left.id, str(choice), kept, reading=outcome.reading)
        return {
            one.subject: Answer(value=one.value, call_id=left.id, provider=str(choice), reused=True)
            for one in kept
            if one.subject in ours
        }

    def _pace(self, choice: Choice) -> Pace:
        return self.models.paces.get(choice.provider, NO_PACE)


def _answered(question: Question, error: CidError | None) -> Mapping[str, Answer]:
    """What there is. A failure that is worth another try is raised although something is answered: that is stored, and
    the next try asks only for the rest. What a model left out or got wrong to the end is absent."""
    if question.missing and error and not (isinstance(error, BadReply) and question.answers):
        if isinstance(error, BadReply):
            raise BadReply(f"{question.form.ask.stage}: {error}") from error
        raise error
    return question.answers


async def _wanted(tx: Tx, ask: Ask) -> None:
    """Raises Withdrawn."""
    if ask.run is not None and not await ledger.wanted(tx, ask.run):
        raise Withdrawn(f"run {ask.run} is over: nothing more is asked for it")


def _refused(grant: Grant) -> steps.Outcome | None:
    """Why nothing was sent. Raises Deferred where no model may be asked."""
    match grant.outcome:
        case Granted.STOPPED:
            raise Deferred(f"models are switched off: {grant.why}", until=grant.until)
        case Granted.OVER:
            raise Deferred(_over(grant), until=grant.until)
        case Granted.BROKEN:
            return steps.Broken(grant.wait, grant.why)
        case Granted.LIMITED:
            return steps.Full(grant.wait)
        case Granted.GRANTED:
            return None


def _over(grant: Grant) -> str:
    whose = {
        "all": f"the day's budget of ${grant.why} for models, of all tenants together,",
        "month": f"the month's budget of ${grant.why} for models",
        "day": f"the day's budget of ${grant.why} for models",
    }
    return f"{whose.get(grant.scope, f'the day’s budget of ${grant.why} for {grant.scope}')} is used up"


def _ended(error: CidError) -> ledger.End:
    said, wait = steps.breaker(error)
    return ledger.End(
        state="ambiguous" if isinstance(error, Unanswered) else "failed",
        error=str(error),
        breaker=said,
        wait_s=wait.total_seconds() if wait else None,
    )
