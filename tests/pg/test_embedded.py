"""The embedded server: starts on whatever a crash left, harms nobody, and is found by other commands."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from cid.domain.errors import Misconfigured
from cid.pg import account, running
from cid.pg.embedded import ADMIN, Server, binaries, join
from cid.pg.sql import SQL

PARENT = """
import asyncio, sys, asyncpg
from pathlib import Path
from cid.pg.embedded import ADMIN, Server
server = Server(Path(sys.argv[1]))
server.start()
async def main():
    conn = await asyncpg.connect(server.dsn(ADMIN, "postgres"))
    await conn.execute("create table if not exists kept (id integer generated always as identity)")
    while True:
        print(await conn.fetchval("insert into kept default values returning id"), flush=True)
asyncio.run(main())
"""

STRANGER = """
import asyncio, os, sys, asyncpg
os.setgroups([])
os.setuid(int(sys.argv[2]))
asyncio.run(asyncpg.connect(sys.argv[1]))
"""

PID_ONE = """
import os, signal, sys, time
from pathlib import Path
from cid.pg import running
from cid.pg.embedded import Server, reap_orphans
assert os.getpid() == 1
server = Server(Path(sys.argv[1]), durable=False)
server.start()
mine = os.fork()
if mine == 0:
    os._exit(7)
for _ in range(3):
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()
    server.restart(known={mine})
end = time.monotonic() + 20
def dead():
    lines = [(entry / "stat").read_text() for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [int(line.split()[0]) for line in lines if line.rsplit(")", 1)[1].split()[0] == "Z"]
while set(dead()) - {mine} and time.monotonic() < end:
    reap_orphans({mine, server.process.pid})
print(set(dead()) == {mine}, os.waitpid(mine, 0)[1] >> 8)
server.stop()
"""


def run(code: str, *args: object) -> list[str]:
    return [sys.executable, "-c", code, *map(str, args)]


@contextlib.contextmanager
def serving(data: Path, *, durable: bool = False) -> Iterator[Server]:
    server = Server(data, durable=durable)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def ask(server: Server, sql: str) -> Any:
    async def once() -> Any:
        conn = await asyncpg.connect(server.dsn(ADMIN, "postgres"))
        try:
            return await conn.fetchval(sql)
        finally:
            await conn.close()

    return asyncio.run(once())


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """In memory where there is some: nearly every test here makes a cluster."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="cid-embedded-", dir=memory if os.access(memory, os.W_OK) else None))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """Somebody else's process, with a number that a dead postmaster had before."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.communicate(b"\n")


def test_what_was_acknowledged_survives_five_kills_of_the_parent(tmp_path: Path) -> None:
    acknowledged = 0
    for round_ in range(5):
        process = subprocess.Popen(run(PARENT, tmp_path / "data"), cwd=SQL.parent, stdout=subprocess.PIPE, text=True)
        assert process.stdout
        for _ in range(20):
            line = process.stdout.readline()
            assert line, f"round {round_} did not start"
            acknowledged = int(line)
        os.kill(process.pid, signal.SIGKILL)
        acknowledged = max([acknowledged, *map(int, process.stdout.read().split())])
        process.stdout.close()
        process.wait()
    with serving(tmp_path / "data") as server:
        assert ask(server, "select max(id) from kept") >= acknowledged
        assert ask(server, "select count(*) from kept") >= acknowledged - 5 * 32, "sequences skip at most 32 a crash"


def test_a_second_start_on_the_same_data_is_refused_and_disturbs_nothing(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        with pytest.raises(Misconfigured, match=r"A desk already runs on .*: stop it, or give another folder"):
            Server(tmp_path).start()
        assert ask(server, "select 1") == 1
        assert join(tmp_path) == str(server.sockets)


def test_an_unwritable_folder_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Misconfigured, match=r"cannot be written \(Not a directory\): give another with --data"):
        Server(tmp_path / "file" / "data").start()


def test_the_pid_file_of_a_dead_server_harms_no_innocent_process(
    tmp_path: Path, stranger: subprocess.Popen[bytes]
) -> None:
    with serving(tmp_path):
        pass
    for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
        (tmp_path / "pgdata" / name).write_text(f"{stranger.pid}\n{tmp_path}/pgdata\n")
    with serving(tmp_path) as server:
        assert ask(server, "select 1") == 1
    assert stranger.poll() is None


def test_data_of_another_version_is_one_sentence(tmp_path: Path) -> None:
    with serving(tmp_path):
        pass
    (tmp_path / "pgdata" / "PG_VERSION").write_text("14\n")
    with pytest.raises(Misconfigured, match=r"is of Postgres 14 and the programs .* set PG_BINDIR to the programs of"):
        Server(tmp_path).start()
    (tmp_path / "pgdata" / "PG_VERSION").write_text(f"{Server(tmp_path)._major()}\n")
    with serving(tmp_path) as server:
        assert ask(server, "select 1") == 1


def test_a_folder_without_programs_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"PG_BINDIR is .*, where the programs postgres and initdb are not"):
        binaries(str(tmp_path))


def test_a_half_made_cluster_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "pgdata.init").mkdir()
    (tmp_path / "pgdata.init" / "PG_VERSION").write_text("18")
    with serving(tmp_path) as server:
        assert ask(server, "select 1") == 1


def test_a_server_that_died_is_restarted_with_its_rows(tmp_path: Path) -> None:
    with serving(tmp_path, durable=True) as server:
        ask(server, "create table kept as select generate_series(1, 10) as id")
        for _ in range(3):
            assert server.process
            os.kill(server.process.pid, signal.SIGKILL)
            server.process.wait()
            assert server.died
            server.restart()
            assert ask(server, "select count(*) from kept") == 10
        assert join(tmp_path) == str(server.sockets)
        with pytest.raises(RuntimeError, match="only a server that died"):
            server.restart()


def test_what_a_server_said_is_not_drowned_by_the_last_words_of_the_one_before(tmp_path: Path) -> None:
    """On a busy machine its backends notice its death late; `restart` tries again by what the new one said."""
    process = subprocess.Popen(["false"])
    process.wait()
    others = "2026-01-01 00:00:00 UTC [1] FATAL:  terminating connection due to unexpected postmaster exit\n" * 20
    said = f"2026-01-01 00:00:00 UTC [{process.pid}] FATAL:  pre-existing shared memory block is still in use\n"
    (tmp_path / "postgres.log").write_text(others + said + others)
    with pytest.raises(Misconfigured, match="shared memory block is still in use"):
        Server(tmp_path)._wait_until_ready(process)


def test_as_pid_1_the_dead_of_a_killed_server_are_buried_and_known_children_left(tmp_path: Path) -> None:
    apart = [
        "unshare",
        "--pid",
        "--fork",
        "--mount-proc",
        *([] if os.geteuid() == 0 else ["--user", "--map-root-user"]),
    ]
    if not shutil.which("unshare") or subprocess.run([*apart, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no process namespace of our own here")
    done = subprocess.run(
        [*apart, *run(PID_ONE, tmp_path / "data")], cwd=SQL.parent, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["True", "7"], done.stderr


# ---- found by other commands


def test_a_running_server_is_told_in_run_json_and_forgotten_at_its_end(tmp_path: Path) -> None:
    assert join(tmp_path) is None
    with serving(tmp_path) as server:
        said = json.loads((tmp_path / "run.json").read_text())
        assert said == {"socket": str(server.sockets), "pid": os.getpid(), "version": said["version"]}
        assert (tmp_path / "run.json").stat().st_mode & 0o777 == 0o600
        assert join(tmp_path) == str(server.sockets)
        assert running.port(tmp_path) is None, "it serves no pages"
    assert not (tmp_path / "run.json").exists()
    assert join(tmp_path) is None


@pytest.mark.parametrize("text", ["", "[]", "{", '{"socket": 1}', '{"socket": "/tmp", "pid": "x"}'])
def test_a_run_file_that_makes_no_sense_names_no_server(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    assert join(tmp_path) is None


def test_the_run_file_of_a_dead_desk_names_no_server(tmp_path: Path, stranger: subprocess.Popen[bytes]) -> None:
    with serving(tmp_path) as server:
        said = {"socket": str(server.sockets), "pid": 2**22 + 1, "version": "1"}
    (tmp_path / "run.json").write_text(json.dumps(said))
    (tmp_path / "pgdata" / "postmaster.pid").write_text(f"{stranger.pid}\n" + "\n" * 6 + "ready\n")
    assert join(tmp_path) is None


@pytest.fixture
def deep(tmp_path: Path) -> Path:
    """A folder whose path is too long for a socket in it."""
    folder = tmp_path / ("d" * 60) / ("e" * 60)
    folder.mkdir(parents=True)
    return folder


def test_a_path_too_long_for_a_socket_gets_a_private_folder_that_ends_with_the_server(deep: Path) -> None:
    with serving(deep) as server:
        assert server.sockets.stat().st_mode & 0o777 == 0o700
        assert json.loads((deep / "run.json").read_text())["socket"] == str(server.sockets)
        assert join(deep) == str(server.sockets)
        assert ask(server, "select 1") == 1
        used = server.sockets
    assert not used.exists()


def test_the_private_folder_of_a_killed_desk_is_removed_by_the_next(deep: Path) -> None:
    process = subprocess.Popen(run(PARENT, deep), cwd=SQL.parent, stdout=subprocess.PIPE)
    assert process.stdout
    process.stdout.readline()
    left = Path(json.loads((deep / "run.json").read_text())["socket"])
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert left.exists()
    with serving(deep) as server:
        assert server.sockets != left
        assert not left.exists()


def test_a_socket_folder_that_others_may_enter_is_not_trusted(deep: Path) -> None:
    with serving(deep) as server:
        server.sockets.chmod(0o755)
        with pytest.raises(Misconfigured, match="is not this account's alone"):
            join(deep)


def test_a_strangers_folder_in_the_place_of_ours_is_left_alone(tmp_path: Path) -> None:
    theirs = Path(tempfile.mkdtemp(prefix=running.SOCKET_PREFIX))
    theirs.chmod(0o777)
    (theirs / ".s.PGSQL.5432").write_text("not ours")
    (tmp_path / "run.json").write_text(json.dumps({"socket": str(theirs), "pid": 1, "version": "1"}))
    with serving(tmp_path):
        assert (theirs / ".s.PGSQL.5432").read_text() == "not ours"
    shutil.rmtree(theirs)


# ---- under which account


def test_an_account_without_a_name_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(_uid: int) -> pwd.struct_passwd:
        raise KeyError

    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    with pytest.raises(Misconfigured, match=r"uid 12345 has no name.* add it to /etc/passwd.* or set DATABASE_URL"):
        account.choose(tmp_path)


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has another account stand in for it")


@pytest.fixture
def open_room() -> Iterator[Path]:
    """A folder that others may enter; pytest's own are closed."""
    room = Path(tempfile.mkdtemp(prefix="cid-test-open-"))
    room.chmod(0o755)
    yield room
    shutil.rmtree(room)


@pytest.fixture
def no_namespaces(monkeypatch: pytest.MonkeyPatch, open_room: Path) -> None:
    """As in a container whose seccomp profile refuses unshare."""
    stand_in = pwd.getpwnam(account.STAND_IN)
    dropped = account.Account(way=account.Way.DROPPED, client="root", uid=stand_in.pw_uid, gid=stand_in.pw_gid)
    try:
        account.check_reach(dropped, binaries(), open_room)
    except Misconfigured as error:
        pytest.skip(f"the stand-in cannot be tried here: {error}")
    monkeypatch.setattr(account, "_namespaces_allowed", lambda _daemon: False)


@needs_root
def test_where_namespaces_are_refused_the_server_runs_as_its_stand_in(open_room: Path, no_namespaces: None) -> None:
    data = open_room / "data"
    stand_in = pwd.getpwnam(account.STAND_IN).pw_uid
    for _ in range(2):
        with serving(data) as server:
            assert server.process
            assert Path(f"/proc/{server.process.pid}").stat().st_uid == stand_in
            assert ask(server, "select 1") == 1
            assert join(data) == str(server.sockets)
    assert data.stat().st_uid == 0
    assert data.stat().st_mode & 0o777 == 0o710
    assert (data / "pgdata").stat().st_uid == stand_in


@needs_root
def test_data_made_in_a_namespace_is_taken_along_when_namespaces_are_refused(
    open_room: Path, monkeypatch: pytest.MonkeyPatch, no_namespaces: None
) -> None:
    data = open_room / "data"
    data.mkdir(mode=0o711)
    with monkeypatch.context() as allowed:
        allowed.setattr(account, "_namespaces_allowed", lambda _daemon: True)
        with serving(data, durable=True) as server:
            ask(server, "create table kept as select 1 as id")
    with serving(data) as server:
        assert ask(server, "select count(*) from kept") == 1


@needs_root
def test_a_folder_that_the_stand_in_may_not_enter_is_one_sentence_and_stays_closed(
    open_room: Path, no_namespaces: None
) -> None:
    closed = open_room / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(Misconfigured, match=rf"may not enter {closed}: run the desk as an unprivileged account"):
        Server(closed / "data").start()
    assert closed.stat().st_mode & 0o777 == 0o700
    closed.chmod(0o755)
    mine = closed / "mine"
    mine.mkdir(mode=0o700)
    with pytest.raises(Misconfigured, match=rf"may not enter {mine}:"):
        Server(mine).start()
    assert mine.stat().st_mode & 0o777 == 0o700


@needs_root
def test_nobody_else_on_the_machine_can_log_in(open_room: Path) -> None:
    data = open_room / "data"
    with serving(data) as server:
        # Open the way to the socket: even then peer login tells the stranger from root.
        data.chmod(0o755)
        server.pgdata.chmod(0o755)
        for stranger in ("daemon", "nobody"):
            done = subprocess.run(
                run(STRANGER, server.dsn(ADMIN, "postgres"), pwd.getpwnam(stranger).pw_uid),
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode != 0
            assert "Peer authentication failed" in done.stderr or "Permission denied" in done.stderr
        server.pgdata.chmod(0o700)
