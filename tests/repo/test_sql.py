"""Every named query prepares against the migrated schema, and its columns are the fields of its dataclass."""

from __future__ import annotations

import importlib
import pkgutil
import re
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import cid
import cid.store
from cid.pg.sql import SQL, queries

if TYPE_CHECKING:
    import asyncpg

ALL = [(file.stem, name) for file in sorted((SQL / "queries").glob("*.sql")) for name in queries(file.stem)]
SHAPES: dict[str, type] = {
    sql: shape
    for package in ("cid.store", "cid.queue", "cid.llm")
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__)
    for sql, shape in getattr(importlib.import_module(f"{package}.{module.name}"), "SHAPES", {}).items()
}


@pytest.mark.parametrize(("file", "name"), ALL)
async def test_the_query_prepares(owner: asyncpg.Connection[asyncpg.Record], file: str, name: str) -> None:
    await owner.prepare(queries(file)[name])


async def test_columns_are_the_fields_of_the_dataclass(owner: asyncpg.Connection[asyncpg.Record]) -> None:
    for sql, shape in SHAPES.items():
        columns = [attribute.name for attribute in (await owner.prepare(sql)).get_attributes()]
        assert columns == [field.name for field in fields(shape)], sql


@pytest.mark.parametrize("path", sorted((SQL / "queries").glob("*.sql")), ids=lambda path: path.stem)
def test_queries_take_the_time_from_cid_now(path: Path) -> None:
    code = re.sub(r"--.*", "", path.read_text())
    assert not re.search(r"(?<!cid_)\bnow\(\)|\bcurrent_timestamp\b|\bclock_timestamp\b", code)


def test_no_statement_hides_in_python() -> None:
    package = Path(cid.__file__).parent
    statement = re.compile(r"[\"'](select|insert into|update|delete from|with) [a-z_*(]", re.IGNORECASE)
    allowed = {"pg"}  # roles, migrations and settings of the session are made there
    guilty = [
        f"{path.relative_to(package)}:{number}"
        for path in package.rglob("*.py")
        if path.relative_to(package).parts[0] not in allowed
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if statement.search(line)
    ]
    assert guilty == []
