"""The roles, the logins and the database, made by whoever may make them.

Embedded, a superuser makes everything and peer login needs no password. Elsewhere the owner is whoever DATABASE_URL
logs in as; cid_app and cid_worker are made by it where it may, with passwords derived from the desk's secret, so
that nothing has to be stored or handed over.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

import asyncpg

from cid.domain.errors import Misconfigured
from cid.pg.embedded import APP, OWNER, WORKER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cid.pg.pool import Conn

DATABASE = "cid"
"""The embedded server's one database."""

_ITERATIONS = 4096
_MARK = "desk of database "


@dataclass(frozen=True, slots=True, kw_only=True)
class Logins:
    """One address (DSN) per role. They hold passwords: never logged, never shown."""

    owner: str
    app: str
    worker: str

    def __repr__(self) -> str:
        return "Logins(…)"


def passwords(derive: Callable[[str], bytes]) -> dict[str, str]:
    """Of cid_app and cid_worker, by role; `derive` is `Keys.derive`."""
    return {role: derive(f"pg-role:{role}").hex() for role in (APP, WORKER)}


def dsn_for(owner_dsn: str, role: str, password: str) -> str:
    """The owner's address with another login: same server, port, database and options.

    Raises Misconfigured when `owner_dsn` is no postgres:// address.
    """
    try:
        parts = urlsplit(owner_dsn)
    except ValueError as error:
        raise Misconfigured("DATABASE_URL is no address: write postgresql://user:password@host/database.") from error
    if parts.scheme not in {"postgres", "postgresql"}:
        raise Misconfigured("DATABASE_URL must begin with postgresql:// and name user, host and database.")
    hosts = parts.netloc.rpartition("@")[2]
    options = [(name, value) for name, value in parse_qsl(parts.query) if name not in {"user", "password"}]
    return urlunsplit(
        parts._replace(netloc=f"{quote(role, safe='')}:{quote(password, safe='')}@{hosts}", query=urlencode(options))
    )


def role_of(dsn: str) -> str:
    """The name that an address logs in by."""
    parts = urlsplit(dsn)
    return unquote(parts.username or "") or dict(parse_qsl(parts.query)).get("user", "")


def external(owner_dsn: str, secret: Mapping[str, str], *, app: str | None = None, worker: str | None = None) -> Logins:
    """On a server that others run; `app` and `worker` are DATABASE_URL_APP and DATABASE_URL_WORKER where given."""
    return Logins(
        owner=owner_dsn,
        app=app or dsn_for(owner_dsn, APP, secret[APP]),
        worker=worker or dsn_for(owner_dsn, WORKER, secret[WORKER]),
    )


def embedded(sockets: str, database: str = DATABASE) -> Logins:
    """On the embedded server whose socket lies in the folder `sockets`."""
    owner, app, worker = (f"postgresql://{role}@/{database}?host={quote(sockets)}" for role in (OWNER, APP, WORKER))
    return Logins(owner=owner, app=app, worker=worker)


async def ensure(conn: Conn, database: str) -> None:
    """`conn` is a superuser's of the embedded server, connected to `postgres`: the three roles and the database."""
    for role in (OWNER, APP, WORKER):
        if not await conn.fetchval("select 1 from pg_roles where rolname = $1", role):
            await conn.execute(f"create role {role} login")
    if not await conn.fetchval("select 1 from pg_database where datname = $1", database):
        await conn.execute(f'create database "{database}" owner {OWNER}')


async def ensure_logins(conn: Conn, secret: Mapping[str, str]) -> None:
    """`conn` is the owner's on a server that others run: cid_app and cid_worker with the passwords in `secret`.

    A role that `secret` does not name is made without a login, for logins that are members of it. Raises Misconfigured
    with the SQL to run when a role is missing and the owner may not make it, and when the role belongs to a desk in
    another database of this server.
    """
    database = await conn.fetchval("select current_database()")
    missing = []
    for role in (APP, WORKER):
        there = await conn.fetchrow(
            "select shobj_description(oid, 'pg_authid') as mark from pg_roles where rolname = $1", role
        )
        if there and role not in secret:
            continue
        if there and (there["mark"] or "").startswith(_MARK) and there["mark"] != _MARK + database:
            raise Misconfigured(
                f"The role {role} is the {there['mark']} on this server: give this desk logins of its own that are "
                f"members of {APP} and {WORKER}, in DATABASE_URL_APP and DATABASE_URL_WORKER."
            )
        if (
            not await _done(conn, _statement("alter" if there else "create", role, secret), role, database)
            and not there
        ):
            missing.append(role)
    if missing:
        raise Misconfigured(
            f"The owner may not create the roles {' and '.join(missing)}: have an administrator run\n{sql_for(secret)}"
        )


async def _done(conn: Conn, statement: str, role: str, database: str) -> bool:
    """Whether the owner had the right to it. What it made is marked with the database it is for."""
    try:
        async with conn.transaction():
            await conn.execute(statement)
            await conn.execute("comment on role {} is '{}'".format(role, (_MARK + database).replace("'", "''")))
    except asyncpg.InsufficientPrivilegeError:
        return False
    return True


def _statement(verb: str, role: str, secret: Mapping[str, str]) -> str:
    return f"{verb} role {role}" + (f" login password '{verifier(secret[role])}'" if role in secret else "")


def sql_for(secret: Mapping[str, str]) -> str:
    """What an administrator runs in the owner's stead. Holds verifiers, from which no password can be read."""
    return "\n".join(f"  {_statement('create', role, secret)};" for role in (APP, WORKER))


def verifier(password: str) -> str:
    """What Postgres stores for `password` (SCRAM-SHA-256, RFC 5803): a statement in a server's log then tells no
    secret.
    """
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    salt64, stored64, server64 = (base64.b64encode(part).decode() for part in (salt, stored, server))
    return f"SCRAM-SHA-256${_ITERATIONS}:{salt64}${stored64}:{server64}"
