"""`cid site`: the folder that the site channel writes."""

from __future__ import annotations

from pathlib import Path

import click

from cid.cli import frame
from cid.cli.group import Group
from cid.flows import decide, publish
from cid.services import Services


@click.group(cls=Group)
def site() -> None:
    """The site's folder."""


@site.command()
@click.option("--tenant", metavar="SLUG", help="Of this tenant (default: the only one).")
@frame.data_option
@frame.json_option
def build(tenant: str | None, data: Path | None, as_json: bool) -> None:
    """Make the folder anew from what is published. The same articles give the same bytes."""

    async def body(sv: Services) -> tuple[str, int]:
        of = await decide.tenant_called(sv, tenant)
        return of.slug, await publish.rebuild(sv, of.id)

    slug, count = frame.with_services(frame.Options(data=data), body)
    if as_json:
        frame.show({"tenant": slug, "articles": count})
    else:
        click.echo(f"{slug}: {count} {'article' if count == 1 else 'articles'}.")
