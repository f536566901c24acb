"""`cid batch`: some outlets analysed together."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from uuid import UUID

import click

from cid.cli import frame
from cid.cli.choice import tenant_named, tenant_option
from cid.cli.group import Group
from cid.cli.run_files import wishes
from cid.cli.runs import as_option, line, tlp_option
from cid.domain.errors import NotFound
from cid.domain.ids import RunBatchId
from cid.domain.run import RunBatch
from cid.flows import decide
from cid.flows import runs as flow
from cid.services import Services
from cid.store import runs as store


@click.group(cls=Group)
def batch() -> None:
    """Have some outlets analysed together."""


@batch.command()
@click.argument("name")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@tlp_option
@as_option
@tenant_option
@frame.data_option
@frame.json_option
def start(*, name: str, file: Path, tlp: str, email: str, tenant: str | None, data: Path | None, as_json: bool) -> None:
    """Have the outlets of FILE analysed, all of them or none.

    TOML has a table [[outlet]] each, CSV a header of outlet, country, url, platform, period, items, sources and
    substitute."""
    wanted = wishes(file)

    async def body(sv: Services) -> RunBatchId:
        actor = await decide.person(sv, email, await tenant_named(sv, tenant))
        return await flow.start_batch(sv, actor, name, wanted, tlp=tlp)

    made = frame.with_services(frame.Options(data=data), body)
    if as_json:
        frame.show({"batch": made})
    else:
        click.echo(f"{len(wanted)} runs are queued as {made}")


@batch.command()
@click.argument("batch", type=click.UUID)
@tenant_option
@frame.data_option
@frame.json_option
def show(*, batch: UUID, tenant: str | None, data: Path | None, as_json: bool) -> None:
    """What became of a batch so far."""

    async def body(sv: Services) -> RunBatch:
        of = await tenant_named(sv, tenant)
        async with sv.db.read(of.id) as tx:
            found = await store.batch(tx, of.id, RunBatchId(batch))
        if found is None:
            raise NotFound(f"There is no batch {batch} here.")
        return found

    found = frame.with_services(frame.Options(data=data), body)
    counts = {"target_count": found.target_count, "completed_count": found.completed_count}
    counts["failed_count"] = found.failed_count
    if as_json:
        frame.show(asdict(found) | {"state": found.state, "report_ids": found.report_ids} | counts)
        return
    told = f"{found.completed_count} completed, {found.failed_count} failed"
    click.echo(f"{found.name}: {found.state}, {told} of {found.target_count}")
    for run in found.runs:
        click.echo(line(run))
