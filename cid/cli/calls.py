"""`cid calls`: what models were asked, what they answered, and whether it would be read the same today."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import click

from cid.cli import frame
from cid.cli.choice import tenant_named, tenant_option
from cid.cli.group import Group
from cid.domain.errors import Misconfigured, NotFound
from cid.domain.ids import CallId
from cid.domain.llm import Json
from cid.domain.paid import READS
from cid.flows import calls as flow
from cid.services import Services
from cid.store import calls as store
from cid.store.calls import Call, CallState, Kept
from cid.text.typed import duration

CUT = 1200
"""Characters of a text that are printed without --full."""


@click.group(cls=Group)
def calls() -> None:
    """See the calls of models, and read their replies again."""


def since(_ctx: click.Context, _param: click.Parameter, text: str | None) -> datetime | timedelta | None:
    """A moment, or how long ago it was. Raises BadParameter."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            return duration(text, "--since")
        except Misconfigured as error:
            raise click.BadParameter(f"{text!r} is neither a time like 2026-05-01 nor a duration like 2h.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@calls.command("list")
@click.option("--stage", help="Asked for this: relevance, draft, review, revise, judge.")
@click.option("--model", metavar="PROVIDER/MODEL", help="Asked of this model.")
@click.option("--state", type=click.Choice([state.value for state in CallState]), help="In this state.")
@click.option("--since", "after", callback=since, help="Sent since then: 2026-05-01, or 2h.")
@click.option("--limit", default=50, type=click.IntRange(1, 10_000), show_default=True, help="Lines at most.")
@tenant_option
@frame.data_option
@frame.json_option
def list_(
    *,
    stage: str | None,
    model: str | None,
    state: str | None,
    after: datetime | timedelta | None,
    limit: int,
    tenant: str | None,
    data: Path | None,
    as_json: bool,
) -> None:
    """Calls, the newest first."""

    async def body(sv: Services) -> list[store.CallRow]:
        of = await tenant_named(sv, tenant)
        async with sv.db.read(of.id) as tx:
            wanted = CallState(state) if state else None
            start = sv.clock.now() - after if isinstance(after, timedelta) else after
            return await store.listed(tx, of.id, stage=stage, model=model, state=wanted, since=start, limit=limit)

    rows = frame.with_services(frame.Options(data=data), body)
    if as_json:
        frame.show([asdict(row) for row in rows])
        return
    for row in rows:
        took = f"{row.took.total_seconds():.1f} s" if row.took else ""
        cost = f"${row.reserved if row.cost is None else row.cost:.6f}"
        click.echo(
            f"{row.id}  {row.sent_at:%Y-%m-%d %H:%M:%S}  {row.state:<9} {row.stage:<10} {row.provider}/{row.model}"
            f"  {_amount(row)}  {cost}  {took}" + (f"  {row.error[:80]}" if row.error else "")
        )
    if not rows:
        click.echo("No such calls.")


@calls.command()
@click.argument("call", type=click.UUID)
@click.option("--full", is_flag=True, help="Long texts whole.")
@tenant_option
@frame.data_option
@frame.json_option
def show(*, call: UUID, full: bool, tenant: str | None, data: Path | None, as_json: bool) -> None:
    """Everything about one call: tokens, cost, prompt, request and raw reply."""

    async def body(sv: Services) -> tuple[Call, list[Kept], list[CallId]]:
        of = await tenant_named(sv, tenant)
        async with sv.db.read(of.id) as tx:
            found = await store.one(tx, of.id, CallId(call))
            if found is None:
                raise NotFound(f"{of.slug} has no call {call}.")
            return found, await store.kept(tx, of.id, found.id), await store.followed(tx, of.id, found)

    found, kept, followed = frame.with_services(frame.Options(data=data), body)
    if as_json:
        frame.show(asdict(found) | {"kept": [asdict(row) for row in kept], "followed": followed})
        return
    for name, value in _facts(found, followed):
        click.echo(f"{name:<12} {value}")
    for title, text in _texts(found, kept):
        click.echo(f"\n--- {title}\n{text if full else _cut(text)}")


@calls.command()
@click.argument("call", type=click.UUID)
@tenant_option
@frame.data_option
@frame.json_option
def replay(*, call: UUID, tenant: str | None, data: Path | None, as_json: bool) -> int:
    """Read the stored reply again with today's reader and schema; nothing is sent and nothing changes.

    Ends with exit code 1 when it is read otherwise than it was kept.
    """

    async def body(sv: Services) -> flow.Again:
        of = await tenant_named(sv, tenant)
        return await flow.read_again(sv, of.id, CallId(call))

    again = frame.with_services(frame.Options(data=data), body)
    if as_json:
        frame.show({name: value for name, value in asdict(again).items() if name != "call"} | {"call": call})
    else:
        for line in again.differences:
            click.echo(f"differs: {line}")
        for line in again.notes:
            click.echo(f"note: {line}")
        if not again.differences:
            click.echo(f"Read as it was kept: {len(again.answers)} of {len(again.call.subjects)} answers.")
    return frame.FAILED if again.differences else frame.OK


def _amount(row: store.CallRow) -> str:
    if row.stage in READS:
        return ", ".join(f"{count} {unit}" for unit, count in row.units.items()) or "nothing"
    return f"{row.prompt} {row.prompt_version}  {row.read}+{row.output} tokens"


def _facts(call: Call, followed: list[CallId]) -> Iterator[tuple[str, object]]:
    yield "call", call.id
    yield "state", " ".join(filter(None, (call.state, call.stop, call.error)))
    yield "stage", f"{call.stage} ({call.tier})" if call.tier else call.stage
    yield "model", f"{call.provider}/{call.model}" + (f", served by {call.served}" if call.served else "")
    written = f"cache write {call.cache_write}, of an hour {call.cache_write_1h}"
    output = f"output {call.output} (thinking {call.thinking})"
    if call.stage in READS:
        yield "charged", ", ".join(f"{count} {unit}" for unit, count in call.units.items()) or "nothing"
    else:
        yield "prompt", f"{call.prompt} {call.prompt_version} {call.prompt_hash}"
        yield "tokens", f"input {call.input}, cache read {call.cache_read}, {written}, {output}"
    price = f", price of {call.price_from}" if call.price_from else ""
    yield "cost", f"${call.reserved} reserved" if call.cost is None else f"${call.cost}{price}"
    took = f", took {call.took.total_seconds():.3f} s" if call.took else ""
    yield "sent", f"{call.sent_at:%Y-%m-%d %H:%M:%S}{took}"
    yield "attempt", call.attempt
    if call.repaired_from:
        yield "repairs", call.repaired_from
    for later in followed:
        yield "repaired by", later
    if call.instead_of:
        yield "passed over", call.instead_of
    if call.request_id:
        yield "request id", call.request_id
    yield "read", (call.reading or "yes") if call.read_at else "not yet"
    for id_, key, hash_ in call.subjects:
        yield "subject", f"{id_} {key} {hash_[:12]}"


def _texts(call: Call, kept: list[Kept]) -> Iterator[tuple[str, str]]:
    yield "request", _pretty(call.request)
    if call.reply is not None:
        yield "reply", call.reply
    for row in kept:
        other = "" if row.call_id == call.id else f" by the call {row.call_id}"
        yield f"kept for {row.id} ({row.subject}){other}", _pretty(row.answer)


def _pretty(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _cut(text: str) -> str:
    more = len(text) - CUT
    return text if more <= 0 else f"{text[:CUT]}\n… {more} more characters: --full"
