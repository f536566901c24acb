"""`cid up`: everything in one process."""

from __future__ import annotations

import asyncio
import signal
from contextlib import nullcontext
from pathlib import Path

import click

from cid import bootstrap
from cid.cli import frame
from cid.flows.sample import load
from cid.flows.signin import setup_link
from cid.pg.embedded import Server
from cid.pg.roles import Logins
from cid.services import Services
from cid.settings import Settings
from cid.workers.main import Crew, Process
from cid.workers.table import TABLE


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the pages (default 8080, or PORT).")
@frame.data_option
@click.option("--sample/--no-sample", default=True, help="Load the sample newsroom into an empty database.")
def up(port: int | None, data: Path | None, sample: bool) -> None:
    """Start the desk: database, pages and workers in one process."""
    settings = frame.settings_for(frame.Options(data=data, port=port))
    frame.set_up_logs(settings)
    frame.refuse_taken_port(settings)
    with nullcontext(None) if settings.database_url else frame.own_server(settings, port=settings.web.port) as server:
        to = bootstrap.logins(settings, str(server.sockets) if server else None)
        asyncio.run(_up(settings, to, server, sample=sample))


async def _up(settings: Settings, to: Logins, server: Server | None, *, sample: bool) -> None:
    stop, hurry = signals()
    await bootstrap.prepare(settings, to, server)
    async with bootstrap.open_services(settings, to) as services:
        if sample:
            await _sample(services)
        process = Process(
            Crew(
                services=services,
                dsn=to.worker,
                tuning=settings.queue,
                table=TABLE,
                schedule=settings.schedule,
                server=server,
                # Only then: a link that does not answer yet is the first thing a newcomer would meet.
                others=(bootstrap.web_part(settings, services, lambda: _say_where(settings, services)),),
            )
        )
        await process.serve(stop, hurry)


def signals() -> tuple[asyncio.Event, asyncio.Event]:
    """Set by the first and by the second SIGTERM or SIGINT."""
    stop, hurry = asyncio.Event(), asyncio.Event()

    def asked() -> None:
        (hurry if stop.is_set() else stop).set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked)
    return stop, hurry


async def _sample(services: Services) -> None:
    if not await bootstrap.any_tenant(services):
        await load(services)


async def _say_where(settings: Settings, services: Services) -> None:
    click.echo(f"The desk is at {settings.base_url}")
    link = await setup_link(services)
    if link:
        click.echo(f"Set it up, once, at {link}")
