"""What every command stands in: options, the database it talks to, one clear sentence for what goes wrong."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import click

from cid import bootstrap, logs
from cid import settings as settings_module
from cid.domain.errors import CidError, Misconfigured, Refused, Upstream
from cid.pg import roles, running
from cid.pg.embedded import Server, join
from cid.pg.roles import Logins
from cid.services import Services
from cid.settings import LogFormat, Settings

OK, FAILED, USAGE, MISCONFIGURED, INTERRUPTED = 0, 1, 2, 3, 130
T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What every command takes."""

    data: Path | None = None
    as_json: bool = False
    port: int | None = None


def data_option(command: F) -> F:
    return click.option(
        "--data", type=click.Path(path_type=Path), help="Folder of the desk's data (default ./data, or CID_DATA)."
    )(command)


def json_option(command: F) -> F:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def settings_for(options: Options) -> Settings:
    settings = settings_module.read()
    if options.data is not None:
        settings = replace(settings, data=options.data)
    if options.port is not None:
        settings = replace(settings, web=replace(settings.web, port=options.port))
    return replace(settings, data=settings.data.absolute())


def set_up_logs(settings: Settings, *, quiet: bool = False) -> None:
    console = {LogFormat.AUTO: None, LogFormat.CONSOLE: True, LogFormat.JSON: False}[settings.log_format]
    logs.set_up(console=console, level=30 if quiet else 20)


@contextmanager
def database(settings: Settings) -> Iterator[tuple[Logins, Server | None]]:
    """DATABASE_URL, else the running desk's Postgres, else one of our own for as long as this lasts.

    The server is None unless it is ours to look after. Main thread only. Raises Misconfigured.
    """
    if settings.database_url:
        yield bootstrap.logins(settings, None), None
        return
    sockets = join(settings.data)
    if sockets:
        yield bootstrap.logins(settings, sockets), None
        return
    if not (settings.data / "pgdata").exists():  # a mistyped folder would else look like an empty desk
        click.echo(f"There was no desk in {settings.data}: an empty one is made there.", err=True)
    with own_server(settings) as server:
        yield bootstrap.logins(settings, str(server.sockets)), server


@contextmanager
def own_server(settings: Settings, *, port: int | None = None) -> Iterator[Server]:
    """Refuses where somebody else has the folder. `port`: where it serves pages, for others to know."""
    server = Server(settings.data, bindir=settings.pg_bindir, port=port)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def with_services(options: Options, body: Callable[[Services], Awaitable[T]]) -> T:
    """Run `body` against the database that `options` and the environment name, with logs reduced to warnings."""
    settings = settings_for(options)
    set_up_logs(settings, quiet=True)

    async def run(to: Logins, server: Server | None) -> T:
        if server is not None:
            await bootstrap.prepare(settings, to, server)
        async with bootstrap.open_services(settings, to) as services:
            return await body(services)

    with database(settings) as (to, server):
        settings = beside(settings, server)
        return asyncio.run(run(to, server))


def beside(settings: Settings, server: Server | None) -> Settings:
    """By the port of the desk that was joined: links lead to its pages, whatever PORT says here."""
    found = running.port(settings.data) if server is None and not settings.database_url else None
    return settings if found is None else replace(settings, web=replace(settings.web, port=found))


def without_database(body: Callable[[Services], Awaitable[T]]) -> T:
    """Run `body` where it reads and writes nothing stored: the pools open no connection until one is wanted."""
    with tempfile.TemporaryDirectory(prefix="cid-") as folder:
        settings = settings_for(Options(data=Path(folder)))
        set_up_logs(settings, quiet=True)

        async def run() -> T:
            async with bootstrap.open_services(settings, roles.embedded(folder)) as services:
                return await body(services)

        return asyncio.run(run())


def with_scratch(body: Callable[[Services], Awaitable[T]]) -> T:
    """Run `body` against an empty database that ends with it, whatever database the desk uses."""
    with tempfile.TemporaryDirectory(prefix="cid-") as folder:
        settings = settings_for(Options(data=Path(folder)))
        settings = replace(settings, database_url=None, database_url_app=None, database_url_worker=None)
        set_up_logs(settings, quiet=True)

        async def run(server: Server) -> T:
            to = bootstrap.logins(settings, str(server.sockets))
            await bootstrap.prepare(settings, to, server)
            async with bootstrap.open_services(settings, to) as services:
                return await body(services)

        with own_server(settings) as server:
            return asyncio.run(run(server))


def refuse_taken_port(settings: Settings) -> None:
    """Before anything is started. Raises Misconfigured."""
    host, port = settings.web.host, settings.web.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if join(settings.data):
                raise Misconfigured(
                    f"A desk already runs on {settings.data}: stop it, or give another folder with --data."
                ) from error
            raise Misconfigured(f"Port {port} cannot be used ({error.strerror}): give another with --port.") from error


def show(value: object) -> None:
    """One JSON value on standard output."""
    click.echo(bootstrap.as_json(value))


def run(main: click.Group, args: list[str] | None = None) -> int:
    """Run a command line; answers the exit code. What went wrong is one sentence on standard error."""
    try:
        code = main.main(args=args, prog_name="cid", standalone_mode=False)
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has enough; nothing is left to say, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return USAGE
    except (click.ClickException, click.exceptions.Exit, CidError) as error:
        sentence, code = explained(error)
        if sentence:
            click.echo(f"cid: {_ended(sentence[:1].upper() + sentence[1:])}", err=True)
    return code if isinstance(code, int) else OK


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith("?") else f"{sentence.rstrip('.')}."


def explained(error: Exception) -> tuple[str, int]:
    """One sentence for a person, and the exit code."""
    match error:
        case click.exceptions.Exit():
            said = "", error.exit_code
        case click.UsageError():
            hint = f". See `{error.ctx.command_path} --help`" if error.ctx else ""
            said = error.format_message().rstrip(".") + hint, USAGE
        case click.ClickException():
            said = error.format_message(), error.exit_code
        case Refused():
            said = error.public, FAILED
        case Misconfigured():
            said = str(error), MISCONFIGURED
        case Upstream() if "database" in str(error):
            said = f"the database is not there ({error}): run `cid doctor`", MISCONFIGURED
        case _:
            said = str(error), FAILED
    return said
