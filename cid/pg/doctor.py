"""Is everything there that the desk needs of its machine and its database, and how is it mended?"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import asyncpg

from cid.domain.errors import Misconfigured
from cid.pg import checks, roles
from cid.pg.embedded import join
from cid.pg.migrate import pending
from cid.pg.place import Place, connect, logins
from cid.pg.sql import query

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cid.pg.pool import Conn

OLDEST, NEWEST = 15, 18
"""Versions of Postgres that the tests run on."""
_TIGHT, _FULL = 2 << 30, 200 << 20
_PARTITIONS = query("checks.missing_partitions")
_NETWORKS = query("checks.networks_down")
_MISCOUNTED = query("checks.runs_miscounted")
_PATIENCE_MS = 20_000
"""For reading every run there is: about ten million of them."""


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """`what` was found; `remedy` is what to do about it, empty when nothing is."""

    name: str
    level: Level
    what: str
    remedy: str = ""


def ok(name: str, what: str) -> Check:
    return Check(name=name, level=Level.OK, what=what)


def warn(name: str, what: str, remedy: str) -> Check:
    return Check(name=name, level=Level.WARN, what=what, remedy=remedy)


def fail(name: str, what: str, remedy: str) -> Check:
    return Check(name=name, level=Level.FAIL, what=what, remedy=remedy)


def folder(data: Path) -> list[Check]:
    """The data folder: can it be written, and is there room."""
    nearest = next(path for path in (data.absolute(), *data.absolute().parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=nearest):
            free = shutil.disk_usage(nearest).free
    except OSError as error:
        return [fail("data folder", f"{data} cannot be written ({error.strerror})", "Give another folder with --data.")]
    writable = ok("data folder", str(data) if nearest == data.absolute() else f"{data} is not there yet")
    room = f"{free / (1 << 30):.1f} GB free"
    if free < _FULL:
        return [writable, fail("disk", room, f"Make room where {nearest} lies, or move the data.")]
    if free < _TIGHT:
        return [writable, warn("disk", room, f"Make room where {nearest} lies soon.")]
    return [writable, ok("disk", room)]


def key(path: Path, given: bytes | None) -> Check:
    """The desk's secret: `given` from the environment, else the file at `path`."""
    if given is not None:
        return (
            ok("secret key", "given") if len(given) >= 32 else fail("secret key", "too short", "Give 32 random bytes.")
        )
    if not path.exists():
        return warn("secret key", f"{path} is not there yet", "The first `cid up` makes it; keep a copy of it apart.")
    facts = path.stat()
    if facts.st_mode & 0o077:
        return fail("secret key", f"others may read {path}", f"Run: chmod 600 {path}")
    if not os.access(path, os.R_OK) or facts.st_size < 32:
        return fail("secret key", f"{path} cannot be read or is too short", "Put your copy of it back.")
    return ok("secret key", str(path))


async def database(place: Place) -> list[Check]:
    """Everything about the database, as far as it can be reached. Nothing is changed, and no database is made."""
    if place.embedded and not (place.data / "pgdata" / "PG_VERSION").exists():
        return [warn("database", f"none in {place.data} yet", "`cid up` or `cid migrate` makes it.")]
    where = "DATABASE_URL" if place.url else "embedded, runs" if join(place.data) else "embedded, started to look"
    try:
        async with logins(place) as to:
            conn = await connect(to.owner)
            try:
                found = await _within(conn, [roles.role_of(to.app), roles.role_of(to.worker)])
            finally:
                await conn.close()
            return [ok("database", where), *found, await _login("app", to.app), await _login("worker", to.worker)]
    except Misconfigured as error:
        return [fail("database", where, str(error))]


async def _within(conn: Conn, names: Sequence[str]) -> list[Check]:
    major = conn.get_server_version().major
    if not OLDEST <= major <= NEWEST:
        version = fail("version", f"Postgres {major}", f"Use a Postgres from {OLDEST} to {NEWEST}.")
    else:
        version = ok("version", f"Postgres {major}")
    schema = await _schema(conn)
    if schema.level is Level.FAIL:
        return [version, schema]
    offences = await checks.offences_of_objects(conn)
    powers = await checks.offences_of_roles(conn, names)
    return [
        version,
        schema,
        fail("policies", "; ".join(offences), "Bring the schema back to what the migrations make.")
        if offences
        else ok("policies", "every table with a tenant is under forced row security"),
        fail("roles", "; ".join(powers), "Take these rights away: they let a program see past its tenant.")
        if powers
        else ok("roles", f"{' and '.join(names)} own nothing and cannot see past row security"),
        await _partitions(conn),
        await _counts(conn),
        await _network(conn),
    ]


async def _schema(conn: Conn) -> Check:
    try:
        waiting = [migration.name for migration in await pending(conn)]
    except Misconfigured as error:
        return fail("migrations", "the database and this program do not fit", str(error))
    except asyncpg.InsufficientPrivilegeError as error:
        return fail("migrations", str(error), "DATABASE_URL must log in as the owner of the tables.")
    if any("_pre_" in name for name in waiting):
        return fail("migrations", f"not applied: {', '.join(waiting)}", "Run: cid migrate")
    if waiting:
        return warn(
            "migrations", f"waiting: {', '.join(waiting)}", "Stop processes of older versions, then: cid migrate"
        )
    return ok("migrations", "up to date")


async def _network(conn: Conn) -> Check:
    """As the running processes find it: polls fail by name or connection for many hosts at once."""
    down = [f"{row['host'].split('/')[0]} (since {row['since']})" for row in await conn.fetch(_NETWORKS)]
    if down:
        said = f"the world is out of reach for {', '.join(down)}"
        return warn("network", said, "See its names and routes; polls are put off meanwhile, and no source is blamed.")
    return ok("network", "no process says that the world is out of reach")


async def _partitions(conn: Conn) -> Check:
    missing = [row["name"] for row in await conn.fetch(_PARTITIONS)]
    if missing:
        return fail(
            "partitions",
            f"missing: {', '.join(missing)}: new rows have no place",
            "Run in psql as the owner: select make_partitions(); and see why `tidy` does not run.",
        )
    return ok("partitions", "there is room for the days ahead")


async def _counts(conn: Conn) -> Check:
    """Triggers count runs as they come and end: is that what all runs come to?"""
    try:
        async with conn.transaction():
            await conn.execute(f"set local statement_timeout = {_PATIENCE_MS}")
            wrong = [row["tenant"] for row in await conn.fetch(_MISCOUNTED)]
    except asyncpg.QueryCanceledError:
        return warn(
            "counts of runs",
            f"not looked at: there are more runs than can be read in {_PATIENCE_MS // 1000} s",
            "In psql, with time to spare: select * from inspect.runs_miscounted;",
        )
    if wrong:
        return warn(
            "counts of runs",
            f"the figures of {', '.join(wrong)} are not what their runs come to",
            f"In psql: select inspect.recount_runs(inspect.tenant('{wrong[0]}'));",
        )
    return ok("counts of runs", "they are what the runs come to")


async def _login(name: str, dsn: str) -> Check:
    role = roles.role_of(dsn)
    try:
        conn = await connect(dsn)
    except Misconfigured as error:
        remedy = f"Run `cid migrate`, which sets its password, or set DATABASE_URL_{name.upper()}."
        return fail(f"login of {name}", f"{role}: {error}", remedy)
    try:
        powers = await checks.offences_of_roles(conn, [role])
    finally:
        await conn.close()
    if powers:
        return fail(f"login of {name}", "; ".join(powers), "Take these rights away.")
    return ok(f"login of {name}", role)
