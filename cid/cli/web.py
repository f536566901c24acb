"""`cid web`: the pages alone."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from cid import bootstrap
from cid.cli import frame
from cid.cli.up import signals
from cid.pg.roles import Logins
from cid.settings import Settings
from cid.workers.main import Crew, Process


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the pages (default 8080, or PORT).")
@frame.data_option
def web(port: int | None, data: Path | None) -> None:
    """Serve the pages; the work is done by `cid worker` or another `cid up`."""
    settings = frame.settings_for(frame.Options(data=data, port=port))
    frame.set_up_logs(settings)
    frame.refuse_taken_port(settings)
    with frame.database(settings) as (to, server):
        if server is not None:
            asyncio.run(bootstrap.prepare(settings, to, server))
        asyncio.run(_web(settings, to))


async def _web(settings: Settings, to: Logins) -> None:
    stop, hurry = signals()

    async def say_where() -> None:
        click.echo(f"The pages are at {settings.base_url}")

    async with bootstrap.open_services(settings, to) as services:
        crew = Crew(
            services=services,
            dsn=to.worker,
            tuning=settings.queue,
            table={},
            others=(bootstrap.web_part(settings, services, say_where),),
        )
        await Process(crew).serve(stop, hurry)
