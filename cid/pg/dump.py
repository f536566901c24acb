"""The schema as one text, from the catalogs, in an order of ours: the same on Postgres 15 to 18 and for every
owner's name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cid.pg.sql import query

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import asyncpg

    from cid.pg.pool import Conn

_HEAD = (
    "-- What the migrations make, told by the catalogs: `make schema` writes it and a test compares it.\n"
    "-- For reading; nothing runs it. Partitions are left out: which there are depends on the day.\n"
)
_FUNCTIONS = query("catalog.functions")
_FUNCTION_GRANTS = query("catalog.function_grants")
_RELATIONS = query("catalog.relations")
_COLUMNS = query("catalog.columns")
_CONSTRAINTS = query("catalog.constraints")
_INDEXES = query("catalog.indexes")
_POLICIES = query("catalog.policies")
_GRANTS = query("catalog.grants")
_TRIGGERS = query("catalog.triggers")
_VIEWS = query("catalog.views")
_SCHEMA_GRANTS = query("catalog.schema_grants")


async def dump(conn: Conn) -> str:
    """`conn` is the owner's. Answers SQL that ends in a newline."""
    async with conn.transaction(readonly=True):
        # Names are written without the schema where this finds them.
        await conn.execute("set local search_path = public, pg_temp")
        schemas = [
            f"grant {row['privileges']} on schema {row['schema']} to {row['role']};"
            for row in await conn.fetch(_SCHEMA_GRANTS)
        ]
        functions = [await _function(conn, row) for row in await conn.fetch(_FUNCTIONS)]
        tables = [await _table(conn, row) for row in await conn.fetch(_RELATIONS)]
        views = [await _view(conn, row) for row in await conn.fetch(_VIEWS)]
    return "\n".join([_HEAD, *schemas, "", *functions, *tables, *views]).rstrip("\n") + "\n"


def _name(row: asyncpg.Record) -> str:
    return str(row["name"]) if row["schema"] == "public" else f"{row['schema']}.{row['name']}"


def _lines(rows: Iterable[str]) -> str:
    return "".join(f"{row};\n" for row in rows)


async def _function(conn: Conn, row: asyncpg.Record) -> str:
    signature = row["signature"]
    callers = [grant["role"] for grant in await conn.fetch(_FUNCTION_GRANTS, signature)]
    text = f"{row['definition'].rstrip()};\n"
    if "public" not in callers:
        text += f"revoke all on function {signature} from public;\n"
    return text + _lines(f"grant execute on function {signature} to {role}" for role in callers if role != "public")


async def _table(conn: Conn, row: asyncpg.Record) -> str:
    name, oid = _name(row), row["oid"]
    columns = [_column(column) for column in await conn.fetch(_COLUMNS, oid)]
    constraints = [f"constraint {c['name']} {c['definition']}" for c in await conn.fetch(_CONSTRAINTS, oid)]
    partition = f" partition by {row['partition_key']}" if row["partition_key"] else ""
    options = f" with ({', '.join(sorted(row['options']))})" if row["options"] else ""
    body = ",\n  ".join([*columns, *constraints])
    return (
        f"create table {name} (\n  {body}\n){partition}{options};\n"
        + _lines(index["definition"] for index in await conn.fetch(_INDEXES, oid))
        + _lines(trigger["definition"] for trigger in await conn.fetch(_TRIGGERS, oid))
        + (f"alter table {name} enable row level security;\n" if row["secured"] else "")
        + (f"alter table {name} force row level security;\n" if row["forced"] else "")
        + _lines(_policy(name, policy) for policy in await conn.fetch(_POLICIES, oid))
        + _grants(name, await conn.fetch(_GRANTS, oid))
    )


def _column(row: asyncpg.Record) -> str:
    text = f"{row['name']} {row['type']}"
    if row["identity"]:
        text += f" generated {'always' if row['identity'] == 'a' else 'by default'} as identity"
    elif row["generated"]:
        text += f" generated always as ({row['expression']}) stored"
    elif row["expression"]:
        text += f" default {row['expression']}"
    return text + (" not null" if row["required"] else "")


def _policy(table: str, row: asyncpg.Record) -> str:
    kind = "" if row["permissive"] else " as restrictive"
    text = f"create policy {row['name']} on {table}{kind} for {row['command']} to {', '.join(row['roles'])}"
    if row["visible"]:
        text += f" using ({_one_line(row['visible'])})"
    if row["writable"]:
        text += f" with check ({_one_line(row['writable'])})"
    return text


def _one_line(expression: str) -> str:
    return re.sub(r"\s+", " ", expression)


def _grants(name: str, rows: Sequence[asyncpg.Record]) -> str:
    """One line per role: whole privileges first, then those on columns."""
    by_role: dict[str, list[str]] = {}
    for row in rows:
        columns = f" ({', '.join(row['columns'])})" if row["columns"] else ""
        by_role.setdefault(row["role"], []).append(row["privilege"] + columns)
    return _lines(f"grant {', '.join(privileges)} on {name} to {role}" for role, privileges in by_role.items())


async def _view(conn: Conn, row: asyncpg.Record) -> str:
    name = _name(row)
    kind = "materialized view" if row["materialized"] else "view"
    options = f" with ({', '.join(sorted(row['options']))})" if row["options"] else ""
    definition = _without_needless_prefixes(row["definition"].strip().rstrip(";"))
    return f"create {kind} {name}{options} as\n  {definition};\n" + _grants(name, await conn.fetch(_GRANTS, row["oid"]))


_SINGLE = re.compile(
    r"\sFROM (?:\w+\.)?(?P<table>\w+)?(?:\([^()]*\))?"  # a table, a function's rows, or () for a subquery
    r"(?: (?P<alias>(?!WHERE|GROUP|ORDER|LIMIT|HAVING)\w+)(?:\([^()]*\))?)?(?=\s|$)"
)


def _without_needless_prefixes(definition: str) -> str:
    """Before 16 a view's columns carry their table's name even where there is one table only; later they do not.

    Where there are several tables, and inside subqueries, every version writes the prefix.
    """
    outer = _outer(definition)
    froms = _SINGLE.findall(outer)
    if len(froms) != 1 or re.search(r"\b(JOIN|UNION|INTERSECT|EXCEPT)\b", outer) or _lists_tables(outer):
        return definition
    table, alias = froms[0]
    prefix = re.compile(rf"\b{re.escape(alias or table)}\.(?=\w)")
    return "".join(
        part if part.startswith("(") and re.match(r"\(\s*(SELECT|WITH)\b", part) else prefix.sub("", part)
        for part in _parts(definition)
    )


def _lists_tables(outer: str) -> bool:
    after = re.sub(r"\([^()]*\)", "", outer.split("FROM", 1)[1])
    return "," in re.split(r"\b(WHERE|GROUP|ORDER|HAVING|LIMIT)\b", after)[0]


def _parts(text: str) -> list[str]:
    """`text` cut where a subquery begins and ends; joined again it is `text`."""
    parts, start, at = [], 0, 0
    subquery = re.compile(r"\(\s*(SELECT|WITH)\b")
    while found := subquery.search(text, at):
        depth, end = 0, found.start()
        for end in range(found.start(), len(text)):
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            if depth == 0:
                break
        parts += [text[start : found.start()], text[found.start() : end + 1]]
        start = at = end + 1
    return [*parts, text[start:]]


def _outer(definition: str) -> str:
    """Without what stands inside subqueries."""
    return "".join("()" if re.match(r"\(\s*(SELECT|WITH)\b", part) else part for part in _parts(definition))
