"""What must be true of roles, policies, grants and functions before the desk may serve: read from the catalogs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cid.domain.errors import Misconfigured
from cid.pg.embedded import APP, WORKER
from cid.pg.sql import query

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cid.pg.pool import Conn

_OF_ROLES = (query("checks.powers"), query("checks.possessions"))
UNFORCED = query("checks.unforced")
_OF_OBJECTS = (
    UNFORCED,
    query("checks.open_policies"),
    query("checks.stray_grants"),
    query("checks.rewritable"),
    query("checks.owners_eyes"),
    query("checks.loose_functions"),
)


async def offences_of_roles(conn: Conn, logins: Sequence[str] = (APP, WORKER)) -> list[str]:
    """What the logins of app and worker could do and must not be able to; empty when all is well."""
    return [row["offence"] for sql in _OF_ROLES for row in await conn.fetch(sql, list(logins))]


async def offences_of_objects(conn: Conn) -> list[str]:
    """Tables, policies, grants, views and functions that leave a hole; empty when all is well."""
    return [row["offence"] for sql in _OF_OBJECTS for row in await conn.fetch(sql)]


async def check_roles(conn: Conn, logins: Sequence[str] = (APP, WORKER)) -> None:
    """The start's refusal. `conn` may be anybody's; `logins` are the names that app and worker log in by.

    Raises Misconfigured, naming every offence.
    """
    found = await offences_of_roles(conn, logins) + await offences_of_objects(conn)
    if found:
        raise Misconfigured(
            f"The database does not keep tenants apart: {'; '.join(found)}. "
            "Take the right away, or bring the schema back to what the migrations make; `cid doctor` lists it."
        )
