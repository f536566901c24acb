"""`cid monitors`: outlets that are analysed again and again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import click

from cid.cli import frame
from cid.cli.choice import tenant_named, tenant_option
from cid.cli.group import Group
from cid.domain.ids import MonitorId
from cid.domain.monitor import MOST_HOURS, MOST_MONITORS, USUAL_THRESHOLD, Monitor
from cid.domain.run import Period, Platform, Tlp, Via, Wish
from cid.flows import decide
from cid.flows import monitors as flow
from cid.flows.monitors import Watch
from cid.services import Services
from cid.store import monitors as store

F = TypeVar("F", bound=Callable[..., Any])
TLPS, PERIODS, PLATFORMS = (
    click.Choice([one.value for one in kind], case_sensitive=False) for kind in (Tlp, Period, Platform)
)
as_option = click.option("--as", "email", metavar="EMAIL", required=True, help="In whose name; a member who may.")


@click.group(cls=Group)
def monitors() -> None:
    """See which outlets are watched, and have one watched."""


def _settings(*, usual: bool) -> Callable[[F], F]:
    """What is watched, and how often. Without `usual` what is not said stays as it is."""

    def said(value: str) -> dict[str, Any]:
        return {"default": value, "show_default": True} if usual else {"default": None}

    def added(command: F) -> F:
        named = ", ".join(via for via in Via if via is not Via.SAMPLE)
        for option in (
            click.option("--tlp", type=TLPS, help="Who may be shown its briefings.", **said(Tlp.AMBER.value)),
            click.option(
                "--threshold", metavar="0-100", help="Larger changes are mailed at once.", **said(str(USUAL_THRESHOLD))
            ),
            click.option("--every-hours", metavar="HOURS", help=f"1 to {MOST_HOURS}.", **said("24")),
            click.option(
                "--substitute/--no-substitute",
                default=False if usual else None,
                help="Where a source fails or has nothing, the next may be asked.",
            ),
            click.option("--source", "sources", multiple=True, metavar="NAME", help=f"Ask this one ({named})."),
            click.option("--period", type=PERIODS, help="The last hour, day, … year.", **said(Period.WEEK.value)),
            click.option("--items", metavar="NUMBER", help="Articles to read, 1 to 20.", **said("10")),
            click.option("--url", default="" if usual else None, help="The outlet's site, or its account's address."),
        ):
            command = option(command)
        return command

    return added


@monitors.command("list")
@tenant_option
@frame.data_option
@frame.json_option
def list_(*, tenant: str | None, data: Path | None, as_json: bool) -> None:
    """All monitors, those that are off as well."""

    async def body(sv: Services) -> list[Monitor]:
        of = await tenant_named(sv, tenant)
        async with sv.db.read(of.id) as tx:
            return await store.listed(tx, of.id, MOST_MONITORS)

    rows = frame.with_services(frame.Options(data=data), body)
    if as_json:
        frame.show([asdict(row) for row in rows])
        return
    for row in rows:
        click.echo(line(row))
    if not rows:
        click.echo("No monitors.")


@monitors.command()
@click.argument("outlet")
@click.option("--country", default="", help="Its name in many languages, or its code such as MD.")
@click.option("--platform", type=PLATFORMS, default=Platform.NEWS.value, show_default=True, help="Where it speaks.")
@_settings(usual=True)
@as_option
@tenant_option
@frame.data_option
@frame.json_option
def add(
    *,
    every_hours: str,
    threshold: str,
    tlp: str,
    email: str,
    tenant: str | None,
    data: Path | None,
    as_json: bool,
    **wished: Any,
) -> None:
    """Have OUTLET watched: its first run starts within a minute."""

    async def body(sv: Services) -> MonitorId:
        actor = await decide.person(sv, email, await tenant_named(sv, tenant))
        watch = Watch(every_hours=every_hours, threshold=threshold, tlp=tlp)
        return await flow.add(sv, actor, Wish(**wished), watch)

    made = frame.with_services(frame.Options(data=data), body)
    if as_json:
        frame.show({"monitor": made})
    else:
        click.echo(f"watched as {made}")


@monitors.command()
@click.argument("monitor", type=click.UUID)
@_settings(usual=False)
@as_option
@tenant_option
@frame.data_option
def change(*, monitor: UUID, email: str, tenant: str | None, data: Path | None, **said: Any) -> None:
    """Change how it is watched: what is not said stays. Another outlet is another monitor."""

    async def body(sv: Services) -> None:
        actor = await decide.person(sv, email, await tenant_named(sv, tenant))
        held = await flow.one(sv, actor.tenant.id, MonitorId(monitor))
        await flow.change(sv, actor, held.id, *_changed(held, said))

    frame.with_services(frame.Options(data=data), body)
    click.echo("Changed.")


def _switched(monitor: UUID, email: str, tenant: str | None, data: Path | None, *, on: bool) -> None:
    async def body(sv: Services) -> None:
        actor = await decide.person(sv, email, await tenant_named(sv, tenant))
        await flow.switch(sv, actor, MonitorId(monitor), on=on)

    frame.with_services(frame.Options(data=data), body)
    click.echo("On." if on else "Off.")


@monitors.command()
@click.argument("monitor", type=click.UUID)
@as_option
@tenant_option
@frame.data_option
def on(*, monitor: UUID, email: str, tenant: str | None, data: Path | None) -> None:
    """Watch again: a run starts within a minute."""
    _switched(monitor, email, tenant, data, on=True)


@monitors.command()
@click.argument("monitor", type=click.UUID)
@as_option
@tenant_option
@frame.data_option
def off(*, monitor: UUID, email: str, tenant: str | None, data: Path | None) -> None:
    """Watch no more. What it saw is kept."""
    _switched(monitor, email, tenant, data, on=False)


def _changed(held: Monitor, said: dict[str, Any]) -> tuple[Wish, Watch]:
    def one(name: str) -> Any:
        now = said[name]
        return getattr(held, name) if now is None or now == () else now

    wish = Wish(
        outlet=held.outlet,
        country=held.country,
        url=one("url"),
        platform=held.platform,
        period=one("period"),
        items=str(one("items")),
        sources=one("sources"),
        substitute=one("substitute"),
    )
    return wish, Watch(every_hours=str(one("every_hours")), threshold=str(one("threshold")), tlp=one("tlp"))


def line(one: Monitor) -> str:
    state = f"next {one.next_at:%Y-%m-%d %H:%M}" if one.active else "off"
    where = f"{one.platform} {one.country or '–':<2} {one.outlet}"
    turn = f"every {one.every_hours:>4} h  from {one.threshold:>3}"
    return f"{one.id}  {state:<21} {turn}  TLP:{one.tlp.upper():<12} {where}"
