"""The options that say where the database is, for the commands that must work when nothing else does."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cid.domain.errors import Misconfigured
from cid.outside.keys import Keys
from cid.pg import roles
from cid.pg.place import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")
_OPTIONS = (
    click.option("--data", envvar="DATA", default="data", show_default=True, help="The data folder."),
    click.option("--database-url", envvar="DATABASE_URL", help="The owner's address of a Postgres that you run."),
    click.option("--database-url-app", envvar="DATABASE_URL_APP", hidden=True),
    click.option("--database-url-worker", envvar="DATABASE_URL_WORKER", hidden=True),
    click.option("--pg-bindir", envvar="PG_BINDIR", hidden=True),
    click.option("--secret-key", envvar="SECRET_KEY", hidden=True),
)


def place_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def place_of(options: dict[str, Any]) -> Place:
    """Raises Misconfigured when the server is yours and there is no secret to derive the passwords from."""
    data, url = Path(options["data"]), options["database_url"] or None
    app, worker = options["database_url_app"], options["database_url_worker"]
    secret: dict[str, str] = {}
    if url and not (app and worker):
        secret = roles.passwords(Keys(_secret(data, options["secret_key"])).derive)
    return Place(data=data, url=url, app_url=app, worker_url=worker, bindir=options["pg_bindir"], secret=secret)


def _secret(data: Path, given: str | None) -> bytes:
    if given:
        return given.encode()
    try:
        return (data / "secret.key").read_bytes()
    except OSError as error:
        raise Misconfigured(
            f"There is no secret to derive the database passwords from: set SECRET_KEY, or put {data}/secret.key back."
        ) from error


def run(work: Coroutine[Any, Any, T]) -> T:
    """A command's edge: what is wrong with the set-up is one sentence and exit code 2."""
    try:
        return asyncio.run(work)
    except Misconfigured as error:
        click.echo(f"cid: {error}", err=True)
        raise SystemExit(2) from error
