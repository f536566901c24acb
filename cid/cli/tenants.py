"""`cid tenants`: the organisations on this desk."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from cid.cli import frame
from cid.cli.profiles import profile_of
from cid.domain.tenants import Desk
from cid.flows import people, trackers


@click.group()
def tenants() -> None:
    """See and add tenants."""


@tenants.command()
@click.argument("name")
@click.option("--slug", help="Short name for addresses; made from the name where none is given.")
@frame.data_option
@frame.json_option
def add(*, name: str, slug: str | None, data: Path | None, as_json: bool) -> None:
    """Add a tenant. The platform's admins own it."""
    tenant = frame.with_services(frame.Options(data=data), lambda sv: people.add_tenant(sv, name=name, slug=slug))
    if as_json:
        frame.show(asdict(tenant))
    else:
        click.echo(f"{tenant.name} is at /t/{tenant.slug}/")


@tenants.command("list")
@frame.data_option
@frame.json_option
def list_(*, data: Path | None, as_json: bool) -> None:
    """Every tenant, by short name."""
    found = frame.with_services(frame.Options(data=data), people.all_tenants)
    if as_json:
        frame.show([asdict(tenant) for tenant in found])
        return
    for tenant in found:
        click.echo(f"{tenant.slug:<40} {tenant.name}{'  (sample)' if tenant.sample else ''}")
    if not found:
        click.echo("There is no tenant yet.")


@tenants.command()
@click.argument("slug")
@frame.data_option
@frame.json_option
def show(*, slug: str, data: Path | None, as_json: bool) -> None:
    """One tenant and its people."""
    shown = frame.with_services(frame.Options(data=data), lambda sv: people.show_tenant(sv, slug=slug))
    if as_json:
        frame.show(asdict(shown))
        return
    click.echo(f"{shown.tenant.name}  /t/{shown.tenant.slug}/{'  (sample)' if shown.tenant.sample else ''}")
    for member in shown.members:
        click.echo(f"  {member.role:<8} {member.email}  {member.name}")


@tenants.command()
@click.argument("slug")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@frame.data_option
def profile(*, slug: str, file: Path, data: Path | None) -> None:
    """Tell the gates who a tenant writes for, from a TOML file (see config/profile.example.toml)."""
    wanted = profile_of(file)
    tenant = frame.with_services(frame.Options(data=data), lambda sv: people.set_profile(sv, slug=slug, profile=wanted))
    click.echo(f"{tenant.name} has {len(wanted.keywords)} keywords and {len(wanted.excluded)} exclusions.")


@tenants.command()
@click.argument("slug")
@click.argument("on", metavar="DESKS...", nargs=-1, required=True, type=click.Choice([desk.value for desk in Desk]))
@frame.data_option
def desks(*, slug: str, on: tuple[str, ...], data: Path | None) -> None:
    """Switch DESKS on and the others off. What came before a desk was on is not judged for it."""
    wanted = [Desk(desk) for desk in on]
    tenant = frame.with_services(frame.Options(data=data), lambda sv: trackers.set_desks(sv, slug=slug, desks=wanted))
    click.echo(f"{tenant.name} runs {', '.join(desk for desk in Desk if desk in wanted)}.")
