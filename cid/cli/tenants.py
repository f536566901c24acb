"""`cid tenants`: the organisations on this desk."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import click

from cid import bootstrap
from cid.cli import frame
from cid.cli.group import Group
from cid.cli.profiles import profile_of
from cid.domain.tenants import Desk, Tenant
from cid.flows import exports, people, trackers
from cid.flows import tenant as flow
from cid.pg.end import delete_tenant
from cid.services import Services
from cid.store import tenants as store
from cid.store.tenants import Published


@click.group(cls=Group)
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
        paused = f"  (paused: {tenant.pause_reason})" if tenant.paused_at else ""
        click.echo(f"{tenant.slug:<40} {tenant.name}{'  (sample)' if tenant.sample else ''}{paused}")
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


@tenants.command()
@click.argument("slug")
@click.option("--reason", required=True, help="Everybody in the tenant reads it.")
@frame.data_option
@frame.json_option
def pause(*, slug: str, reason: str, data: Path | None, as_json: bool) -> None:
    """Let all of a tenant rest: nothing is screened, asked of a model, mailed or published."""

    async def body(sv: Services) -> Tenant:
        found = (await people.show_tenant(sv, slug=slug)).tenant
        await flow.pause(sv, found, None, reason)
        return found

    found = frame.with_services(frame.Options(data=data), body)
    _said(as_json, {"tenant": slug, "paused": True}, f"{found.name} is paused. What is under way ends.")


@tenants.command()
@click.argument("slug")
@frame.data_option
@frame.json_option
def resume(*, slug: str, data: Path | None, as_json: bool) -> None:
    """Let a paused tenant go on where it was."""

    async def body(sv: Services) -> Tenant:
        found = (await people.show_tenant(sv, slug=slug)).tenant
        await flow.resume(sv, found, None)
        return found

    found = frame.with_services(frame.Options(data=data), body)
    _said(as_json, {"tenant": slug, "paused": False}, f"{found.name} goes on.")


@tenants.command()
@click.argument("slug")
@click.argument("to", type=click.Path(path_type=Path))
@frame.data_option
def export(*, slug: str, to: Path, data: Path | None) -> None:
    """Write everything of a tenant into TO: a new file that ends in .zip, or a new folder of files."""
    if to.exists():
        raise click.UsageError(f"{to} is there already: name a new one.")
    frame.with_services(frame.Options(data=data), partial(_export, slug, to))
    click.echo(f"{to}: everything of {slug}. manifest.json says what is in it.")


async def _export(slug: str, to: Path, sv: Services) -> None:
    found = (await people.show_tenant(sv, slug=slug)).tenant
    if to.suffix == ".zip":
        with to.open("xb") as file:
            async for part in exports.archive(sv, found, None):
                await asyncio.to_thread(file.write, part)
        return
    await asyncio.to_thread((to / "images").mkdir, parents=True)
    async for piece in exports.pieces(sv, found, None):
        await asyncio.to_thread(_append, to / piece.name, piece.data)


def _append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


@tenants.command()
@click.argument("slug")
@click.option("--yes-delete", metavar="SLUG", default="", help="The same short name again.")
@frame.data_option
@frame.json_option
def delete(*, slug: str, yes_delete: str, data: Path | None, as_json: bool) -> None:
    """Remove a tenant and everything of it for good. Without --yes-delete it says what that would be."""
    options = frame.Options(data=data)
    found, live = frame.with_services(options, partial(_doomed, slug))
    warnings = [_stays(one) for one in live]
    for line in warnings:
        click.echo(line, err=True)
    if yes_delete != slug:
        raise click.UsageError(f"nothing was deleted: say --yes-delete {slug} if {found.name} is to go for good")
    frame.with_services(options, partial(_rest, found))
    settings = frame.settings_for(options)
    rows = asyncio.run(delete_tenant(bootstrap.place_of(settings), found.id))
    shutil.rmtree(settings.data / "site" / slug, ignore_errors=True)
    _said(
        as_json, {"tenant": slug, "rows": rows, "stays": warnings}, f"{found.name} is gone: {sum(rows.values())} rows."
    )


def _stays(one: Published) -> str:
    """The desk's own site goes with the tenant's folder; what is on other servers stays."""
    articles = f"{one.articles} article{'' if one.articles == 1 else 's'}"
    if one.kind == "site":
        return f"{articles} on {one.channel} ({one.base_url}) go with the folder of the site."
    return (
        f"{articles} stay{'s' if one.articles == 1 else ''} published on {one.channel} ({one.base_url}); retract first."
    )


async def _doomed(slug: str, sv: Services) -> tuple[Tenant, list[Published]]:
    found = (await people.show_tenant(sv, slug=slug)).tenant
    async with sv.db.read(found.id) as tx:
        return found, await store.live_by_channel(tx, found.id)


async def _rest(found: Tenant, sv: Services) -> None:
    """First, so that nothing is handed out for it while it goes."""
    if found.paused_at is None:
        await flow.pause(sv, found, None, "It is being deleted.")


def _said(as_json: bool, value: dict[str, Any], text: str) -> None:
    if as_json:
        frame.show(value)
    else:
        click.echo(text)
