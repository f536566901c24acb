"""Every model call, what it may and did cost, and the answers that need never be paid for again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from cid.domain.ids import CallId, RunId, TenantId
from cid.domain.llm import Answer, Caps, Json, Price, Raw, Subject, Tier, cost
from cid.llm.models import Choice, Pace, Row, Terms
from cid.llm.steps import Breaker
from cid.llm.wire import Form
from cid.pg.rows import each
from cid.pg.sql import query
from cid.ports import Tx
from cid.text.replies import storable

TERMS = query("ledger.terms")
STORED = query("ledger.stored")
UNREAD = query("ledger.unread")
RESERVE = query("ledger.reserve")
SENT = query("ledger.sent")
WANTED = query("ledger.wanted")
SETTLE = query("ledger.settle")
KEEP = query("ledger.keep")
WAS_READ = query("ledger.was_read")
SWEEP = query("ledger.sweep")
GRACE_S = 60.0
"""How long after its own timeout a call is still taken to be somebody's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    id: CallId
    provider: str
    model: str
    stop: str
    reply: str
    subjects: list[list[str]]
    """[opaque id, subject key, input hash in hex] each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One subject's answer, valid for exactly the input with this hash."""

    subject: str
    input_hash: bytes
    value: Mapping[str, Json]


class Granted(StrEnum):
    """What `reserve` answers."""

    GRANTED = "granted"
    STOPPED = "stopped"
    """By the switch."""
    BROKEN = "broken"
    LIMITED = "limited"
    OVER = "over"
    """A budget is used up."""


@dataclass(frozen=True, slots=True)
class Grant:
    outcome: Granted
    scope: str
    """Of an exhausted budget: all, month, day, or a stage."""
    until: datetime
    wait: timedelta
    """Until then, by the database's clock."""
    why: str
    """Of an exhausted budget: its cap."""
    near: list[str]
    """Scopes that came near their cap by this reservation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A call about to be sent."""

    id: CallId
    form: Form
    choice: Choice
    most: Decimal
    """US dollars that it cannot exceed."""
    tokens: int
    """An estimate of what it counts for a limit of tokens per minute."""
    asked: Mapping[str, Subject]
    """By opaque id."""
    max_tokens: int
    timeout_s: float
    attempt: int = 1
    repaired_from: CallId | None = None
    instead_of: str = ""
    batch: UUID | None = None
    wire: Mapping[str, Json] | None = None
    """What is sent of it, when that is later and by another process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """What became of a call."""

    state: str
    """answered, failed (nothing is owed) or ambiguous (counted as spent at its reservation)."""
    cost: Decimal | None = None
    error: str = ""
    reply: Mapping[str, Json] | None = None
    tokens: int = 0
    breaker: Breaker = Breaker.NONE
    wait_s: float | None = None


async def terms(tx: Tx, tenant: TenantId) -> Terms:
    row = await tx.fetchrow(TERMS, tenant)
    if row is None:
        return Terms()
    return Terms(
        sample=row["sample"],
        own={tier: row[f"own_{tier}"] for tier in Tier},
        everybody={tier: row[f"whole_{tier}"] for tier in Tier},
    )


async def stored(tx: Tx, tenant: TenantId, stage: str, hashes: Mapping[str, bytes]) -> dict[str, Answer]:
    """Subject key → the answer that was stored for exactly this input."""
    rows = await tx.fetch(STORED, tenant, stage, list(hashes), list(hashes.values()))
    return {
        row["subject"]: Answer(value=row["answer"], call_id=row["call_id"], provider=row["provider"], reused=True)
        for row in rows
    }


async def unread(tx: Tx, tenant: TenantId, stage: str, hashes: Mapping[str, bytes]) -> list[Unread]:
    """Replies about one of these inputs at least."""
    return each(Unread, await tx.fetch(UNREAD, tenant, stage, [digest.hex() for digest in hashes.values()]))


async def reserve(
    tx: Tx,
    tenant: TenantId,
    stage: str,
    choice: Choice,
    most: Decimal,
    *,
    caps: Caps,
    pace: Pace,
    tokens: int,
    probe_s: float,
) -> Grant:
    """Set `most` US dollars and `tokens` aside, if switch, breaker, limits and budgets allow it. `probe_s` is how long
    a model that failed is left to this one call."""
    row = await tx.fetchrow(
        RESERVE,
        tenant,
        stage,
        choice.provider,
        choice.model,
        most,
        tokens,
        caps.per_day,
        caps.per_month,
        caps.per_stage.get(stage),
        caps.all_per_day,
        caps.near,
        pace.requests_per_minute,
        pace.tokens_per_minute,
        probe_s,
    )
    assert row
    return Grant(Granted(row["outcome"]), row["scope"], row["until"], row["wait"], row["why"], row["near"])


async def wanted(tx: Tx, run: RunId) -> bool:
    """Whether the run is still under way. It stays so until the transaction ends."""
    return await tx.fetchval(WANTED, tx.tenant, run) is not None


async def sent(tx: Tx, opening: Opening) -> None:
    form, choice = opening.form, opening.choice
    ask, prompt = form.ask, form.prompt
    await tx.execute(
        SENT,
        opening.id,
        ask.tenant,
        ask.stage,
        ask.tier,
        choice.provider,
        choice.model,
        prompt.name,
        prompt.version,
        prompt.sha256,
        form.input_hash(tuple(opening.asked.values())),
        opening.attempt,
        opening.most,
        opening.tokens,
        [[id_, subject.key, form.hashes[subject.key].hex()] for id_, subject in opening.asked.items()],
        _request(opening),
        opening.repaired_from,
        opening.instead_of[:500],
        opening.timeout_s + GRACE_S,
        opening.batch,
        opening.wire,
    )


def _request(opening: Opening) -> dict[str, Json]:
    """What the call is asked again by, and its reply read again: all that `Form` and `read` need."""
    ask = opening.form.ask
    return {
        "shared": dict(ask.shared),
        "inputs": {id_: dict(subject.input) for id_, subject in opening.asked.items()},
        "schema": dict(ask.schema),
        "max_tokens": opening.max_tokens,
        "addresses": list(ask.addresses),
    }


async def settle(tx: Tx, tenant: TenantId, call: CallId, end: End, pace: Pace) -> bool:
    """False: there is no such open call. A reply that comes after its call was given up corrects what was counted."""
    settled = await tx.fetchval(
        SETTLE,
        tenant,
        call,
        end.state,
        end.cost,
        storable(end.error)[:500],
        None if end.reply is None else dict(end.reply),
        end.tokens,
        pace.tokens_per_minute,
        end.breaker,
        end.wait_s,
    )
    return bool(settled)


def answered(raw: Raw, row: Row) -> End:
    usage = raw.usage
    price: Price = row.price
    return End(
        state="answered",
        cost=cost(price, usage),
        error=raw.detail,
        tokens=usage.input + usage.cache_write + usage.cache_write_1h + usage.output,
        breaker=Breaker.OK,
        reply={
            "text": storable(raw.text),
            "stop": raw.stop,
            "served": storable(raw.model),
            "request_id": storable(raw.request_id),
            "input": usage.input,
            "cache_read": usage.cache_read,
            "cache_write": usage.cache_write,
            "cache_write_1h": usage.cache_write_1h,
            "output": usage.output,
            "thinking": usage.thinking,
            "price_from": None if row.valid_from == date.min else row.valid_from.isoformat(),
        },
    )


async def keep(
    tx: Tx, stage: str, call: CallId, provider: str, kept: Sequence[Kept], *, reading: str = "strict"
) -> None:
    """Store the answers of one reply; the reply counts as read."""
    if kept:
        await tx.execute(
            KEEP,
            tx.tenant,
            stage,
            call,
            provider,
            [one.subject for one in kept],
            [one.input_hash for one in kept],
            [dict(one.value) for one in kept],
        )
    await tx.execute(WAS_READ, tx.tenant, call, reading)


async def sweep(tx: Tx) -> int:
    """In a platform transaction: give up the calls that nobody waits for any more; answers how many."""
    return int(await tx.fetchval(SWEEP))
