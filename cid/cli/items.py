"""`cid items`: what came in, and why it went where it went."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import click

from cid.cli import frame
from cid.cli.choice import tenant_named, tenant_option
from cid.cli.group import Group
from cid.domain.errors import CidError, NotFound
from cid.domain.evidence import Pack
from cid.domain.llm import Json
from cid.domain.news import Item
from cid.domain.screening import Screening, ScreeningState
from cid.domain.telling import Kin, Spread
from cid.domain.tenants import Desk
from cid.domain.verdicts import GATE_NUMBER, Gate, Pass
from cid.flows import again as rejudge
from cid.flows import decide
from cid.flows.again import STAGE_OF, Rehearsal, Step, Waits
from cid.services import Services
from cid.store import evidence, screenings, telling, verdicts
from cid.store import items as store
from cid.text.spread import spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Everything a tenant may know of one item."""

    item: Item
    sightings: list[store.Sighting]
    story: list[Item]
    spread: Spread
    kin: list[Kin]
    """What its story follows, then what follows it."""
    screening: Screening | None
    verdicts: list[verdicts.Said]


GATES = (Gate.RULES, *STAGE_OF)
BACKLOG = ", older than what its first poll screened"


@click.group(cls=Group)
def items() -> None:
    """See what came in, and why it went where it went."""


@items.command("list")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="Lines at most.")
@tenant_option
@frame.data_option
@frame.json_option
def list_(*, limit: int, tenant: str | None, data: Path | None, as_json: bool) -> None:
    """What the tenant's sources brought, newest first."""

    async def body(sv: Services) -> list[Item]:
        of = await tenant_named(sv, tenant)
        async with sv.db.read(of.id) as tx:
            return await store.listed(tx, of.id, limit=limit)

    found = frame.with_services(frame.Options(data=data), body)
    if as_json:
        frame.show([asdict(item) for item in found])
        return
    for item in found:
        click.echo(f"{item.first_seen_at:%Y-%m-%d %H:%M}  {item.title}\n{'':18}{item.url}")
    if not found:
        click.echo("Nothing came in yet.")


@items.command()
@click.argument("url")
@tenant_option
@frame.data_option
@frame.json_option
def why(*, url: str, tenant: str | None, data: Path | None, as_json: bool) -> None:
    """What became of the article at URL, gate by gate."""

    async def body(sv: Services) -> Trace:
        of = await tenant_named(sv, tenant)
        async with sv.db.read(of.id) as tx:
            item = await store.by_url(tx, url)
            if item is None:
                raise NotFound("No article of this address came in at this tenant's sources.")
            story = item.story_id
            return Trace(
                item=item,
                sightings=await store.sightings(tx, of.id, item.id),
                story=await store.of_story(tx, story) if story else [],
                spread=spread(await telling.reports(tx, of.id, story) if story else []),
                kin=await telling.kin(tx, story) if story else [],
                screening=await screenings.of_story(tx, of.id, story) if story else None,
                verdicts=await verdicts.of_item(tx, of.id, item.id, story),
            )

    trace = frame.with_services(frame.Options(data=data), body)
    if as_json:
        frame.show(asdict(trace))
    else:
        _tell(trace)


@items.command("evidence")
@click.argument("url")
@tenant_option
@frame.data_option
@frame.json_option
def evidence_(*, url: str, tenant: str | None, data: Path | None, as_json: bool) -> None:
    """What a draft about the article at URL may stand on, and what was not found."""

    async def body(sv: Services) -> Pack:
        of = await tenant_named(sv, tenant)
        async with sv.db.read(of.id) as tx:
            item = await store.by_url(tx, url)
            screening = await screenings.of_story(tx, of.id, item.story_id) if item and item.story_id else None
            if screening is None:
                raise NotFound("This tenant judged no story with an article of this address.")
            return await evidence.pack(tx, of.id, screening.id)

    pack = frame.with_services(frame.Options(data=data), body)
    if as_json:
        frame.show(asdict(pack))
    else:
        _tell_evidence(pack)


def _tell_evidence(pack: Pack) -> None:
    if not pack.claims and not pack.notes:
        click.echo("No evidence was gathered yet.")
        return
    click.echo(f"{len(pack.claims)} claim(s), state: {pack.state}")
    for claim in pack.claims:
        click.echo(f"\n{claim.text}")
        place = f" at {claim.offset} of page {claim.page[:12]}" if claim.page else ""
        sure = f", {claim.confidence} confidence" if not claim.item_id else ""
        click.echo(
            f"  {claim.kind} of {claim.publisher or claim.url} ({claim.source_class}{sure}){place}\n  {claim.url}"
        )
        if claim.safe_phrasing:
            click.echo(f"  safe to say: {claim.safe_phrasing}")
    for avoid in pack.avoid:
        click.echo(f"\nnot to be said: {avoid.text}{f'  ({avoid.why})' if avoid.why else ''}")
    for note in pack.notes:
        click.echo(f"note: {note}")


def _tell(trace: Trace) -> None:
    item = trace.item
    click.echo(f"{item.title}{'  (sample)' if item.sample else ''}\n{item.url}")
    click.echo(f"first seen {item.first_seen_at:%Y-%m-%d %H:%M:%S} UTC at {len(trace.sightings)} source(s):")
    for seen in trace.sightings:
        trust = f"trust {seen.trust:.2f}" if seen.trust is not None else "not subscribed"
        click.echo(f"  {seen.title or seen.url}  ({trust}{BACKLOG if seen.backlog else ''})")
    others = [other for other in trace.story if other.id != item.id]
    click.echo(f"its story has {len(trace.story)} article(s)" if trace.story else "it is in no story yet")
    for other in others[:5]:
        click.echo(f"  {other.title}")
    _tell_spread(trace)
    for said in trace.verdicts:
        score = f"  score {said.score:g}" if said.score is not None else ""
        detail = f"  {said.detail}" if said.detail else ""
        desk = " (tracker)" if said.desk is Desk.TRACKER and said.gate is not Gate.TRACK else ""
        gate = f"gate {GATE_NUMBER[said.gate]} {said.gate}{desk}"
        cost = f"  ${said.cost:f}" if said.cost else ""
        click.echo(f"{said.at:%H:%M:%S}  {gate:<18} {said.outcome:<5} {said.reason}{score}{detail}{cost}")
        if said.signals:
            click.echo(f"{'':10}{', '.join(f'{name} {_told(value)}' for name, value in said.signals.items())}")
    click.echo(_end(trace))


def _told(value: Json) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "missing" if value is None else str(value)


@items.command()
@click.argument("url")
@click.option("--from", "gate", type=click.Choice([gate.value for gate in GATES]), required=True, help="From here on.")
@click.option("--as", "email", metavar="EMAIL", required=True, help="Who has it judged; a member who may decide.")
@click.option("--for-real", is_flag=True, help="Not only what would change.")
@tenant_option
@frame.data_option
@frame.json_option
def again(
    *, url: str, gate: str, email: str, for_real: bool, tenant: str | None, data: Path | None, as_json: bool
) -> None:
    """Judge the article at URL again: what would change, or with --for-real the thing itself."""

    async def body(sv: Services) -> Rehearsal | None:
        of = await tenant_named(sv, tenant)
        who = await decide.person(sv, email, of)
        async with sv.db.read(of.id) as tx:
            item = await store.by_url(tx, url)
        if item is None:
            raise NotFound("No article of this address came in at this tenant's sources.")
        if not for_real:
            return await rejudge.rehearse(sv, who, item.id, Gate(gate))
        await rejudge.run(sv, who, item.id, Gate(gate))
        return None

    found = frame.with_services(frame.Options(data=data), body)
    if found is None:
        if as_json:
            frame.show({"judged_again": gate})
        else:
            click.echo(f"It is judged again from {gate} on.")
    elif as_json:
        frame.show([{"gate": step.gate, "changed": step.changed, "now": _now(step)} for step in found.steps])
    else:
        for step in found.steps:
            before = f"{step.before.outcome} {step.before.reason}" if step.before else "not judged"
            click.echo(f"gate {GATE_NUMBER[step.gate]} {step.gate:<10} {before:<24} → {_now(step)}")
        if found.further:
            click.echo("From there it would go on: what comes next fetches pages and writes.")


def _now(step: Step) -> str:
    now = step.now
    if isinstance(now, Waits):
        return f"would wait until {now.until:%Y-%m-%d %H:%M} UTC"
    if isinstance(now, CidError):
        return f"cannot be told: {now}"
    score = "" if now.score is None else f" {now.score:g}"
    return f"{'pass' if isinstance(now, Pass) else 'drop'} {now.reason}{score}{f', {now.detail}' if now.detail else ''}"


def _tell_spread(trace: Trace) -> None:
    found = trace.spread
    if found.first:
        click.echo(
            f"{found.publishers} publisher(s) that count here, {found.within} of them within 2 hours; "
            f"first {found.first.publisher} at {found.first.at:%Y-%m-%d %H:%M} UTC"
        )
    for chain in found.chains if found.publishers > 1 else ():
        copies = ", ".join(copy.publisher for copy in chain.copies)
        click.echo(f"  {chain.first.publisher}{f', repeated by {copies}' if copies else ''}")
    for kin in trace.kin:
        click.echo(f"{'follows' if kin.earlier else 'followed by'}: {kin.title}")


def _end(trace: Trace) -> str:
    screening = trace.screening
    dropped = next((said for said in trace.verdicts if said.outcome == "drop"), None)
    if screening is None and not dropped and all(seen.backlog for seen in trace.sightings if seen.subscribed):
        return "→ not screened: it was in the source's first poll, behind the newest entries"
    if screening is None:
        return f"→ dropped at gate 1: {dropped.reason}" if dropped else "→ not judged yet"
    if screening.state is ScreeningState.DROPPED and screening.gate:
        return f"→ dropped at gate {GATE_NUMBER[screening.gate]}: {screening.reason}"
    if screening.state is ScreeningState.WAITING:
        return f"→ waits for {screening.waiting_for} until {screening.until:%Y-%m-%d %H:%M} UTC"
    if screening.state is ScreeningState.FAILED:
        return f"→ failed: {screening.failure}"
    return "→ a draft was written" if screening.state is ScreeningState.PASSED else f"→ open, next: {screening.stage}"
