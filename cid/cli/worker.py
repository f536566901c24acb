"""`cid worker`: jobs alone, for ever or until nothing is due."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import click

from cid import bootstrap
from cid.cli import frame
from cid.cli.up import signals
from cid.domain.jobs import JobKind
from cid.pg.roles import Logins
from cid.settings import Settings
from cid.workers.main import Crew, Process
from cid.workers.table import TABLE, Handler

TOLD_EVERY_S = 2


def _kinds(_context: click.Context, _option: click.Parameter, value: str | None) -> Mapping[JobKind, Handler]:
    if value is None:
        return TABLE
    chosen: dict[JobKind, Handler] = {}
    for name in (part.strip() for part in value.split(",") if part.strip()):
        if name not in TABLE:
            raise click.BadParameter(f"{name!r} is none of {', '.join(TABLE)}")
        chosen[JobKind(name)] = TABLE[JobKind(name)]
    return chosen


@click.command()
@click.option("--kinds", "table", callback=_kinds, metavar="a,b", help="Only these kinds of jobs (default all).")
@click.option("--once", is_flag=True, help="Work off what is due, print a summary and end.")
@frame.data_option
@frame.json_option
def worker(table: Mapping[JobKind, Handler], once: bool, data: Path | None, as_json: bool) -> None:
    """Work on jobs beside a running desk, or from cron with --once."""
    settings = frame.settings_for(frame.Options(data=data))
    frame.set_up_logs(settings, quiet=once)
    with frame.database(settings) as (to, server):
        settings = frame.beside(settings, server)
        if server is not None:
            asyncio.run(bootstrap.prepare(settings, to, server))
        if not once:
            asyncio.run(_serve(settings, to, table))
            return
        counts = asyncio.run(_drain(settings, to, table))
    if as_json:
        frame.show(counts)
    else:
        said = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
        click.echo(f"Jobs: {said or 'none were due'}.")


async def _serve(settings: Settings, to: Logins, table: Mapping[JobKind, Handler]) -> None:
    stop, hurry = signals()
    async with bootstrap.open_services(settings, to) as services:
        crew = Crew(services=services, dsn=to.worker, tuning=settings.queue, table=table, schedule=settings.schedule)
        await Process(crew).serve(stop, hurry)


async def _drain(settings: Settings, to: Logins, table: Mapping[JobKind, Handler]) -> Mapping[str, int]:
    async with bootstrap.open_services(settings, to) as services:
        process = Process(Crew(services=services, dsn=to.worker, tuning=settings.queue, table=table, lingers=False))
        async with asyncio.TaskGroup() as group:
            telling = group.create_task(_tell(process))
            counts = await process.drain()
            telling.cancel()
        return counts


async def _tell(process: Process) -> None:
    """How far it is, on standard error, for whoever waits longer than a moment."""
    while True:
        await asyncio.sleep(TOLD_EVERY_S)
        click.echo(f"{sum(process.edge.counts.values())} jobs so far", err=True)
