"""What a migration file may hold, so that code of the version before works while and after it runs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cid.pg.migrate import Migration

# A quoted thing or a comment, whole; what ends a statement is looked for between these.
_WHOLE = re.compile(
    r"(?P<comment>--[^\n]*|/\*.*?\*/)|'(?:[^']|'')*'|\"[^\"]*\"|(?P<tag>\$[a-z_]*\$).*?(?P=tag)|(?P<end>;)",
    re.DOTALL | re.IGNORECASE,
)
_PRE_FORBIDS = (
    (re.compile(r"\bdrop\s+(?!default\b|not\s+null\b|expression\b|identity\b)", re.IGNORECASE), "drops something"),
    (re.compile(r"^alter\s.*\brename\b", re.IGNORECASE | re.DOTALL), "renames something"),
    (
        re.compile(r"^alter\s+table\b.*\balter\s+(column\s+)?\w+\s+(set\s+data\s+)?type\b", re.IGNORECASE | re.DOTALL),
        "changes a column's type",
    ),
    (re.compile(r"^alter\s+table\b.*\bset\s+not\s+null\b", re.IGNORECASE | re.DOTALL), "makes a column not null"),
    (
        re.compile(r"^(truncate\b|revoke\b.*\bfrom\s+(?!public\b))", re.IGNORECASE | re.DOTALL),
        "takes away what old code uses",
    ),
)
_ADD_COLUMN = re.compile(
    r"\badd\s+(?:column\s+)?(?:if\s+not\s+exists\s+)?(?!constraint\b|primary\b|foreign\b|unique\b|check\b)"
    r"(?P<column>\w+)(?P<rest>[^,]*)",
    re.IGNORECASE,
)
_CONCURRENT = re.compile(
    r"^(create\s+(unique\s+)?index\s+concurrently\s+[a-z0-9_]+\s+on|drop\s+index\s+concurrently\s+if\s+exists)\b",
    re.IGNORECASE,
)


def statements(sql: str) -> list[str]:
    """The statements of a file without comments; what is quoted stays as it is."""
    found, text, at = [], "", 0
    for token in _WHOLE.finditer(sql):
        text += sql[at : token.start()]
        at = token.end()
        if token["end"]:
            found.append(text.strip())
            text = ""
        elif not token["comment"]:
            text += token[0]
        else:
            text += " "
    return [statement for statement in (*found, (text + sql[at:]).strip()) if statement]


def complaints(todo: Sequence[Migration]) -> list[str]:
    """One sentence per fault; empty when all may be applied."""
    found = [
        f"{migration.name} should be number {wanted:04}"
        for wanted, migration in enumerate(todo, 1)
        if migration.number != wanted
    ]
    for migration in todo:
        found += [f"{migration.name} {fault}" for fault in _faults(migration)]
    return found


def _faults(migration: Migration) -> Iterator[str]:
    parts = statements(migration.sql)
    if migration.concurrently and not (len(parts) == 1 and _CONCURRENT.match(parts[0])):
        yield (
            "is marked concurrently and is not one statement that begins CREATE INDEX CONCURRENTLY name ON, "
            "or DROP INDEX CONCURRENTLY IF EXISTS"
        )
    for part in parts:
        if not migration.concurrently and re.search(r"\bconcurrently\b", _unquoted(part), re.IGNORECASE):
            yield "holds CONCURRENTLY and does not begin with the line -- concurrently"
        if not migration.post:
            yield from _old_code_breaks(_unquoted(part))


def _old_code_breaks(statement: str) -> Iterator[str]:
    yield from (f"is pre and {fault}: make it post" for pattern, fault in _PRE_FORBIDS if pattern.search(statement))
    if re.match(r"alter\s+table\b", statement, re.IGNORECASE):
        for column in _ADD_COLUMN.finditer(statement):
            rest = column["rest"].lower()
            if "not null" in rest and not re.search(r"\bdefault\b|\bgenerated\b", rest):
                yield f"is pre and adds {column['column']} not null without a default: old code does not fill it"


def _unquoted(statement: str) -> str:
    """Function bodies and texts are no statements of the migration."""
    return _WHOLE.sub("''", statement)
