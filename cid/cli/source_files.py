"""`cid sources import | export | add-many`: many sources at once, in and out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlsplit

import click

from cid.cli import frame
from cid.cli.choice import tenant_named, tenant_option
from cid.domain.errors import Refused
from cid.flows import sources as flow
from cid.flows import takeout
from cid.services import Services
from cid.text.lists import addresses

TRUST = click.FloatRange(0, 1)
ROLE = click.Choice(flow.ROLES)


@click.command("import")
@click.argument("target", metavar="OPML")
@click.option("--trust", type=TRUST, default=flow.DEFAULT_TRUST, show_default=True, help="Where the file names none.")
@tenant_option
@frame.data_option
@frame.json_option
def import_(*, target: str, trust: float, tenant: str | None, data: Path | None, as_json: bool) -> None:
    """Subscribe to every source that an OPML file or address lists, with the settings that `export` wrote."""

    async def body(sv: Services) -> list[flow.Added]:
        of = await tenant_named(sv, tenant)
        text = await flow.fetch(sv, target) if is_address(target) else file_of(target)
        wishes = await flow.read_opml(sv, text, trust=trust)
        if not as_json:
            click.echo(f"{len(wishes)} feeds listed", err=True)
        return await flow.add_many(sv, of.id, wishes, None)

    _tell(frame.with_services(frame.Options(data=data), body), as_json=as_json)


@click.command("add-many")
@click.argument("source", metavar="FILE|-")
@click.option(
    "--trust", type=TRUST, default=flow.DEFAULT_TRUST, show_default=True, help="0 to 1; under 0.4 is not read."
)
@click.option("--role", type=ROLE, default="news", show_default=True, help="What its articles are taken for.")
@tenant_option
@frame.data_option
@frame.json_option
def add_many(*, source: str, trust: float, role: str, tenant: str | None, data: Path | None, as_json: bool) -> None:
    """Subscribe to the feeds at a list of addresses, one per line; `-` reads it from standard input."""
    text = sys.stdin.buffer.read() if source == "-" else file_of(source)
    try:
        listed = addresses(text.decode("utf-8", "replace"))
    except Refused as refused:
        raise click.UsageError(refused.public) from refused
    wishes = [flow.Wish(url=url, trust=trust, role=role) for url in listed]

    async def body(sv: Services) -> list[flow.Added]:
        of = await tenant_named(sv, tenant)
        return await flow.add_many(sv, of.id, wishes, None)

    _tell(frame.with_services(frame.Options(data=data), body), as_json=as_json)


@click.command()
@click.option(
    "--with-secrets", is_flag=True, help="Also keys and passwords in addresses: the file then lets people in."
)
@tenant_option
@frame.data_option
def export(*, with_secrets: bool, tenant: str | None, data: Path | None) -> None:
    """A tenant's sources as OPML with all settings, on standard output."""

    async def body(sv: Services) -> str:
        of = await tenant_named(sv, tenant)
        return await takeout.export(sv, of, with_secrets=with_secrets)

    click.echo(frame.with_services(frame.Options(data=data), body), nl=False)


def _tell(results: Sequence[flow.Added], *, as_json: bool) -> None:
    if as_json:
        frame.show([asdict(result) for result in results])
        return
    counts = {change: sum(result.change is change for result in results) for change in flow.Change}
    click.echo(", ".join(f"{count} {change}" for change, count in counts.items()))
    for result in results:
        if result.change is flow.Change.REFUSED:
            click.echo(f"  {result.url}: {result.detail}")


def is_address(target: str) -> bool:
    return urlsplit(target).scheme in {"http", "https", "feed"}


def file_of(target: str) -> bytes:
    try:
        return Path(target).read_bytes()
    except OSError as error:
        raise click.UsageError(f"{target} cannot be read ({error.strerror})") from error
