"""Which server runs on a data folder: told by data/run.json, believed only when it can be seen to live."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING

import cid
from cid.domain.errors import Misconfigured
from cid.pg.account import STAND_IN

if TYPE_CHECKING:
    from collections.abc import Collection

FILE = "run.json"
SOCKET_PREFIX = "cid-"
_PATIENCE_S = 5.0


def write(data: Path, sockets: Path, port: int | None = None) -> None:
    """By the process that owns the server. Appears whole or not at all, and for our own account only.

    `port`: where it serves pages, so that links which other commands print lead there.
    """
    said = {"socket": str(sockets), "pid": os.getpid(), "version": cid.__version__}
    text = json.dumps(said if port is None else {**said, "port": port})
    fresh = data / (FILE + ".new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text + "\n")
    fresh.rename(data / FILE)


def remove(data: Path) -> None:
    (data / FILE).unlink(missing_ok=True)


def read(data: Path) -> tuple[Path, int] | None:
    """The socket folder and the desk's pid as they were last written; the desk may be gone."""
    try:
        said = json.loads((data / FILE).read_text())
        return Path(said["socket"]), int(said["pid"])
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise Misconfigured(
            f"The desk on {data} belongs to another account: run this command as that account."
        ) from error
    except (ValueError, KeyError, TypeError):
        return None


def port(data: Path) -> int | None:
    """Where the desk on `data` serves its pages, as it wrote; None where it said nothing that can be read."""
    try:
        said = json.loads((data / FILE).read_text())["port"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return said if isinstance(said, int) else None


def join(data: Path) -> str | None:
    """The socket folder of the server that runs on `data`, for another command to connect to; None when none runs.

    Waits a few seconds for one that its desk is just starting again. Raises Misconfigured when the server is another
    account's.
    """
    data = data.absolute()
    end = time.monotonic() + _PATIENCE_S
    while said := read(data):
        sockets, desk = said
        if _ready(data / "pgdata"):
            if not _ours_alone(sockets):
                raise Misconfigured(
                    f"The socket folder {sockets} is not this account's alone: run this command as the account that "
                    "runs the desk."
                )
            return str(sockets)
        if not _alive(desk) or time.monotonic() > end:
            return None
        time.sleep(0.02)
    return None


def sweep(data: Path) -> None:
    """Remove the temporary socket folder that a killed desk left, if it is still the one it made."""
    said = read(data)
    if said and said[0].name.startswith(SOCKET_PREFIX) and _ours_alone(said[0]):
        (said[0] / ".s.PGSQL.5432").unlink(missing_ok=True)
        (said[0] / ".s.PGSQL.5432.lock").unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            said[0].rmdir()
    remove(data)


def is_postmaster(pid: int, pgdata: Path) -> bool:
    """Whether `pid` is a living postmaster of this cluster, and not a zombie or a stranger with a reused number."""
    try:
        argv = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z" and argv[0].endswith(b"postgres") and os.fsencode(pgdata) in argv


def status(pgdata: Path) -> tuple[int, str]:
    """The pid and the state that postmaster.pid names: its first and its eighth line; (-1, "") when there is none."""
    with contextlib.suppress(OSError, IndexError, ValueError):
        lines = (pgdata / "postmaster.pid").read_text().splitlines()
        return int(lines[0]), lines[7].strip()
    return -1, ""


def reap_orphans(known: Collection[int]) -> int:
    """As PID 1, bury the dead that nobody waits for; `known` are the children that somebody does wait for.

    Anybody else's grandchild becomes ours when its parent dies: a killed postmaster leaves a dozen. Answers how many
    were dead.
    """
    buried = 0
    me = str(os.getpid())
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) not in known:
            with contextlib.suppress(OSError):
                state, parent = (entry / "stat").read_text().rsplit(")", 1)[1].split()[:2]
                if state == "Z" and parent == me:
                    buried += os.waitpid(int(entry.name), os.WNOHANG)[0] != 0
    return buried


def _ready(pgdata: Path) -> bool:
    pid, state = status(pgdata)
    return state == "ready" and is_postmaster(pid, pgdata)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _ours_alone(folder: Path) -> bool:
    """A folder in /tmp that was swept away could have been made again by a stranger, with a server of his in it."""
    try:
        facts = folder.lstat()
    except OSError:
        return False
    owners = {os.geteuid()}
    if os.geteuid() == 0:
        with contextlib.suppress(KeyError):
            owners.add(pwd.getpwnam(STAND_IN).pw_uid)  # the server's own folder where it dropped its privileges
    return stat.S_ISDIR(facts.st_mode) and facts.st_uid in owners and not facts.st_mode & 0o077
