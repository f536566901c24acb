"""The migration files of this repository, and the rules that they are held to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cid.pg.lint import complaints, statements
from cid.pg.migrate import Migration, migrations


def one(sql: str, name: str = "0001_pre_x") -> list[str]:
    return complaints([Migration(number=1, name=name, sql=sql)])


def test_the_migrations_of_this_repository_keep_the_rules() -> None:
    assert complaints(migrations()) == []


def test_numbers_have_no_gap() -> None:
    files = [Migration(number=number, name=f"{number:04}_pre_x", sql="select 1") for number in (1, 3)]
    assert complaints(files) == ["0003_pre_x should be number 0002"]


@pytest.mark.parametrize(
    "sql",
    [
        "drop table drafts",
        "alter table drafts drop column state",
        "ALTER TABLE drafts\n  RENAME COLUMN state TO status",
        "alter table drafts rename to pieces",
        "alter table drafts alter column state type varchar",
        "alter table drafts alter state set data type varchar",
        "alter table drafts alter column note set not null",
        "alter table drafts add column note text not null",
        "alter table drafts add a integer not null default 1, add b integer not null",
        "revoke select on drafts from cid_app",
        "truncate drafts",
    ],
)
def test_a_pre_migration_takes_nothing_from_old_code(sql: str) -> None:
    assert len(one(sql)) == 1
    assert one(sql, name="0001_post_x") == []


@pytest.mark.parametrize(
    "sql",
    [
        "alter table drafts add column note text",
        "alter table drafts add column note text not null default ''",
        "alter table drafts add constraint note_short check (length(note) < 9) not valid",
        "create table dropped (name text not null)",
        "create function f() returns void language sql as $$ drop table drafts $$",
        "comment on table drafts is 'what we drop; rename'",
        "-- drop table drafts\nselect 1",
        "alter table drafts alter column note drop not null",
    ],
)
def test_a_pre_migration_may_add(sql: str) -> None:
    assert one(sql) == []


@pytest.mark.parametrize(
    ("sql", "good"),
    [
        ("-- concurrently\ncreate index concurrently a on drafts (state);\n", True),
        ("-- concurrently\n-- why\ncreate unique index concurrently a on drafts (state)", True),
        ("-- concurrently\ncreate index concurrently a on drafts (state); select 1", False),
        ("-- concurrently\ncreate index concurrently on drafts (state)", False),
        ("-- concurrently\nvacuum drafts", False),
        ("create index concurrently a on drafts (state)", False),
    ],
)
def test_what_runs_concurrently_is_one_index(sql: str, good: bool) -> None:
    assert (one(sql) == []) is good


PLAIN = st.text("abc ()=\n", min_size=1).filter(str.strip)
QUOTED = st.text("ab;- '", max_size=8).map(lambda text: "'" + text.replace("'", "''") + "'")
BODY = st.text("ab;'- \n", max_size=8).map(lambda text: f"$f${text}$f$")


@given(st.lists(st.tuples(PLAIN, QUOTED | BODY), min_size=1))
def test_a_semicolon_in_quotes_or_a_body_ends_nothing(pieces: list[tuple[str, str]]) -> None:
    parts = [f"{plain.strip()} {quoted}" for plain, quoted in pieces]
    assert statements(";\n-- a comment; with ' in it\n".join(parts)) == parts
