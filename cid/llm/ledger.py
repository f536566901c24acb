"""Every model call, what it may and did cost, and the answers that need never be paid for again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from cid.domain.ids import CallId, TenantId
from cid.domain.llm import Answer, Json, Raw, Stop
from cid.llm.models import Choice
from cid.llm.wire import Form
from cid.pg.rows import each
from cid.pg.sql import query
from cid.ports import Tx

IS_SAMPLE = query("ledger.is_sample")
STORED = query("ledger.stored")
UNREAD = query("ledger.unread")
RESERVE = query("ledger.reserve")
SENT = query("ledger.sent")
ANSWERED = query("ledger.answered")
UNANSWERED = query("ledger.unanswered")
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


SHAPES = {UNREAD: Unread}


async def is_sample(tx: Tx, tenant: TenantId) -> bool:
    return bool(await tx.fetchval(IS_SAMPLE, tenant))


async def stored(tx: Tx, tenant: TenantId, stage: str, hashes: Mapping[str, bytes]) -> dict[str, Answer]:
    """Subject key → the answer that was stored for exactly this input."""
    rows = await tx.fetch(STORED, tenant, stage, list(hashes), list(hashes.values()))
    return {
        row["subject"]: Answer(value=row["answer"], call_id=row["call_id"], provider=row["provider"], reused=True)
        for row in rows
    }


async def unread(tx: Tx, tenant: TenantId, stage: str) -> list[Unread]:
    return each(Unread, await tx.fetch(UNREAD, tenant, stage))


async def reserve(tx: Tx, tenant: TenantId, most: Decimal, cap: Decimal) -> bool:
    """Set `most` US dollars aside for a call of today; False when the day's cap does not allow it."""
    return await tx.fetchval(RESERVE, tenant, most, cap) is not None


async def sent(
    tx: Tx,
    call: CallId,
    form: Form,
    choice: Choice,
    *,
    attempt: int,
    reserved: Decimal,
    input_hash: bytes,
    subjects: Sequence[Sequence[str]],
) -> None:
    ask, prompt = form.ask, form.prompt
    await tx.execute(
        SENT,
        call,
        ask.tenant,
        ask.stage,
        ask.tier,
        choice.provider,
        choice.model,
        prompt.name,
        prompt.version,
        prompt.sha256,
        input_hash,
        attempt,
        reserved,
        list(subjects),
        ask.timeout_s + GRACE_S,
    )


async def answered(tx: Tx, tenant: TenantId, call: CallId, raw: Raw, cost: Decimal) -> None:
    """Only a reply that ended by itself has anything to read: a cut one is never parsed."""
    usage = raw.usage
    await tx.execute(
        ANSWERED,
        tenant,
        call,
        raw.text.replace("\0", ""),
        raw.stop,
        raw.model,
        raw.request_id,
        usage.input,
        usage.cache_read,
        usage.cache_write,
        usage.output,
        usage.thinking,
        cost,
        raw.detail[:500],
        raw.stop is Stop.END,
    )


async def failed(tx: Tx, tenant: TenantId, call: CallId, why: str) -> None:
    """Refused or never sent: nothing is owed."""
    await tx.execute(UNANSWERED, tenant, call, "failed", why[:500])


async def ambiguous(tx: Tx, tenant: TenantId, call: CallId, why: str) -> None:
    """Sent, and no readable answer: counted as spent at its reservation."""
    await tx.execute(UNANSWERED, tenant, call, "ambiguous", why[:500])


async def keep(tx: Tx, stage: str, call: CallId, provider: str, kept: Sequence[Kept]) -> None:
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
    await tx.execute(WAS_READ, tx.tenant, call)


async def sweep(tx: Tx) -> int:
    """In a platform transaction: give up the calls that nobody waits for any more; answers how many."""
    return int(await tx.fetchval(SWEEP))
