"""Logs carry ids, never secrets."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from cid import logs


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.set_up(console=False, stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def said(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize(
    "secret",
    [
        "Bearer abcdefghijklmnop",
        "sk-ant-REDACTED",
        "postgresql://cid:hunter2hunter2@db/cid",
        "https://desk.test/link?token=abcdefg1234567",
        "whsec_abcdefghijklmnopqrstuv",
        "abcd efgh ijkl mnop qrst uvwx",
    ],
)
def test_what_looks_like_a_secret_is_hidden_in_every_place(lines: io.StringIO, secret: str) -> None:
    log = structlog.get_logger("test")
    log.info("happened", detail=secret, nested={"list": [secret]})
    logging.getLogger("library").warning("it said %s", secret)
    log.error("failed", exc_info=ValueError(secret))
    for part in ("abcdefghijklmnop", "hunter2", "abcdefg1234567", "mnop qrst"):
        assert part not in lines.getvalue()
    assert len(said(lines)) == 3


def test_keys_that_name_secrets_are_hidden_whatever_they_hold(lines: io.StringIO) -> None:
    structlog.get_logger("test").info("x", password="a", api_key="b", deep={"Authorization": "c"}, key_count=3)
    line = said(lines)[0]
    assert line["password"] == line["api_key"] == "[redacted]"
    assert line["deep"] == {"Authorization": "[redacted]"}
    assert line["key_count"] == 3


def test_ids_bound_once_are_on_every_line_also_of_libraries(lines: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(job=7, kind="poll"):
        structlog.get_logger("test").info("a")
        logging.getLogger("library").info("b")
    structlog.get_logger("test").info("c")
    assert [line.get("job") for line in said(lines)] == [7, 7, None]
