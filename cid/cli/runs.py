"""`cid runs`: outlets that were analysed, and one that is to be."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import click

from cid.cli import frame
from cid.cli.choice import tenant_named, tenant_option
from cid.cli.group import Group
from cid.domain.briefing import StoredBriefing
from cid.domain.dossier import Dossier
from cid.domain.errors import NotFound, Refused
from cid.domain.ids import RunId, TenantId
from cid.domain.run import USUAL_ITEMS, Period, Platform, Run, RunState, RunStep, Tlp, Via, Wish
from cid.domain.shape import plain
from cid.flows import decide
from cid.flows import runs as flow
from cid.services import Services
from cid.store import runs as store
from cid.text.clean import unhidden

F = TypeVar("F", bound=Callable[..., Any])
LOOK_S = 1.0
CODES = {RunState.COMPLETED: frame.OK, RunState.PARTIAL: 3, RunState.FAILED: frame.FAILED}
"""What a command that waits for a run ends with."""
TLPS, PERIODS, PLATFORMS, STATES = (
    click.Choice([one.value for one in kind], case_sensitive=False) for kind in (Tlp, Period, Platform, RunState)
)
as_option = click.option("--as", "email", metavar="EMAIL", required=True, help="In whose name; a member who may.")
tlp_option = click.option("--tlp", type=TLPS, default=Tlp.AMBER.value, show_default=True, help="Who may be shown it.")
follow_option = click.option(
    "--follow", is_flag=True, help="Print each step until the end; ends with 0 completed, 3 partial, 1 failed."
)


@click.group(cls=Group)
def runs() -> None:
    """See which outlets were analysed, and have one analysed."""


def _wished(command: F) -> F:
    """What is to be analysed."""
    sources = ", ".join(via for via in Via if via is not Via.SAMPLE)
    for option in (
        click.option("--substitute", is_flag=True, help="Where a source fails or has nothing, the next may be asked."),
        click.option("--source", "sources", multiple=True, metavar="NAME", help=f"Ask this one ({sources})."),
        click.option(
            "--platform", type=PLATFORMS, default=Platform.NEWS.value, show_default=True, help="Where it speaks."
        ),
        click.option(
            "--period", type=PERIODS, default=Period.MONTH.value, show_default=True, help="The last hour, day, … year."
        ),
        click.option(
            "--items", default=str(USUAL_ITEMS), metavar="NUMBER", show_default=True, help="Articles to read, 1 to 20."
        ),
        click.option("--url", default="", help="The outlet's site, or its account's address."),
        click.option("--country", default="", help="Its name in many languages, or its code such as MD."),
        click.argument("outlet"),
    ):
        command = option(command)
    return command


@runs.command()
@_wished
@tlp_option
@as_option
@tenant_option
@follow_option
@frame.data_option
@frame.json_option
def start(
    *,
    tlp: str,
    email: str,
    tenant: str | None,
    follow: bool,
    data: Path | None,
    as_json: bool,
    **wished: Any,
) -> None:
    """Have OUTLET analysed: a worker does it (`cid up`, `cid worker`)."""

    async def body(sv: Services) -> int:
        actor = await decide.person(sv, email, await tenant_named(sv, tenant))
        run = await flow.start(sv, actor, Wish(**wished), tlp=tlp)
        if not as_json:
            click.echo(f"queued as {run}")
        elif not follow:
            frame.show({"run": run})
        return await _followed(sv, actor.tenant.id, run, as_json=as_json) if follow else frame.OK

    _end(frame.with_services(frame.Options(data=data), body))


@runs.command("list")
@click.option("--state", "states", type=STATES, multiple=True, help="In this state; may repeat.")
@click.option("--platform", type=PLATFORMS, help="Only outlets that speak there.")
@click.option("--outlet", default="", help="Only those with this in the name.")
@click.option("--limit", default=50, type=click.IntRange(1, 10_000), show_default=True, help="Lines at most.")
@tenant_option
@frame.data_option
@frame.json_option
def list_(
    *,
    states: Sequence[str],
    platform: str | None,
    outlet: str,
    limit: int,
    tenant: str | None,
    data: Path | None,
    as_json: bool,
) -> None:
    """Runs, the newest first."""

    async def body(sv: Services) -> list[Run]:
        of = await tenant_named(sv, tenant)
        where = Platform(platform) if platform else None
        async with sv.db.read(of.id) as tx:
            wanted = [RunState(state) for state in states]
            return await store.listed(tx, of.id, wanted, platform=where, outlet=outlet, limit=limit)

    rows = frame.with_services(frame.Options(data=data), body)
    if as_json:
        frame.show([asdict(row) for row in rows])
        return
    for row in rows:
        click.echo(line(row))
    if not rows:
        click.echo("No such runs.")


@runs.command()
@click.argument("run", type=click.UUID)
@tenant_option
@follow_option
@frame.data_option
@frame.json_option
def show(*, run: UUID, tenant: str | None, follow: bool, data: Path | None, as_json: bool) -> None:
    """One run: its steps, what was fetched, and its briefing."""

    async def body(sv: Services) -> int:
        of = await tenant_named(sv, tenant)
        if follow:
            return await _followed(sv, of.id, RunId(run), as_json=as_json)
        found = await dossier(sv, of.id, RunId(run))
        if as_json:
            frame.show(plain(found))
        else:
            _tell(found)
        return frame.OK

    _end(frame.with_services(frame.Options(data=data), body))


@runs.command()
@click.argument("run", type=click.UUID)
@as_option
@tenant_option
@frame.data_option
@frame.json_option
def cancel(*, run: UUID, email: str, tenant: str | None, data: Path | None, as_json: bool) -> None:
    """Stop a run that is not being scored yet."""

    async def body(sv: Services) -> bool:
        actor = await decide.person(sv, email, await tenant_named(sv, tenant))
        return await flow.cancel(sv, actor, RunId(run))

    if not frame.with_services(frame.Options(data=data), body):
        raise Refused("It cannot be cancelled any more: it has its briefing, or is over.")
    if as_json:
        frame.show({"cancelled": run})
    else:
        click.echo("Cancelled.")


@runs.command()
@click.argument("run", type=click.UUID)
@click.argument("tlp", type=TLPS)
@as_option
@tenant_option
@frame.data_option
def share(*, run: UUID, tlp: str, email: str, tenant: str | None, data: Path | None) -> None:
    """Say with whom a run's briefing may be shared."""

    async def body(sv: Services) -> None:
        actor = await decide.person(sv, email, await tenant_named(sv, tenant))
        await flow.share(sv, actor, RunId(run), tlp)

    frame.with_services(frame.Options(data=data), body)
    click.echo(f"TLP:{tlp.upper()}")


async def dossier(sv: Services, tenant: TenantId, run: RunId) -> Dossier:
    """Raises NotFound."""
    async with sv.db.read(tenant) as tx:
        found = await store.dossier(tx, tenant, run)
    if found is None:
        raise NotFound(f"There is no run {run} here.")
    return found


async def _followed(sv: Services, tenant: TenantId, run: RunId, *, as_json: bool) -> int:
    """Prints steps as they come, a line each. The exit code."""

    async def steps() -> tuple[Run, list[RunStep]]:
        async with sv.db.read(tenant) as tx:
            found = await store.by_id(tx, tenant, run)
            if found is None:
                raise NotFound(f"There is no run {run} here.")
            return found, await store.steps(tx, tenant, run)

    told = 0
    while True:
        found, taken = await steps()
        for step in taken[told:]:
            click.echo(json.dumps(plain(step), ensure_ascii=False) if as_json else said(step))
        told = len(taken)
        if found.over:
            break
        await asyncio.sleep(LOOK_S)
    if as_json:
        click.echo(json.dumps(plain(found), ensure_ascii=False))
    return CODES[found.state]


def line(run: Run) -> str:
    score = "" if run.score is None else f"{run.score}/70"
    state = f"{run.state}({run.failure})" if run.failure else str(run.state)
    where = f"{run.platform} {run.country or '–':<2} {run.outlet}"
    return f"{run.id}  {state:<18} {score:>5}  {minute(run.created_at)}  {where}"


def said(step: RunStep) -> str:
    return f"{step.at:%H:%M:%S}  {step.state:<10} {step.said}".rstrip()


def minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


def _tell(found: Dossier) -> None:
    run = found.run
    click.echo(f"{run.outlet} ({run.country or 'no country said'}), {run.platform}, TLP:{run.tlp.upper()}")
    click.echo(line(run))
    if run.detail:
        click.echo(f"why        {run.detail}")
    for lacking in run.shortfalls:
        click.echo(f"lacks      {lacking}")
    for step in found.steps:
        click.echo(f"step       {said(step)}")
    for one in found.fetches:
        click.echo(f"asked      {one.via} {one.outcome}: {one.kept} of {one.found} {one.detail}".rstrip())
    for item in found.items:
        click.echo(f"item {item.number:<5} {item.title or '(without a title)'}  {item.url}")
    _tell_briefing(found.briefing)
    if found.scorecard:
        card = found.scorecard.card
        click.echo(f"score      {card.total} of 70, shown as {card.shown}")
    for one_match in found.matches:
        match = one_match.match
        where = f"item {match.item}" if match.item else "the report"
        click.echo(f"narrative  {one_match.name} in {where}: {match.strength}, {match.stance}, by {match.by}")


def _tell_briefing(stored: StoredBriefing | None) -> None:
    if stored is None:
        return
    if stored.briefing:
        click.echo(f"\n{stored.briefing.executive_summary}\n")
        for number, finding in enumerate(stored.briefing.key_findings, 1):
            click.echo(f"finding {number:<2} [{finding.confidence or 'no confidence said'}] {finding.finding}")
    else:
        click.echo(f"\n{unhidden(stored.raw)}\n")  # to the letter it is in --json: a terminal obeys some letters
    for problem in stored.problems:
        click.echo(f"problem    {problem}")


def _end(code: int) -> None:
    if code:
        raise click.exceptions.Exit(code)
