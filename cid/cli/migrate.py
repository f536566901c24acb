"""`cid migrate`: bring the database up to date, or write down what its schema is."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import click

from cid.cli.place import place_of, place_options, run
from cid.pg import roles
from cid.pg.checks import check_roles
from cid.pg.dump import dump as schema_text
from cid.pg.migrate import Step, migrate, pending
from cid.pg.place import Place, connect, logins


@click.command("migrate")
@place_options
@click.option(
    "--dump", "target", type=click.Path(dir_okay=False, path_type=Path), help="Write the schema to a file instead."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object at the end.")
def command(target: Path | None, as_json: bool, **options: Any) -> None:
    """Apply the migrations that are not applied yet.

    With --dump the schema of these migrations is written to a file, made in a database that is thrown away: no desk
    is touched.
    """
    if target:
        text = run(_schema(options["pg_bindir"]))
        target.write_text(text)
        click.echo(f"{target}: {text.count('create table')} tables", err=True)
        return
    outcome = run(apply(place_of(options), quiet=as_json))
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
            if place.secret:
                await roles.ensure_logins(conn, place.secret)
            applied = await migrate(conn, progress=tell)
            waiting = [migration.name for migration in await pending(conn)]
            await check_roles(conn)
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
