"""The command line as a process of its own, on a folder of its own."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GENEROUS_S = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(**given: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "PG_BINDIR") if name in os.environ}
    return kept | {"PYTHONPATH": str(ROOT), "CID_LOG": "json"} | given


def cid(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cid", *args],
        cwd=ROOT,
        env=environment(**env),
        capture_output=True,
        text=True,
        timeout=GENEROUS_S,
        check=False,
    )


class Desk:
    """`cid up` on `data`, running."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.port = free_port()
        with (data.parent / "err").open("a") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cid", "up", "--port", str(self.port), "--data", str(data), "--no-sample"],
                cwd=ROOT,
                env=environment(),
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        assert self.process.stdout
        readable, _, _ = select.select([self.process.stdout], [], [], GENEROUS_S)
        assert readable, self.errors()
        self.said = self.process.stdout.readline()

    def errors(self) -> str:
        return (self.data.parent / "err").read_text()

    def answers(self) -> bool:
        """Whether the pages can be reached; waits for it."""
        end = time.monotonic() + GENEROUS_S
        while time.monotonic() < end:
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", self.port)) == 0:
                    return True
            time.sleep(0.02)
        return False

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(GENEROUS_S)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def desk(data: Path) -> Iterator[Desk]:
    made = Desk(data)
    yield made
    if made.process.poll() is None:
        made.end(signal.SIGKILL)
    if made.process.stdout:
        made.process.stdout.close()


def test_the_desk_says_where_it_is_works_and_drains_on_sigterm(desk: Desk) -> None:
    assert f"http://127.0.0.1:{desk.port}" in desk.said, desk.errors()
    assert desk.answers()
    listed = cid("jobs", "list", "--json", "--data", str(desk.data))
    assert listed.returncode == 0, listed.stderr
    assert isinstance(json.loads(listed.stdout), list)
    assert desk.end(signal.SIGTERM) == 0, desk.errors()
    assert not [line for line in desk.errors().splitlines() if '"level": "error"' in line or "Traceback" in line]


def test_links_that_other_commands_print_lead_to_the_running_desk(desk: Desk) -> None:
    added = cid("users", "add", "ada@example.org", "--data", str(desk.data))
    assert added.returncode == 0, added.stderr
    assert f"http://127.0.0.1:{desk.port}/" in added.stdout


def test_a_second_start_on_the_same_data_is_refused_in_one_sentence(desk: Desk) -> None:
    second = cid("up", "--port", str(free_port()), "--data", str(desk.data))
    assert second.returncode == 3
    assert len(second.stderr.strip().splitlines()) == 1
    assert "already runs" in second.stderr
    assert desk.answers()


def test_after_kill_9_the_same_data_starts_again(desk: Desk, data: Path) -> None:
    assert desk.answers()
    paused = cid("jobs", "pause", "draft", "--data", str(data))
    assert paused.returncode == 0, paused.stderr
    desk.end(signal.SIGKILL)
    again = Desk(data)
    try:
        assert again.answers(), again.errors()
        assert "was already paused" in cid("jobs", "pause", "draft", "--data", str(data)).stdout
        assert again.end(signal.SIGINT) == 0, again.errors()
    finally:
        if again.process.poll() is None:
            again.end(signal.SIGKILL)
        if again.process.stdout:
            again.process.stdout.close()


def test_postgres_killed_under_the_desk_is_started_again(desk: Desk) -> None:
    assert desk.answers()
    postmaster = int((desk.data / "pgdata" / "postmaster.pid").read_text().split("\n", 1)[0])
    os.kill(postmaster, signal.SIGKILL)
    end = time.monotonic() + GENEROUS_S
    while "postgres.restarted" not in desk.errors() and time.monotonic() < end:
        time.sleep(0.05)
    listed = cid("jobs", "list", "--data", str(desk.data))
    assert listed.returncode == 0, listed.stderr + desk.errors()
    assert desk.end(signal.SIGTERM) == 0, desk.errors()


def test_work_can_be_done_without_a_desk_and_leaves_nothing_running(data: Path) -> None:
    worked = cid("worker", "--once", "--json", "--data", str(data))
    assert worked.returncode == 0, worked.stderr
    assert json.loads(worked.stdout) == {}
    assert f"no desk in {data}" in worked.stderr, "the folder may be mistyped"
    assert not (data / "pgdata" / "postmaster.pid").exists()


def test_a_port_in_use_is_said_before_anything_is_started(data: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused = cid("up", "--port", str(taken.getsockname()[1]), "--data", str(data))
    assert refused.returncode == 3
    assert "--port" in refused.stderr
    assert not data.exists()


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["nonsense"], 2, "No such command"),
        (["jobs", "list", "--limit", "many"], 2, "--limit"),
        (["worker", "--kinds", "dance"], 2, "dance"),
        (["up", "--port", "0"], 2, "--port"),
        (["jobs", "retry"], 2, "--all"),
        (["up", "--data", "/proc/nowhere", "--port", "1024"], 3, "/proc/nowhere"),
    ],
)
def test_what_is_wrong_with_a_command_is_one_sentence_and_a_code(args: list[str], code: int, said: str) -> None:
    done = cid(*args)
    assert done.returncode == code
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout == ""


def test_a_database_that_is_not_there_is_one_sentence() -> None:
    done = cid("jobs", "list", DATABASE_URL=f"postgresql://cid@127.0.0.1:{free_port()}/cid", CID_SECRET_KEY="k" * 32)
    assert done.returncode == 3
    assert "database" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
