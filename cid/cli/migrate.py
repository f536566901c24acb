"""`cid migrate`: bring the database up to date, or write down what its schema is."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path

import click

from cid import bootstrap
from cid.cli import frame
from cid.pg import roles
from cid.pg.checks import check_roles
from cid.pg.dump import dump as schema_text
from cid.pg.migrate import Step, migrate, pending
from cid.pg.place import Place, connect, logins


@click.command("migrate")
@frame.data_option
@click.option(
    "--dump", "target", type=click.Path(dir_okay=False, path_type=Path), help="Write the schema to a file instead."
)
@frame.json_option
def command(target: Path | None, data: Path | None, as_json: bool) -> None:
    """Apply the migrations that are not applied yet.

    With --dump the schema of these migrations is written to a file, made in a database that is thrown away: no desk
    is touched.
    """
    if target:
        text = asyncio.run(_schema(frame.settings_for(frame.Options()).pg_bindir))
        target.write_text(text)
        click.echo(f"{target}: {text.count('create table')} tables", err=True)
        return
    settings = frame.settings_for(frame.Options(data=data))
    outcome = asyncio.run(apply(bootstrap.place_of(settings), quiet=as_json))
    if as_json:
        click.echo(json.dumps(outcome))


async def apply(place: Place, *, quiet: bool = False) -> dict[str, list[str]]:
    """Roles, migrations, and the checks that the start makes; tells each step as it happens."""

    def tell(step: Step, name: str, remark: str) -> None:
        if not quiet:
            click.echo("  ".join(part for part in (f"{step:<9}", name, remark) if part), err=True)

    async with logins(place) as to:
        conn = await connect(to.owner)
        try:
            if not place.embedded:
                await roles.ensure_logins(conn, place.secret)
            applied = await migrate(conn, progress=tell)
            waiting = [migration.name for migration in await pending(conn)]
            await check_roles(conn, [roles.role_of(to.app), roles.role_of(to.worker)])
        finally:
            await conn.close()
    if not quiet:
        click.echo(
            f"{len(applied)} applied, {len(waiting)} waiting" if applied or waiting else "The database is up to date."
        )
    return {"applied": applied, "waiting": waiting}


async def _schema(bindir: str | None) -> str:
    with tempfile.TemporaryDirectory(prefix="cid-schema-") as folder:
        async with logins(Place(data=Path(folder) / "pg", bindir=bindir), durable=False) as to:
            conn = await connect(to.owner)
            try:
                await migrate(conn)
                return await schema_text(conn)
            finally:
                await conn.close()
