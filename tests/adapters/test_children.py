"""Children are killed, their callers are told, and everybody else goes on."""

from __future__ import annotations

import asyncio
import os
import signal
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cid.domain.outside import ChildFailure, Stopping
from cid.outside import children
from cid.outside.children import ChildPool
from tests.hostile import FEED

FUNCTIONS = '''
"""Misbehaving functions for the children's own tests."""
import os, time
from cid.workers import child

def sleep(value): time.sleep(value)
def spin(value):
    while True: pass
def hoard(value): return len(bytearray(2 << 30))
def raise_(value): raise ValueError("bad input")
def die(value): os._exit(7)
def write(value): os.write(os.open(value, os.O_WRONLY | os.O_CREAT), b"x" * 100)
def environment(value): return dict(os.environ)
def pid(value): return os.getpid()
def echo(value): return value

mine = (sleep, spin, hoard, raise_, die, write, environment, pid, echo)
child.FUNCTIONS.update({function.__name__.rstrip("_"): function for function in mine})
child.main()
'''


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The children's program with some functions more, beside a link to our own package."""
    (tmp_path / "misbehaving.py").write_text(FUNCTIONS)
    (tmp_path / "cid").symlink_to(Path(children.ROOT) / "cid")
    monkeypatch.setattr(children, "ROOT", tmp_path)
    monkeypatch.setattr(children, "PROGRAM", "misbehaving")


@pytest.fixture
async def pool(program: None) -> AsyncIterator[ChildPool]:
    async with ChildPool(size=2) as pool:
        yield pool


async def working(pool: ChildPool) -> None:
    """Until a child is at work."""
    for _ in range(1000):
        if pool.alive:
            return
        await asyncio.sleep(0.005)
    raise AssertionError("no child was started")


async def test_a_call_that_takes_too_long_is_killed_and_the_next_one_served(pool: ChildPool) -> None:
    with pytest.raises(ChildFailure, match="longer than"):
        await pool.call("spin", None, timeout_s=0.3)
    assert pool.kills == 1
    assert await pool.call("echo", [1, "ä", None]) == [1, "ä", None]


async def test_a_slow_call_holds_up_nobody_else(pool: ChildPool) -> None:
    slow = asyncio.ensure_future(pool.call("sleep", 60, timeout_s=1.0))
    assert [await pool.call("echo", number) for number in range(20)] == list(range(20))
    assert not slow.done()
    with pytest.raises(ChildFailure):
        await slow
    assert pool.alive == 1


async def test_memory_beyond_the_limit_fails_the_call_and_not_the_machine(pool: ChildPool) -> None:
    with pytest.raises(ChildFailure, match="MemoryError"):
        await pool.call("hoard", None)


async def test_what_a_function_raises_is_about_its_input(pool: ChildPool) -> None:
    with pytest.raises(ChildFailure, match="ValueError: bad input"):
        await pool.call("raise", None)
    assert pool.kills == 0


async def test_a_child_that_ends_itself_is_replaced(pool: ChildPool) -> None:
    with pytest.raises(ChildFailure, match="ended its process"):
        await pool.call("die", None)
    assert await pool.call("echo", "still here") == "still here"


async def test_a_child_has_no_environment_and_cannot_write(
    pool: ChildPool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SECRET_KEY", "s3cret")
    environment = await pool.call("environment", None)
    assert "SECRET_KEY" not in environment
    with pytest.raises(ChildFailure, match="File too large"):
        await pool.call("write", str(tmp_path / "note"))


async def test_children_start_when_wanted_and_leave_when_idle(program: None) -> None:
    async with ChildPool(size=2, idle_s=0.05) as pool:
        assert pool.alive == 0
        first = await pool.call("pid", None)
        assert pool.alive == 1
        for _ in range(200):
            if not pool.alive:
                break
            await asyncio.sleep(0.01)
        assert pool.alive == 0
        assert await pool.call("pid", None) != first


async def test_a_stop_of_the_whole_unit_is_no_fault_of_the_input(pool: ChildPool) -> None:
    pid = await pool.call("pid", None)
    os.kill(pid, signal.SIGTERM)
    assert await pool.call("pid", None) == pid


async def test_whoever_waits_while_we_stop_hears_that_and_blames_nobody(program: None) -> None:
    pool = ChildPool(size=1)
    waiting = asyncio.ensure_future(pool.call("sleep", 60, timeout_s=30))
    await working(pool)
    await pool.close()
    with pytest.raises(Stopping):
        await waiting
    with pytest.raises(Stopping):
        await pool.call("echo", 1)


async def test_a_cancelled_call_takes_its_child_along(pool: ChildPool) -> None:
    call = asyncio.ensure_future(pool.call("sleep", 60, timeout_s=30))
    await working(pool)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert pool.alive == 0
    assert await pool.call("echo", "next") == "next"


async def test_the_real_program_reads_feeds() -> None:
    async with ChildPool(size=1) as pool:
        value = {"body": b64encode(FEED).decode(), "content_type": "", "url": "http://post.test/feed"}
        feed = await pool.call("parse_feed", value)
    assert [entry["url"] for entry in feed["entries"]] == ["http://www.post.test/ferry"]
