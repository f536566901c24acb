"""`cid export`: a run as a file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from uuid import UUID

import click

from cid.cli import frame
from cid.domain.errors import Refused
from cid.domain.export import File, Format
from cid.domain.ids import RunId
from cid.flows import briefing_export, decide
from cid.render.briefing_json import schema
from cid.services import Services


@click.command()
@click.argument("run", type=click.UUID, required=False)
@click.option(
    "--format", "form", default="json", show_default=True, metavar="|".join(Format), help="Which kind of file."
)
@click.option("--output", type=click.Path(path_type=Path), help="Where to; `-` writes to standard output.")
@click.option("--schema", "as_schema", is_flag=True, help="Print the JSON Schema of the format json, and do no more.")
@click.option("--tenant", metavar="SLUG", help="Of this tenant (default: the only one).")
@frame.data_option
@frame.json_option
def command(
    *,
    run: UUID | None,
    form: str,
    output: Path | None,
    as_schema: bool,
    tenant: str | None,
    data: Path | None,
    as_json: bool,
) -> None:
    """Write a run to a file: in this folder and named after its outlet, unless --output says otherwise."""
    if as_schema:
        click.echo(json.dumps(schema(), indent=1))
        return
    if run is None:
        raise click.UsageError("Say which run.")

    async def body(sv: Services) -> File:
        of = await decide.tenant_called(sv, tenant)
        return await briefing_export.export(sv, of, RunId(run), form, via="cli")

    file = frame.with_services(frame.Options(data=data), body)
    if output == Path("-"):
        sys.stdout.buffer.write(file.body)
        return
    path = output or Path(file.name)
    try:
        path.write_bytes(file.body)
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror}.") from error
    if as_json:
        frame.show({"file": str(path), "format": form, "bytes": len(file.body)})
    else:
        click.echo(f"{path}: {len(file.body):,} bytes")
