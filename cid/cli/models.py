"""`cid models`: which models answer, and what may be spent on them."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from cid.cli import frame
from cid.cli.group import Group
from cid.domain.choices import Limits
from cid.domain.llm import Tier
from cid.domain.tenants import Tenant
from cid.flows import choices
from cid.flows.choices import Standing
from cid.services import Services

TIER = click.Choice([str(tier) for tier in Tier])


def _tenant(command: Any) -> Any:
    return click.option("--tenant", metavar="SLUG", help="For this tenant (default: for everybody).")(command)


async def _named(sv: Services, slug: str | None) -> Tenant | None:
    return await choices.tenant_of(sv, slug) if slug else None


@click.group(cls=Group)
def models() -> None:
    """See and choose models, set caps, stop and go on. What is changed counts from the next call on."""


@models.command()
@_tenant
@frame.data_option
@frame.json_option
def show(*, tenant: str | None, data: Path | None, as_json: bool) -> None:
    """Who is asked and who is passed over, budgets, what waits, and which models may be chosen."""

    async def body(sv: Services) -> Standing:
        return await choices.standing(sv, await _named(sv, tenant))

    found = frame.with_services(frame.Options(data=data), body)
    if as_json:
        frame.show(asdict(found))
        return
    for asked in found.asked:
        click.echo(f"{asked.tier:<8} {' › '.join(asked.names) or 'nobody'}  ({asked.set_by})")
        for why in asked.passed:
            click.echo(f"         passed over: {why}")
    for gauge in found.gauges:
        cap = "no cap" if gauge.cap is None else f"of ${gauge.cap:,.2f}"
        click.echo(f"{gauge.scope:<10} ${gauge.spent:.6f} {cap}, ${gauge.reserved:.6f} reserved")
    for held in found.held:
        click.echo(f"{held.jobs} waiting: {held.why} (until {held.until:%Y-%m-%d %H:%M} UTC)")
    for notice in found.notices:
        click.echo(f"{'!' if notice.grave else '·'} {notice.what} {notice.remedy}".rstrip())
    for known in found.known:
        ends = f"  ends in {known.days_left} days" if known.ends_soon else ""
        price = f"${known.price.input:f} in, ${known.price.output:f} out" if known.price else "no price"
        click.echo(f"  {known.name:<36} {price}{f'  ({known.lacks})' if known.lacks else ''}{ends}")


@models.command("set")
@click.argument("tier", type=TIER)
@click.argument("names", nargs=-1)
@_tenant
@frame.data_option
@frame.json_option
def set_(*, tier: str, names: tuple[str, ...], tenant: str | None, data: Path | None, as_json: bool) -> None:
    """Ask these models for TIER, in this order; none: take the choice back."""

    async def body(sv: Services) -> Standing:
        named = await _named(sv, tenant)
        await choices.choose(sv, None, named, Tier(tier), names)
        return await choices.standing(sv, named)

    found = frame.with_services(frame.Options(data=data), body)
    asked = next(one for one in found.asked if one.tier == tier)
    if as_json:
        frame.show(asdict(asked))
        return
    click.echo(f"{tier}: {' › '.join(asked.names) or 'nobody'}")
    for why in asked.passed:
        click.echo(f"passed over: {why}")


@models.command()
@click.argument("why")
@_tenant
@frame.data_option
@frame.json_option
def stop(*, why: str, tenant: str | None, data: Path | None, as_json: bool) -> None:
    """Ask no model that costs something from the next call on; WHY is shown where work waits."""

    async def body(sv: Services) -> None:
        await choices.stop(sv, None, await _named(sv, tenant), why)

    frame.with_services(frame.Options(data=data), body)
    _say({"stopped": why}, f"Stopped: {why}", as_json=as_json)


@models.command()
@_tenant
@frame.data_option
@frame.json_option
def start(*, tenant: str | None, data: Path | None, as_json: bool) -> None:
    """Go on; what waited is tried at once."""

    async def body(sv: Services) -> int:
        return await choices.start(sv, None, await _named(sv, tenant))

    jobs = frame.with_services(frame.Options(data=data), body)
    _say({"stopped": None, "jobs": jobs}, f"Models are asked again; {jobs} jobs go on.", as_json=as_json)


@models.command()
@click.option("--per-day", help="US dollars of one tenant a day.")
@click.option("--per-month", help="US dollars of one tenant a month.")
@click.option("--all-per-day", help="US dollars of all tenants together a day.")
@click.option("--stage", "stages", multiple=True, metavar="STAGE=DOLLARS", help="Of one tenant a day, for this stage.")
@_tenant
@frame.data_option
@frame.json_option
def caps(*, stages: tuple[str, ...], tenant: str | None, data: Path | None, as_json: bool, **given: str | None) -> None:
    """Set all caps anew: one that is not named goes back to what holds otherwise."""
    if tenant and given["all_per_day"]:
        raise click.UsageError("--all-per-day is of all tenants together: leave --tenant out")
    pairs = [stage.partition("=") for stage in stages]
    by_stage = {name: choices.dollars(value, name) for name, _, value in pairs}
    limits = Limits(
        **{name: choices.dollars(value or "", name.replace("_", " ")) for name, value in given.items()},
        per_stage={name: value for name, value in by_stage.items() if isinstance(value, Decimal)},
    )

    async def body(sv: Services) -> int:
        return await choices.cap(sv, None, await _named(sv, tenant), limits)

    jobs = frame.with_services(frame.Options(data=data), body)
    _say({"caps": asdict(limits), "jobs": jobs}, f"Caps are set; {jobs} jobs go on.", as_json=as_json)


def _say(value: object, sentence: str, *, as_json: bool) -> None:
    if as_json:
        frame.show(value)
    else:
        click.echo(sentence)
