"""docs/sql.md is true: each of its statements runs as the role it names, and prints what the page shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from tests import sql_page
from tests.sql_page import PAGE, USERS, Statement, answered, stable, statements

if TYPE_CHECKING:
    from tests.conftest import Database

TEXT = PAGE.read_text()


async def test_every_statement_prints_what_the_page_shows(owner: Any, database: Database) -> None:
    await sql_page.seed(owner)
    conns = {role: await sql_page.connect(database.dsn(user)) for role, user in USERS.items()}
    wrong = [it.name for it in statements(TEXT) if not await _prints(conns[it.role], it)]
    for conn in conns.values():
        await conn.close()
    assert wrong == [], "after a change that is meant: python -m tests.sql_page"


async def _prints(conn: asyncpg.Connection[asyncpg.Record], statement: Statement) -> bool:
    answer, shown = stable(await answered(conn, statement.sql)), stable(statement.answer)
    if statement.figures:
        return _columns(answer) == _columns(shown)
    return answer == shown


def _columns(answer: str) -> list[str]:
    return [name.strip() for name in answer.split("\n", 1)[0].split("|")]


def test_no_statement_escapes_the_test() -> None:
    assert TEXT.count("```sql") == len(statements(TEXT)) > 30
    assert {it.role for it in statements(TEXT)} <= set(USERS)


async def test_whatever_is_made_for_people_is_on_the_page(owner: Any) -> None:
    made = await owner.fetch(
        """select relname from pg_class where relnamespace = 'inspect'::regnamespace and relkind = 'v'
           union select proname from pg_proc where pronamespace = 'inspect'::regnamespace"""
    )
    assert [name for (name,) in made if f"inspect.{name}" not in TEXT] == []


async def test_the_name_of_no_tenant_is_refused(owner: Any) -> None:
    """Answered with nothing, it would mean every tenant."""
    with pytest.raises(asyncpg.NoDataFoundError, match="there is no tenant nobody"):
        await owner.fetch("select inspect.cancel_waiting('rules', inspect.tenant('nobody'))")
